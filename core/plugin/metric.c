/* Calls into a metric; see metric.h. */
#include "metric.h"

#include "blame.h"

static const ik_metric_iface *iface_of(const ik__instance *m) {
    return m->plugin->iface;
}

ik_status ik__metric_begin(ik__instance *m, const ik_metric_info *info, ik_error *err) {
    ik__blame b;
    ik__blame_begin(&b, m->plugin, "beginning a measurement");
    ik_status status = iface_of(m)->begin(m->self, info, err);
    ik__blame_end(&b);
    return status;
}

ik_status ik__metric_add(ik__instance *m, const ik_sample *s, ik_error *err) {
    ik__blame b;
    ik__blame_begin(&b, m->plugin, "looking at a sample");
    ik_status status = iface_of(m)->add(m->self, s, err);
    ik__blame_end(&b);
    return status;
}

ik_status ik__metric_end(ik__instance *m, ik_metric_result *result, void *to, ik_error *err) {
    ik__blame b;
    ik__blame_begin(&b, m->plugin, result ? "ending a measurement" : "giving up a measurement");
    ik_status status = iface_of(m)->end(m->self, result, to, err);
    ik__blame_end(&b);
    return status;
}

ik_tensor *ik__metric_record(const ik__instance *m, ik_graph *g, ik_tensor *picture) {
    if (!iface_of(m)->record) return NULL;
    ik__blame b;
    ik__blame_begin(&b, m->plugin, "recording");
    ik_tensor *made = iface_of(m)->record(m->self, g, picture);
    ik__blame_end(&b);
    return made;
}
