/* norm/my_plugin: a scale and a shift for every class.
 *
 *     y = xhat * (1 + scale[label]) + shift[label],   xhat: x with its batch statistics taken out
 *
 * A plugin says only what is to be computed, for no particular device; the gradients follow from
 * it. `inadekit plugins describe norm/my_plugin` prints what is said of it here. */
#include "inadekit/plugin.h"

/* One field for each row of `options` below; filled before anything here is called. */
struct my_plugin {
    double deviation;
};

/* x [B,H,W,C] -> the same shape. No call needs checking: NULL in gives NULL out, and the graph
 * keeps the first error. Only what is read here, such as x->shape, has to be there. */
static ik_tensor *record(const void *self, ik_graph *g, ik_tensor *x) {
    const struct my_plugin *o = self;
    if (!x) return NULL;
    const int64_t height = x->shape.d[1], width = x->shape.d[2], channels = x->shape.d[3];

    /* Learned values, by name; [1, labels, C] is a table with a row per class. */
    const ik_shape table = IK_SHAPE3(1, g->info.labels, channels);
    const ik_init init = {IK_INIT_NORMAL, 0, o->deviation};
    ik_tensor *scale = ik_param(g, "scale", table, init);
    ik_tensor *shift = ik_param(g, "shift", table, (ik_init){IK_INIT_ZEROS, 0, 0});

    /* The label map at x's size, and the row of each pixel's class: [B,H,W,C]. */
    ik_tensor *label = ik_map(g, "label", height, width);
    ik_tensor *factor = ik_affine(g, ik_lookup(g, scale, label), 1, 1); /* 1 * row + 1 */
    ik_tensor *xhat = ik_batch_norm(g, "param_free_norm", x);
    return ik_add(g, ik_mul(g, xhat, factor), ik_lookup(g, shift, label));
}

/* Name, help, type, field, default, least, most. What a YAML file gives is checked against it. */
static const ik_option options[] = {
    {"deviation", "of the scales at the start, around 1", IK_OPT_DOUBLE,
     offsetof(struct my_plugin, deviation), "0.02", 0, 10},
    {NULL},
};

static const ik_norm_iface iface = {sizeof iface, record};

static const ik_plugin plugin = {
    IK_PLUGIN_HEAD(IK_NORM, "my_plugin", "0.1.0", "a scale and a shift for every class"),
    .options = options,
    .instance_size = sizeof(struct my_plugin),
    .iface = &iface,
};

IK_EXPORT_PLUGINS(&plugin)
