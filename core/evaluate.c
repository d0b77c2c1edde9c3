/* The stage `evaluate`; see evaluate.h. Layouts are read a few at a time, so that the size of the
 * validation set does not matter. */
#include "evaluate.h"

#include "metric.h"
#include "runlog.h"

#include <stdlib.h>

enum { MOST = 16, LAYOUTS_AT_ONCE = 16 };

struct ik__evaluation {
    int n;
    struct metric {
        const char *name;
        ik__instance *instance;
        const ik_metric_iface *iface;
        const ik__node *made; /* its features in the program; NULL: it needs none */
        float *fake, *image;  /* what they are */
        int64_t features;
    } v[MOST];
    ik__program *program; /* NULL: no metric needs features */
};

static ik_status read_one(const ik__conf *item, ik__evaluation *v, ik_error *err) {
    static const char *const also[] = {"id", NULL};
    if (v->n == MOST) return ik__conf_fail(item, err, "evaluate: at most %d metrics", MOST);
    ik__instance *in;
    ik_status status = ik__instance_new(IK_METRIC, item, also, &in, err);
    if (status) return status;
    const ik__conf *id = ik__conf_get(item, "id");
    const char *name = id && id->kind == IK_CONF_SCALAR ? id->text : in->plugin->name;
    v->v[v->n].instance = in;
    v->v[v->n].iface = in->plugin->iface;
    v->v[v->n++].name = name;
    for (int i = 0; i + 1 < v->n; i++)
        if (!strcmp(v->v[i].name, name))
            return ik__conf_fail(item, err,
                                 "evaluate: two metrics are called '%s'; give one an `id:`", name);
    return IK_OK;
}

ik_status ik__evaluation_read(const ik__conf *root, ik__evaluation **out, ik_error *err) {
    const ik__conf *list = ik__conf_get(root, "evaluate");
    *out = NULL;
    if (!list) return IK_OK;
    if (list->kind != IK_CONF_LIST)
        return ik__conf_fail(list, err,
                             "evaluate: a list is wanted, as [{plugin: NAME}]; "
                             "`inadekit plugins list metrics` shows the names");
    ik__evaluation *v = calloc(1, sizeof *v);
    if (!v) return ik_errorf(err, IK_FAILED, "out of memory");
    ik_status status = IK_OK;
    for (int i = 0; i < list->n && !status; i++) status = read_one(list->items[i], v, err);
    if (status) {
        ik__evaluation_free(v);
        return status;
    }
    *out = v;
    return IK_OK;
}

void ik__evaluation_free(ik__evaluation *v) {
    if (!v) return;
    for (int i = 0; i < v->n; i++) {
        ik__instance_free(v->v[i].instance);
        free(v->v[i].fake);
        free(v->v[i].image);
    }
    free(v);
}

/* --- features */

/* One metric's, under its name; the result is kept as an output. */
static bool record_one(ik__graph *g, struct metric *m, ik_tensor *picture) {
    if (!m->iface->record) return true;
    g->at = m->instance->conf;
    g->pub.api->push(&g->pub, m->name);
    ik_tensor *made = ik__metric_record(m->instance, &g->pub, picture);
    g->pub.api->pop(&g->pub);
    g->at = NULL;
    if (!made && !g->failed)
        ik__graph_fail(g, "%s: metrics/%s recorded no features", m->name,
                       m->instance->plugin->name);
    if (g->failed) return false;
    ik__names_set(g, &g->outputs, m->name, made);
    m->made = ik__node_of(made);
    m->features = ik_count(made->shape);
    m->fake = malloc((size_t)m->features * sizeof *m->fake);
    m->image = malloc((size_t)m->features * sizeof *m->image);
    if (!m->fake || !m->image) ik__graph_fail(g, "out of memory for its features");
    return !g->failed;
}

ik_status ik__evaluation_record(ik__session *s, ik_error *err) {
    ik__evaluation *v = s->evaluation;
    bool any = false;
    for (int i = 0; v && i < v->n; i++) any |= v->v[i].iface->record != NULL;
    if (!any || !ik__settings_stage(&s->set, "evaluate")) return IK_OK;
    ik__graph *g = ik__session_graph(s, false);
    g->pub.info.batch = 1;
    ik_tensor *picture =
        ik__input(g, "picture", IK_SHAPE4(1, s->info->height, s->info->width, 3), IK_F32);
    bool done = picture != NULL;
    for (int i = 0; i < v->n && done; i++) done = record_one(g, &v->v[i], picture);
    if (!done) {
        *err = g->error;
        ik__graph_free(g);
        return IK_USAGE;
    }
    ik__fuse(g, s->engine->instance->plugin->abi_minor);
    return ik__program_new(s->engine, "features", g, 0, NULL, &v->program, err);
}

/* Runs the program on a picture and fetches what it makes for each metric. */
static ik_status look(const ik__session *s, const float *rgb, bool image, ik_error *err) {
    const ik__evaluation *v = s->evaluation;
    const ik_step step = {(uint64_t)s->set.seed, 0, 0};
    ik_status status = ik__engine_upload(s->engine, "picture", 1, rgb, err);
    if (!status) status = ik__program_run(s->engine, v->program, &step, true, err);
    for (int i = 0; i < v->n && !status; i++)
        if (v->v[i].made)
            status = ik__program_tensor(s->engine, v->program, v->v[i].made,
                                        image ? v->v[i].image : v->v[i].fake, err);
    return status;
}

