/* Instance normalisation: statistics per picture and channel, optionally with a learned scale and
 * shift per channel. (An instance here is a picture, not an object.) */
#include "affine.h"

struct instance {
    bool affine;
};

static ik_tensor *record(const void *self, ik_graph *g, ik_tensor *x) {
    const struct instance *o = self;
    if (!x) return NULL;
    ik_tensor *xhat = ik_instance_norm(g, x, 1e-5);
    return o->affine ? norm_affine(g, xhat) : xhat;
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
