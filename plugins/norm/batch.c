/* Batch normalisation, optionally with a learned scale and shift per channel: BatchNorm2d. With a
 * communicator the statistics are those of all ranks. */
#include "affine.h"

struct batch {
    bool affine;
};

static ik_tensor *record(const void *self, ik_graph *g, ik_tensor *x) {
    const struct batch *o = self;
    if (!x) return NULL;
    ik_tensor *xhat = ik_batch_norm(g, "param_free_norm", x);
    return o->affine ? norm_affine(g, xhat) : xhat;
}

static const ik_option options[] = {
    {"affine", "learn a scale and a shift per channel", IK_OPT_BOOL, offsetof(struct batch, affine),
     "true"},
    {NULL},
};

static const ik_norm_iface iface = {sizeof iface, record};

static const ik_plugin plugin = {
    IK_PLUGIN_HEAD(IK_NORM, "batch", "0.1.0",
                   "statistics of the batch per channel (running ones when synthesising)"),
    .options = options,
    .instance_size = sizeof(struct batch),
    .iface = &iface,
};

IK_EXPORT_PLUGINS(&plugin)
