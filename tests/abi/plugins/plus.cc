/* A norm in C++: every public header compiles as C++, and such a plugin loads. */
#include "inadekit/philox.h"
#include "inadekit/plugin.h"

/* y = x weight[c] */
static ik_tensor *record(const void *, ik_graph *g, ik_tensor *x) {
    if (!x) return nullptr;
    ik_shape shape = IK_SHAPE4(1, 1, 1, x->shape.d[3]);
    ik_tensor *in[2] = {x, g->api->param(g, "weight", shape, ik_init{IK_INIT_ONES, 0, 0})};
    return g->api->op(g, IK_MUL, nullptr, 2, in);
}

static const ik_norm_iface iface = {sizeof iface, record};

static const ik_plugin plugin = {
    IK_PLUGIN_HEAD(IK_NORM, "plus", "1.0", "a norm in C++"),
    .options = nullptr,
    .instance_size = 0,
    .init = nullptr,
    .fini = nullptr,
    .iface = &iface,
};

IK_EXPORT_PLUGINS(&plugin)
