/* A metric in the user's pipeline: shown pictures of its dataset, with the features that its
 * networks make of them; and whether something has filled those networks. */
#include "trial.h"

#include "session/start.h"

#include <stdlib.h>

enum { ITEMS = 3 };

typedef struct showing {
    ik__session *s;
    const struct ik__measured *m;
    ik__batch *b; /* row 0: a layout with its picture; row 1: the next one's picture, as a fake */
    float *again;
    bool changes;
} showing;

static const struct ik__measured *find(const ik__session *s, const ik_plugin *p) {
    for (int i = 0; s->evaluation && i < s->evaluation->n; i++)
        if (s->evaluation->v[i].instance->plugin == p) return &s->evaluation->v[i];
    return NULL;
}

/* The same picture twice: what is random in it would be another measure every time. */
static ik_status look(showing *w, const float *rgb, bool image, ik_error *err) {
    const float *made = image ? w->m->image : w->m->fake;
    const size_t bytes = (size_t)w->m->features * sizeof *made;
    ik_status status = IK_OK;
    for (int turn = 0; turn < 2 && !status; turn++) {
        status = ik__evaluation_look(w->s->evaluation, w->s->engine, (uint64_t)w->s->set.seed, rgb,
                                     image, err);
        if (turn)
            w->changes |= memcmp(w->again, made, bytes) != 0;
        else if (!status)
            memcpy(w->again, made, bytes);
    }
    return status;
}

static ik_status give(void *user, int64_t i, ik_sample *one, ik_error *err) {
    showing *w = user;
    const ik__data_info *d = w->s->info;
    const int64_t pixels = d->height * d->width, count = d->count[IK_VALIDATION];
    check_going_on();
    ik_status status = ik__data_read(w->s->data, IK_VALIDATION, i, NULL, w->b, 0, err);
    if (!status)
        status = ik__data_read(w->s->data, IK_VALIDATION, (i + 1) % count, NULL, w->b, 1, err);
    if (status) return status;
    *one = (ik_sample){.struct_size = sizeof *one,
                       .name = w->b->names[0],
                       .item = i,
                       .fake = w->b->image + 3 * pixels,
                       .image = w->b->pictured[0] ? w->b->image : NULL,
                       .label = w->b->label,
                       .instance = w->b->instance};
    if (!w->m->made) return IK_OK;
    status = look(w, one->fake, false, err);
    if (!status && one->image) status = look(w, one->image, true, err);
    one->features = w->m->features;
    one->fake_features = w->m->fake;
    one->image_features = one->image ? w->m->image : NULL;
    return status;
}

/* The network that a parameter belongs to; NULL: it is the metric's own. */
static const ik__network *network_of(const ik__session *s, const ik__entry *e) {
    const char *block = s->engine->store->blocks[e->block].name;
    for (int i = 0; i < s->model->n_networks; i++)
        if (!strcmp(s->model->networks[i].name, block)) return &s->model->networks[i];
    return NULL;
}

/* Features of weights that nothing has filled measure nothing. */
static void check_filled(check_findings *f, const ik__session *s, const char *name) {
    const ik__program *p = s->evaluation->program;
    int filled = 0, random = 0, own = 0;
    for (int i = 0; p && i < p->n; i++) {
        if (p->order[i]->op != IK_PARAM) continue;
        const ik__entry *e = p->order[i]->entry;
        const ik__network *net = network_of(s, e);
        if (net && net->filled)
            filled++;
        else if (net && !random++)
            check_found(f, CHECK_NOTE,
                        "its features come of the network '%s', whose weights are random here",
                        net->name);
        else if (!net && !strcmp(s->engine->store->blocks[e->block].name, name) && !own++)
            check_found(f, CHECK_WRONG,
                        "its features come of a parameter of its own, %s, which nothing fills; "
                        "call a network of the pipeline, which `weights:` fills",
                        e->path);
    }
    if (filled && !random && !own)
        check_found(f, CHECK_FINE, "its features come of %d parameters, filled by weights", filled);
}

static ik_status show_all(check_findings *f, ik__session *s, const struct ik__measured *m,
                          ik_error *err) {
    showing w = {.s = s, .m = m};
    ik_metric_info info = ik__evaluation_info(s->info, 1);
    if (info.items > ITEMS) info.items = ITEMS;
    ik_status status = ik__batch_new(&s->info->fields, 2, &w.b, err);
    w.again = calloc((size_t)m->features + 1, sizeof *w.again);
    if (!status && w.again) check_metric_on(f, m->instance, &info, give, &w);
    if (w.changes)
        check_found(f, CHECK_WRONG, "it makes other features of the same picture every time");
    ik__batch_free(w.b);
    free(w.again);
    return status;
}

void check_metric_in_place(check_findings *f, const ik_plugin *p) {
    ik__session *s = NULL;
    ik_error err = {""};
    ik__pool *pool = ik__pool_new();
    const ik_strings sets = check_trial_sets(pool, &f->what->sets, "evaluate", "cpu");
    const ik__run_options o = {.pipeline = f->what->pipeline, .n_sets = sets.n, .sets = sets.v};
    ik_status status = ik__session_open(&o, &s, &err);
    if (!status) status = ik__session_ready(s, &err);
    if (!status) status = ik__weights_start(s, &err);
    const struct ik__measured *m = status ? NULL : find(s, p);
    if (m) {
        check_found(f, CHECK_FINE, "in your pipeline: recorded, %lld features",
                    (long long)m->features);
        check_filled(f, s, m->name);
        status = show_all(f, s, m, &err);
    }
    if (status)
        check_found(f, CHECK_WRONG, "%s", err.text);
    else if (!m)
        check_found(f, CHECK_WRONG, "in your pipeline: `evaluate:` does not name it");
    ik__session_close(s);
    ik__pool_free(pool);
}
