/* A metric: looks at synthesised pictures beside those of the validation set, and gives numbers.
 *
 * `evaluate:` of a pipeline names metrics; the stage of that name begins them all, shows each every
 * sample once, in order of item and then of sample, and ends them. All calls come from one thread;
 * what is gathered lives in the instance. Since 1.1. */
#ifndef INADEKIT_METRIC_H
#define INADEKIT_METRIC_H

#include "inadekit/types.h"

#ifdef __cplusplus
extern "C" {
#endif

struct ik_graph;

/* What will be shown. */
typedef struct ik_metric_info {
    uint32_t struct_size;
    int64_t items, samples; /* layouts, and pictures synthesised of each */
    int64_t height, width;
    int64_t labels;                 /* classes, the unknown one included */
    const char *const *label_names; /* `labels` names or NULL; they live as long as the run */
} ik_metric_info;

/* One synthesised picture beside its own. Host memory, valid during the call. */
typedef struct ik_sample {
    uint32_t struct_size;
    const char *name;        /* of the layout: its file's stem */
    int64_t item, sample;    /* numbers from 0 */
    const float *fake;       /* [H,W,3] RGB in -1..1 */
    const float *image;      /* the same, of the validation set; NULL where it has none */
    const int32_t *label;    /* [H,W], 0..labels-1 */
    const int32_t *instance; /* [H,W], from 0 */
    /* What `record` made of them, `features` numbers each; NULL without it, or without `image`. */
    int64_t features;
    const float *fake_features, *image_features;
} ik_sample;

/* Takes one result: a short name, unique within the metric, and its value. */
typedef void ik_metric_result(void *to, const char *name, double value);

typedef struct ik_metric_iface {
    uint32_t struct_size;
    /* Forgets what was gathered before; may refuse what it cannot measure. */
    ik_status (*begin)(void *self, const ik_metric_info *info, ik_error *err);
    ik_status (*add)(void *self, const ik_sample *s, ik_error *err);
    /* Hands every result to `result`, and frees what was gathered; also called, with `result` NULL,
     * when a measurement that `begin` began is given up. */
    ik_status (*end)(void *self, ik_metric_result *result, void *to, ik_error *err);
    /* Features, computed on the device: records them from one picture x [1,H,W,3], as by a network
     * of the pipeline through api->call. NULL: the metric needs none. */
    ik_tensor *(*record)(const void *self, struct ik_graph *g, ik_tensor *x);
} ik_metric_iface;

#ifdef __cplusplus
}
#endif
#endif
