/* CLADE: a scale and a shift for each class and channel, looked up by the label map.
 *
 *     y = xhat * w[label] + b[label]
 *
 * With `edge` the instance borders, through a 1x1 convolution of the norm's own, are one channel
 * more. Published in "Efficient Semantic Image Synthesis via Class-Adaptive Normalization", TPAMI
 * 2021. */
#include "inadekit/plugin.h"

struct clade {
    bool edge;
};

/* x times the rows of a table, and more of another. */
static ik_tensor *by_class(ik_graph *g, ik_tensor *x) {
    if (!x) return NULL;
    const int64_t channels = x->shape.d[3], labels = g->info.labels;
    const ik_shape rows = IK_SHAPE2(labels, channels), table = IK_SHAPE3(1, labels, channels);
    ik_tensor *map = ik_map(g, "label", x->shape.d[1], x->shape.d[2]);
    g->api->push(g, "class_specified_affine");
    ik_tensor *w = ik_param(g, "weight", rows, (ik_init){IK_INIT_UNIFORM, 0, 1});
    ik_tensor *b = ik_param(g, "bias", rows, (ik_init){IK_INIT_ZEROS, 0, 0});
    g->api->pop(g);
    if (!map) return NULL;
    x = ik_mul(g, x, ik_lookup(g, ik_reshape(g, w, table), map));
    return ik_add(g, x, ik_lookup(g, ik_reshape(g, b, table), map));
}

static ik_tensor *record(const void *self, ik_graph *g, ik_tensor *x) {
    const struct clade *o = self;
    if (!x) return NULL;
    ik_tensor *y = by_class(g, ik_batch_norm(g, "param_free_norm", x));
    if (!o->edge) return y;
    const ik_conv one = {.out = 1, .kernel = 1, .padding = -1, .bias = true};
    ik_tensor *edge = ik_map(g, "edge", x->shape.d[1], x->shape.d[2]);
    if (!y || !edge) return NULL;
    ik_tensor *both[2] = {y, ik_conv2d(g, "inst_conv", edge, &one)};
    return ik_concat(g, 3, 2, both);
}

static const ik_option options[] = {
    {"edge", "append the instance borders as a channel", IK_OPT_BOOL, offsetof(struct clade, edge),
     "true"},
    {NULL},
};

static const ik_norm_iface iface = {sizeof iface, record};

static const ik_plugin plugin = {
    IK_PLUGIN_HEAD(IK_NORM, "clade", "0.1.0", "scale and shift per class, by the label map"),
    .options = options,
    .instance_size = sizeof(struct clade),
    .iface = &iface,
};

IK_EXPORT_PLUGINS(&plugin)
