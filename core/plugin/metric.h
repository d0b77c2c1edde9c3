/* Calls into a metric, in which a crash names it. */
#ifndef INADEKIT_PLUGIN_METRIC_H
#define INADEKIT_PLUGIN_METRIC_H

#include "plugins.h"

ik_status ik__metric_begin(ik__instance *m, const ik_metric_info *info, ik_error *err);
ik_status ik__metric_add(ik__instance *m, const ik_sample *s, ik_error *err);
ik_status ik__metric_end(ik__instance *m, ik_metric_result *result, void *to, ik_error *err);

/* NULL where it needs no features. */
ik_tensor *ik__metric_record(const ik__instance *m, ik_graph *g, ik_tensor *picture);

#endif
