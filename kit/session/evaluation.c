/* Which metrics a pipeline has, and the program of their features. */
#include "evaluation.h"

#include "exec/compile.h"
#include "plugin/metric.h"

#include <stdlib.h>

static ik_status read_one(const ik__conf *item, ik__evaluation *v, ik_error *err) {
    static const char *const also[] = {"id", NULL};
    if (v->n == IK__METRICS)
        return ik__conf_fail(item, err, "evaluate: at most %d metrics", IK__METRICS);
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

ik_metric_info ik__evaluation_info(const ik__data_info *d, int64_t samples) {
    return (ik_metric_info){.struct_size = sizeof(ik_metric_info),
                            .items = d->count[IK_VALIDATION],
                            .samples = samples,
                            .height = d->height,
                            .width = d->width,
                            .labels = d->labels,
                            .label_names = d->label_names};
}

void ik__evaluation_blame(const ik__evaluation *v, int i, const ik_error *inner, ik_error *err) {
    const ik__instance *in = v->v[i].instance;
    ik__conf_fail(in->conf, err, "metrics/%s: %s", in->plugin->name,
                  *inner->text ? inner->text : "it failed without a reason");
}

/* --- features */

/* One metric's, under its name; the result is kept as an output. */
static void record_one(ik__graph *g, struct ik__measured *m, ik_tensor *picture) {
    if (!m->iface->record) return;
    g->at = m->instance->conf;
    g->pub.api->push(&g->pub, m->name);
    ik_tensor *made = ik__metric_record(m->instance, &g->pub, picture);
    g->pub.api->pop(&g->pub);
    g->at = NULL;
    if (!made && !g->failed)
        ik__graph_fail(g, "%s: metrics/%s recorded no features", m->name,
                       m->instance->plugin->name);
    if (g->failed) return;
    ik__names_set(g, &g->outputs, m->name, made);
    m->made = ik__node_of(made);
    m->features = ik_count(made->shape);
    m->fake = malloc((size_t)m->features * sizeof *m->fake);
    m->image = malloc((size_t)m->features * sizeof *m->image);
    if (!m->fake || !m->image) ik__graph_fail_as(g, IK_FAILED, "out of memory for its features");
}

bool ik__evaluation_looks(const ik__evaluation *v) {
    bool any = false;
    for (int i = 0; v && i < v->n; i++) any |= v->v[i].iface->record != NULL;
    return any;
}

ik_status ik__evaluation_record(ik__evaluation *v, ik__engine *e, ik__graph *g, ik_error *err) {
    if (g) {
        ik_scene_info *s = &g->pub.info;
        s->batch = 1;
        ik_tensor *picture = ik__input(g, "picture", IK_SHAPE4(1, s->height, s->width, 3), IK_F32);
        for (int i = 0; i < v->n && picture && !g->failed; i++) record_one(g, &v->v[i], picture);
    }
    return ik__compile(e, "features", g, NULL, NULL, &v->program, err);
}

ik_status ik__evaluation_look(const ik__evaluation *v, ik__engine *e, uint64_t seed,
                              const float *rgb, bool image, ik_error *err) {
    const ik_step step = {seed, 0, 0};
    ik_status status = ik__engine_upload(e, "picture", 1, rgb, err);
    if (!status) status = ik__program_run(e, v->program, &step, true, err);
    for (int i = 0; i < v->n && !status; i++)
        if (v->v[i].made)
            status = ik__program_tensor(e, v->program, v->v[i].made,
                                        image ? v->v[i].image : v->v[i].fake, err);
    return status;
}
