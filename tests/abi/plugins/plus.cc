/* A norm in C++: every public header compiles as C++, every convenience of graph.h serves it, and
 * such a plugin loads. */
#include "inadekit/philox.h"
#include "inadekit/plugin.h"

struct plus {
    bool by_hand;
};

/* What goes in comes out, by way of every convenience. */
static ik_tensor *around(ik_graph *g, ik_tensor *x) {
    const int64_t b = x->shape.d[0], h = x->shape.d[1], w = x->shape.d[2], c = x->shape.d[3];
    const ik_conv one = {.out = c, .kernel = 1, .init = {IK_INIT_ZEROS, 0, 0}};
    ik_tensor *both[2] = {ik_slice(g, x, 3, 0, 1), ik_value(g, "edge")};
    ik_tensor *nothing = ik_mean(g, ik_tanh(g, ik_relu(g, ik_abs(g, ik_leaky_relu(g, x, 0.2)))));
    nothing =
        ik_add(g, nothing, ik_exp(g, ik_affine(g, ik_sum(g, ik_batch_norm(g, "n", x)), 0, 0)));
    nothing = ik_sub(g, nothing, ik_div(g, nothing, ik_stop_gradient(g, nothing)));
    nothing = ik_affine(g, ik_reshape(g, nothing, IK_SHAPE4(1, 1, 1, 1)), 1e-9, 0);
    ik_tensor *pooled = ik_avg_pool(g, ik_upsample(g, ik_instance_norm(g, x, 1e-5), 2), 2, 2, 0);
    pooled = ik_bilinear(g, pooled, h, w);
    ik_tensor *row =
        ik_param(g, "row", IK_SHAPE3(1, g->info.labels, c), ik_init{IK_INIT_ZEROS, 0, 0});
    pooled = ik_mul(g, pooled, ik_lookup(g, row, ik_map(g, "label", h, w)));
    ik_tensor *z = ik_linear(g, "z", ik_latent(g, "z", IK_SHAPE1(4)), c);
    ik_tensor *learned =
        ik_conv2d(g, "conv", ik_add(g, x, ik_reshape(g, z, IK_SHAPE4(b, 1, 1, c))), &one);
    ik_tensor *sigmoid = ik_op1(g, IK_SIGMOID, IK_ATTRS(), ik_concat(g, 3, 2, both));
    ik_tensor *even = ik_softmax(g, ik_reshape(g, z, IK_SHAPE2(b, c)));
    even = ik_matmul(g, ik_reshape(g, even, IK_SHAPE3(b, 1, c)),
                     ik_reshape(g, even, IK_SHAPE3(b, c, 1)));
    nothing = ik_add(g, nothing, ik_affine(g, ik_reshape(g, even, IK_SHAPE4(b, 1, 1, 1)), 1e-9, 0));
    sigmoid = ik_op1(g, IK_SUM, IK_ATTRS(.axes = 8), ik_op2(g, IK_SUB, nullptr, sigmoid, sigmoid));
    return ik_add(g, ik_add(g, ik_add(g, x, nothing), pooled), ik_add(g, learned, sigmoid));
}

/* label_conv of the map alone; or the ops that it stands for. */
static ik_tensor *labels(const plus *o, ik_graph *g, int64_t c) {
    const ik_conv conv = {.out = c, .kernel = 3, .padding = 1, .bias = true};
    if (!o->by_hand) return g->api->label_conv(g, "labels", "label", 0, nullptr, &conv);
    g->api->push(g, "labels");
    ik_tensor *map = ik_map(g, "label", g->info.height, g->info.width);
    ik_tensor *in[3] = {ik_op1(g, IK_ONE_HOT, IK_ATTRS(.length = g->info.labels), map),
                        ik_param(g, "weight", IK_SHAPE4(c, g->info.labels, 3, 3),
                                 ik_init{IK_INIT_XAVIER_NORMAL, 0.02, 0}),
                        ik_param(g, "bias", IK_SHAPE1(c), ik_init{IK_INIT_ZEROS, 0, 0})};
    g->api->pop(g);
    return g->api->op(g, IK_CONV2D, IK_ATTRS(.kernel = {3, 3}, .stride = {1, 1}, .padding = {1, 1}),
                      3, in);
}

static ik_tensor *record(const void *self, ik_graph *g, ik_tensor *x) {
    if (!x) return nullptr;
    const int64_t c = x->shape.d[3];
    ik_tensor *y = labels(static_cast<const plus *>(self), g, c);
    y = ik_bilinear(g, y, x->shape.d[1], x->shape.d[2]);
    ik_tensor *weight = ik_param(g, "weight", IK_SHAPE4(1, 1, 1, c), ik_init{IK_INIT_ONES, 0, 0});
    return ik_add(g, ik_mul(g, around(g, x), weight), y);
}

static const ik_norm_iface iface = {sizeof iface, record};

static const ik_option options[] = {
    {"by_hand", "spells label_conv out", IK_OPT_BOOL, offsetof(plus, by_hand), "false", 0, 0,
     nullptr},
    {},
};

static const ik_plugin plugin = {
    IK_PLUGIN_HEAD(IK_NORM, "plus", "1.0", "a norm in C++"),
    .options = options,
    .instance_size = sizeof(plus),
    .init = nullptr,
    .fini = nullptr,
    .iface = &iface,
};

IK_EXPORT_PLUGINS(&plugin)
