/* Reconstruction: the mean absolute difference of fake and picture. */
#include "inadekit/plugin.h"

static ik_tensor *record(const void *self, ik_graph *g, ik_role role) {
    (void)self;
    if (role != IK_ROLE_GENERATOR) return NULL;
    return ik_mean(g, ik_abs(g, ik_sub(g, ik_value(g, "fake"), ik_value(g, "image"))));
}

static const ik_loss_iface iface = {sizeof iface, record};

static const ik_plugin plugin = {
    IK_PLUGIN_HEAD(IK_LOSS, "l1", "0.1.0", "mean absolute difference of fake and picture"),
    .iface = &iface,
};

IK_EXPORT_PLUGINS(&plugin)
