/* The stage `evaluate`; see evaluate.h. Layouts are read a few at a time, so that the size of the
 * validation set does not matter. */
#include "evaluate.h"

#include "base/watch.h"
#include "folder/runlog.h"
#include "plugin/metric.h"
#include "synthesize.h"

#include <math.h>

enum { LAYOUTS_AT_ONCE = 16 };

static ik_status features(const ik__session *s, const float *rgb, bool image, ik_error *err) {
    return ik__evaluation_look(s->evaluation, s->engine, (uint64_t)s->set.seed, rgb, image, err);
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
    if (ik__stop_asked()) return ik__stopped(err, "while evaluating");
    if (v->program) status = features(s, one.fake, false, err);
    if (v->program && one.image && one.sample == 0 && !status)
        status = features(s, one.image, true, err);
    for (int i = 0; i < v->n && !status; i++) {
        const struct ik__measured *m = &v->v[i];
        one.features = m->features;
        one.fake_features = m->fake;
        one.image_features = one.image ? m->image : NULL;
        status = ik__metric_add(m->instance, &one, &inner);
        if (status) ik__evaluation_blame(v, i, &inner, err);
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
    char odd[256]; /* the first that is no number */
} results;

static void take_result(void *to, const char *name, double value) {
    results *r = to;
    char key[256];
    snprintf(key, sizeof key, "%s.%s", r->metric, name);
    if (isnan(value) && !*r->odd) snprintf(r->odd, sizeof r->odd, "%s", name);
    if (isinf(value)) ik__tell(IK__NOTED, "%s is not finite", key);
    ik__log_real(r->log, key, value);
    ik__tell(IK__RESULT, "%-32s %.6g", key, value);
}

/* Metrics first .. n-1 are ended without being asked. */
static void abandon(const ik__evaluation *v, int first, int n) {
    ik_error ignored;
    for (int i = first; i < n; i++) ik__metric_end(v->v[i].instance, NULL, NULL, &ignored);
}

static ik_status end_all(const ik__session *s, ik__log *log, ik_error *err) {
    const ik__evaluation *v = s->evaluation;
    for (int i = 0; i < v->n; i++) {
        results r = {log, v->v[i].name, ""};
        ik_error inner = {""};
        ik_status status = ik__metric_end(v->v[i].instance, take_result, &r, &inner);
        if (!status && *r.odd) status = ik_errorf(&inner, IK_FAILED, "%s is nan", r.odd);
        if (!status) continue;
        abandon(v, i + 1, v->n);
        ik__evaluation_blame(v, i, &inner, err);
        return status;
    }
    return IK_OK;
}

static ik_status measure(ik__session *s, ik__log *log, ik_error *err) {
    const ik__evaluation *v = s->evaluation;
    const ik_metric_info info = ik__evaluation_info(s->info, s->set.synthesize.samples);
    ik_status status = IK_OK;
    ik_error inner = {""};
    int begun = 0;
    while (begun < v->n && !status) {
        status = ik__metric_begin(v->v[begun].instance, &info, &inner);
        if (status)
            ik__evaluation_blame(v, begun, &inner, err);
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
    status = end_all(s, log, err);
    return status ? status : ik__log_end(log, err);
}

ik_status ik__evaluate(ik__session *s, ik_error *err) {
    ik__log *log;
    ik_status status = ik__log_open(ik__folder_file(s->out.text, IK__LOG_FILE).text, -1, &log, err);
    if (status) return status;
    status = measure(s, log, err);
    ik__log_close(log);
    return status;
}
