/* Pictures as a network sees them, a perceptual distance where that network knows pictures:
 *
 *     distance  mean |f(fake) - f(image)|
 *     spread    mean |f(fake_i) - f(fake_j)|, i < j, over samples of one layout
 *
 * f is the last result of a network of the pipeline, frozen and filled from a file as a rule. */
#include <math.h>
#include <stdlib.h>

#include "inadekit/plugin.h"

typedef struct features {
    const char *network;
    int64_t samples, n;
    float *seen; /* [samples][n]: of the layout being shown; made with the first sample */
    double off, apart;
    int64_t compared, pairs;
} features;

static ik_tensor *record(const void *self, ik_graph *g, ik_tensor *x) {
    const features *o = self;
    const char *const name = "image";
    return g->api->call(g, o->network, 1, &name, &x);
}

static ik_status begin(void *self, const ik_metric_info *info, ik_error *err) {
    features *o = self;
    (void)err;
    *o = (features){.network = o->network, .samples = info->samples};
    return IK_OK;
}

static double distance(int64_t n, const float *a, const float *b) {
    double sum = 0;
    for (int64_t i = 0; i < n; i++) sum += fabs((double)a[i] - b[i]);
    return sum / (double)n;
}

static ik_status add(void *self, const ik_sample *s, ik_error *err) {
    features *o = self;
    if (!o->seen) {
        o->n = s->features;
        o->seen = malloc((size_t)(o->n * o->samples) * sizeof *o->seen);
        if (!o->seen) return ik_errorf(err, IK_FAILED, "out of memory");
    }
    if (s->image_features) {
        o->off += distance(o->n, s->fake_features, s->image_features);
        o->compared++;
    }
    for (int64_t k = 0; k < s->sample; k++, o->pairs++)
        o->apart += distance(o->n, s->fake_features, o->seen + k * o->n);
    memcpy(o->seen + s->sample * o->n, s->fake_features, (size_t)o->n * sizeof *o->seen);
    return IK_OK;
}

static ik_status end(void *self, ik_metric_result *result, void *to, ik_error *err) {
    features *o = self;
    (void)err;
    free(o->seen);
    o->seen = NULL;
    if (!result) return IK_OK;
    if (o->compared) result(to, "distance", o->off / (double)o->compared);
    if (o->pairs) result(to, "spread", o->apart / (double)o->pairs);
    return IK_OK;
}

static const ik_option options[] = {
    {"network", "whose last result is compared", IK_OPT_STRING, offsetof(features, network),
     "vgg19"},
    {NULL},
};

static const ik_metric_iface iface = {sizeof iface, begin, add, end, record};

static const ik_plugin plugin = {
    IK_PLUGIN_HEAD(IK_METRIC, "features", "0.1.0",
                   "distance and spread of pictures in the features of a network"),
    .options = options,
    .instance_size = sizeof(features),
    .iface = &iface,
};

IK_EXPORT_PLUGINS(&plugin)
