/* Instance normalisation: statistics per picture and channel, optionally with a learned scale and
 * shift per channel. (An instance here is a picture, not an object.) */
#include "inadekit/plugin.h"

struct instance {
    bool affine;
};

static ik_tensor *record(const void *self, ik_graph *g, ik_tensor *x) {
    const struct instance *o = self;
    if (!x) return NULL;
    const int64_t channels = x->shape.d[3];
    ik_tensor *xhat = ik_instance_norm(g, x, 1e-5);
    if (!o->affine) return xhat;
    const ik_shape row = IK_SHAPE4(1, 1, 1, channels);
    ik_tensor *w = ik_param(g, "weight", IK_SHAPE1(channels), (ik_init){IK_INIT_ONES, 0, 0});
    ik_tensor *b = ik_param(g, "bias", IK_SHAPE1(channels), (ik_init){IK_INIT_ZEROS, 0, 0});
    return ik_add(g, ik_mul(g, xhat, ik_reshape(g, w, row)), ik_reshape(g, b, row));
}

static const ik_option options[] = {
    {"affine", "learn a scale and a shift per channel", IK_OPT_BOOL,
     offsetof(struct instance, affine), "false"},
    {NULL},
};

static const ik_norm_iface iface = {sizeof iface, record};

static const ik_plugin plugin = {
    IK_PLUGIN_HEAD(IK_NORM, "instance", "0.1.0", "statistics per picture and channel"),
    .options = options,
    .instance_size = sizeof(struct instance),
    .iface = &iface,
};

IK_EXPORT_PLUGINS(&plugin)
