/* The list of variants: read and checked before anything runs. */
#include "compare.h"

#include "config/options.h"
#include "session/session.h"

#include <stdlib.h>

typedef struct row {
    const char *name;
    ik_strings set;
} row;
static const ik_option rows[] = {
    {"name", "of the variant and of its folder", IK_OPT_STRING, offsetof(row, name), NULL, 0, 0,
     NULL},
    {"set", "overrides, as --set takes them", IK_OPT_STRINGS, offsetof(row, set), "[]", 0, 0, NULL},
    {0}};

/* Names are folders beside the comparison's own files, and words of messages and pictures. */
static ik_status check_name(const ik__compare *c, const ik__conf *at, const char *name,
                            ik_error *err) {
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
                                  "_+.-";
    static const char *const taken[] = {IK__FACTS_FILE, IK__REPORT_FILE, IK__PIPELINE_FILE, NULL};
    bool free_of_use = true;
    for (int i = 0; taken[i]; i++) free_of_use &= strcmp(taken[i], name) != 0;
    if (strspn(name, letters) != strlen(name) || *name == '.' || *name == '-' ||
        strlen(name) > 60 || !free_of_use)
        return ik__conf_fail(at, err,
                             "compare: '%.80s' is no name for a variant; use up to 60 letters, "
                             "digits, '_', '+', '.' and '-'",
                             name);
    for (int i = 0; i < c->n; i++)
        if (!strcmp(c->variants[i].name, name))
            return ik__conf_fail(at, err, "compare: two variants have the name '%s'", name);
    return IK_OK;
}

/* The overrides of the command line, the variant's, and its name. */
static ik_status add_variant(ik__compare *c, const ik__run_options *o, const ik__conf *item,
                             ik_error *err) {
    row r;
    ik_status status = ik__options_fill(rows, item, NULL, "a variant", &r, c->pool, err);
    if (!status) status = check_name(c, ik__conf_get(item, "name"), r.name, err);
    if (status) return status;
    ik__variant *v = &c->variants[c->n];
    v->name = r.name;
    v->run = *o;
    v->run.skip_finished = true;
    const char **sets = ik__pool_alloc(c->pool, sizeof *sets * (size_t)(o->n_sets + r.set.n + 1));
    v->run.sets = sets;
    v->run.n_sets = 0;
    for (int i = 0; i < o->n_sets; i++) sets[v->run.n_sets++] = o->sets[i];
    for (int i = 0; i < r.set.n; i++) sets[v->run.n_sets++] = r.set.v[i];
    ik__path name = ik__path_of("name=%s-%s", c->name, r.name);
    sets[v->run.n_sets++] = ik__pool_strdup(c->pool, name.text);
    v->run.out = ik__pool_strdup(c->pool, ik__folder_file(c->out.text, r.name).text);
    c->n++;
    return IK_OK;
}

static bool same_text(const ik__conf *a, const ik__conf *b) {
    char *x = a ? ik__conf_dump(a) : NULL, *y = b ? ik__conf_dump(b) : NULL;
    bool same = !a == !b && (!a || (x && y && !strcmp(x, y)));
    free(x);
    free(y);
    return same;
}

/* What a variant may not change, as it changed it; NULL if nothing. */
static const char *changed(const ik__conf *base, const ik__conf *conf, const ik__settings *a,
                           const ik__settings *b) {
    if (!same_text(ik__conf_get(base, "dataset"), ik__conf_get(conf, "dataset"))) return "dataset";
    if (a->seed != b->seed) return "seed";
    if (a->train.steps != b->train.steps) return "train.steps";
    if (a->train.epochs != b->train.epochs) return "train.epochs";
    if (a->train.decay_epochs != b->train.decay_epochs) return "train.decay_epochs";
    if (a->train.batch * a->train.accumulate != b->train.batch * b->train.accumulate)
        return "train.batch";
    if (!same_text(ik__conf_get(base, "synthesize"), ik__conf_get(conf, "synthesize")))
        return "synthesize";
    if (!same_text(ik__conf_get(base, "stages"), ik__conf_get(conf, "stages"))) return "stages";
    if (!same_text(ik__conf_get(base, "compare"), ik__conf_get(conf, "compare"))) return "compare";
    if (!same_text(ik__conf_get(base, "out"), ik__conf_get(conf, "out"))) return "out";
    return NULL;
}

static ik_status check_variant(const ik__compare *c, const ik__variant *v, const ik__conf *base,
                               const ik__settings *set, ik_error *err) {
    ik__conf *conf = NULL;
    ik__settings own;
    ik_error inner = {""};
    ik_status status = ik__conf_load(v->run.pipeline, v->run.n_sets, v->run.sets, &conf, &inner);
    if (!status) status = ik__settings_read(conf, c->pool, &own, &inner);
    if (status) {
        ik_errorf(err, status, "variant '%s': %s", v->name, inner.text);
    } else {
        const char *key = changed(base, conf, set, &own);
        if (key)
            status =
                ik__conf_fail(ik__conf_get(base, "compare"), err,
                              "compare: variant '%s' changes '%s'; all variants have the same "
                              "data, seed, steps and stages, and folders below one, so set it for "
                              "all of them",
                              v->name, key);
    }
    ik__conf_free(conf);
    return status;
}

static ik_status read_list(ik__compare *c, const ik__run_options *o, const ik__conf *base,
                           const ik__settings *set, ik_error *err) {
    const ik__conf *list = ik__conf_get(base, "compare");
    if (list->kind != IK_CONF_LIST || !list->n)
        return ik__conf_fail(list, err,
                             "compare: a list of variants is wanted, as "
                             "[{name: first}, {name: second, set: [seed=2]}]");
    c->variants = ik__pool_alloc(c->pool, sizeof *c->variants * (size_t)list->n);
    ik_status status = IK_OK;
    for (int i = 0; i < list->n && !status; i++) status = add_variant(c, o, list->items[i], err);
    for (int i = 0; i < c->n && !status; i++)
        status = check_variant(c, &c->variants[i], base, set, err);
    return status;
}

ik_status ik__compare_read(const ik__run_options *o, ik__compare **out, ik_error *err) {
    ik__conf *base = NULL;
    ik__settings set;
    *out = NULL;
    ik_status status = ik__conf_load(o->pipeline, o->n_sets, o->sets, &base, err);
    if (status || !ik__conf_get(base, "compare")) {
        ik__conf_free(base);
        return status;
    }
    ik__pool *pool = ik__pool_new();
    ik__compare *c = ik__pool_alloc(pool, sizeof *c);
    c->pool = pool;
    status = ik__settings_read(base, pool, &set, err);
    if (!status) {
        c->report = ik__settings_stage(&set, "report");
        c->name = ik__pool_strdup(pool, set.name);
        c->out = ik__run_folder(&set, o);
        status = read_list(c, o, base, &set, err);
    }
    ik__conf_free(base);
    if (status)
        ik__compare_free(c);
    else
        *out = c;
    return status;
}

void ik__compare_free(ik__compare *c) {
    if (c) ik__pool_free(c->pool);
}
