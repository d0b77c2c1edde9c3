/* SPADE: scale and shift per pixel, by two convolutions over the label map at x's size.
 *
 *     a = ReLU(conv(one-hot labels, edges)),  y = xhat * (1 + conv_gamma(a)) + conv_beta(a)
 *
 * The one-hot map is never made: label_conv sums rows of the weight. */
#include "inadekit/plugin.h"

struct spade {
    int64_t hidden;
    bool edge;
};

enum { KERNEL = 3 };

/* The shared layer where the label map is its only input. api->label_conv would take the map at the
 * scene's size then, and x's is needed, so the layer is written out. */
static ik_tensor *conv_labels_alone(ik_graph *g, const char *name, ik_tensor *map, int64_t out) {
    g->api->push(g, name);
    ik_tensor *w = ik_param(g, "weight", IK_SHAPE4(out, g->info.labels, KERNEL, KERNEL),
                            (ik_init){IK_INIT_XAVIER_NORMAL, 0.02, 0});
    ik_tensor *b = ik_param(g, "bias", IK_SHAPE1(out), (ik_init){IK_INIT_ZEROS, 0, 0});
    g->api->pop(g);
    const ik_attrs *attrs =
        IK_ATTRS(.kernel = {KERNEL, KERNEL}, .stride = {1, 1}, .padding = {KERNEL / 2, KERNEL / 2});
    ik_tensor *y = ik_op2(g, IK_LABEL_CONV, attrs, map, w);
    return ik_add(g, y, ik_reshape(g, b, IK_SHAPE4(1, 1, 1, out)));
}

static ik_tensor *record(const void *self, ik_graph *g, ik_tensor *x) {
    const struct spade *o = self;
    if (!x) return NULL;
    const int64_t height = x->shape.d[1], width = x->shape.d[2], channels = x->shape.d[3];
    const ik_conv shared = {.out = o->hidden, .kernel = KERNEL, .padding = -1, .bias = true};
    const ik_conv head = {.out = channels, .kernel = KERNEL, .padding = -1, .bias = true};

    ik_tensor *a;
    if (o->edge) {
        ik_tensor *edge = ik_map(g, "edge", height, width);
        if (!edge) return NULL;
        a = g->api->label_conv(g, "mlp_shared.0", "label", 0, edge, &shared);
    } else {
        ik_tensor *label = ik_map(g, "label", height, width);
        a = conv_labels_alone(g, "mlp_shared.0", label, o->hidden);
    }
    a = ik_relu(g, a);
    ik_tensor *gamma = ik_conv2d(g, "mlp_gamma", a, &head);
    ik_tensor *beta = ik_conv2d(g, "mlp_beta", a, &head);
    ik_tensor *xhat = ik_batch_norm(g, "param_free_norm", x);
    return ik_add(g, ik_mul(g, xhat, ik_affine(g, gamma, 1, 1)), beta);
}

static const ik_option options[] = {
    {"hidden", "channels of the layer that gamma and beta share", IK_OPT_INT,
     offsetof(struct spade, hidden), "128", 1, 65536},
    {"edge", "see instance borders beside the labels", IK_OPT_BOOL, offsetof(struct spade, edge),
     "true"},
    {NULL},
};

static const ik_norm_iface iface = {sizeof iface, record};

static const ik_plugin plugin = {
    IK_PLUGIN_HEAD(IK_NORM, "spade", "0.1.0",
                   "scale and shift per pixel, by convolutions over the label map"),
    .options = options,
    .instance_size = sizeof(struct spade),
    .iface = &iface,
};

IK_EXPORT_PLUGINS(&plugin)