/* Says whose failure it is. */
static ik_status blame(const ik__evaluation *v, int i, ik_status status, const ik_error *inner,
                       ik_error *err) {
    const ik__instance *in = v->v[i].instance;
    ik__conf_fail(in->conf, err, "metrics/%s: %s", in->plugin->name,
                  *inner->text ? inner->text : "it failed without a reason");
    return status;
}

static ik_status show(void *user, const ik__painted *p, ik_error *err) {
    const ik__session *s = user;
    const ik__evaluation *v = s->evaluation;
    int64_t at = p->row * s->info->height * s->info->width;
    ik_sample one = {.struct_size = sizeof one,
                     .name = p->layouts->names[p->row],
                     .item = p->item,
                     .sample = p->sample,
                     .fake = p->rgb,
                     .image = p->layouts->pictured[p->row] ? p->layouts->image + 3 * at : NULL,
                     .label = p->layouts->label + at,
                     .instance = p->layouts->instance + at};
    ik_status status = IK_OK;
    ik_error inner = {""};
    if (v->program) status = look(s, one.fake, false, err);
    if (v->program && one.image && one.sample == 0 && !status)
        status = look(s, one.image, true, err);
    for (int i = 0; i < v->n && !status; i++) {
        const struct metric *m = &v->v[i];
        one.features = m->features;
        one.fake_features = m->fake;
        one.image_features = one.image ? m->image : NULL;
        status = ik__metric_add(m->instance, &one, &inner);
        if (status) blame(v, i, status, &inner, err);
    }
    return status;
}

static ik_status show_all(ik__session *s, int64_t items, int64_t samples, ik_error *err) {
    ik_status status = IK_OK;
    for (int64_t first = 0; first < items && !status; first += LAYOUTS_AT_ONCE) {
        int64_t n = items - first < LAYOUTS_AT_ONCE ? items - first : LAYOUTS_AT_ONCE;
        status = ik__paint_each(s, first, n, samples, IK__FRESH, show, s, err);
    }
    return status;
}

typedef struct results {
    ik__log *log;
    const char *metric;
    bool quiet;
} results;

static void take_result(void *to, const char *name, double value) {
    const results *r = to;
    char key[256];
    snprintf(key, sizeof key, "%s.%s", r->metric, name);
    ik__log_real(r->log, key, value);
    if (!r->quiet) printf("%-32s %.6g\n", key, value);
}

/* Metrics first .. n-1 are ended without being asked. */
static void abandon(const ik__evaluation *v, int first, int n) {
    ik_error ignored;
    for (int i = first; i < n; i++) ik__metric_end(v->v[i].instance, NULL, NULL, &ignored);
}

static ik_status end_all(const ik__session *s, ik__log *log, bool quiet, ik_error *err) {
    const ik__evaluation *v = s->evaluation;
    for (int i = 0; i < v->n; i++) {
        results r = {log, v->v[i].name, quiet};
        ik_error inner = {""};
        ik_status status = ik__metric_end(v->v[i].instance, take_result, &r, &inner);
        if (!status) continue;
        abandon(v, i + 1, v->n);
        return blame(v, i, status, &inner, err);
    }
    return IK_OK;
}

static ik_status measure(ik__session *s, ik__log *log, bool quiet, ik_error *err) {
    const ik__evaluation *v = s->evaluation;
    const ik__data_info *d = s->info;
    const ik_metric_info info = {.struct_size = sizeof info,
                                 .items = d->count[IK_VALIDATION],
                                 .samples = s->set.synthesize.samples,
                                 .height = d->height,
                                 .width = d->width,
                                 .labels = d->labels,
                                 .label_names = d->label_names};
    ik_status status = IK_OK;
    ik_error inner = {""};
    int begun = 0;
    while (begun < v->n && !status) {
        status = ik__metric_begin(v->v[begun].instance, &info, &inner);
        if (status)
            blame(v, begun, status, &inner, err);
        else
            begun++;
    }
    if (!status) status = show_all(s, info.items, info.samples, err);
    if (status) {
        abandon(v, 0, begun);
        return status;
    }
    ik__log_begin(log);
    ik__log_text(log, "stage", "evaluate");
    ik__log_int(log, "items", info.items);
    ik__log_int(log, "samples", info.samples);
    status = end_all(s, log, quiet, err);
    return status ? status : ik__log_end(log, err);
}

ik_status ik__evaluate(ik__session *s, bool quiet, ik_error *err) {
    if (!s->info->count[IK_VALIDATION])
        return ik_errorf(err, IK_FAILED, "error: the dataset has no validation items to evaluate");
    char path[1100];
    snprintf(path, sizeof path, "%s/log.jsonl", s->out);
    ik__log *log;
    ik_status status = ik__log_open(path, -1, &log, err);
    if (status) return status;
    status = measure(s, log, quiet, err);
    ik__log_close(log);
    return status;
}
