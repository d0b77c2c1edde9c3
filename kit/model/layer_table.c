/* The built-in nodes: what `op:` may say. */
#include "layer.h"

#include "layers.h"
#include "model.h"
#include "scene.h"

typedef struct options {
    ik_ints out, size;
    int64_t kernel, stride, padding, dilation, groups, factor, axis;
    bool bias, spectral, edge;
    double slope;
    const char *map;
} options;

#define AT(field) offsetof(options, field)
#define WINDOW(default_kernel)                                                                     \
    {"kernel", "side of the window", IK_OPT_INT, AT(kernel), default_kernel, 1, 63, NULL},         \
        {"stride", "step of the window", IK_OPT_INT, AT(stride), "1", 1, 63, NULL}, {              \
        "padding", "zeros around the picture; -1: half the kernel", IK_OPT_INT, AT(padding), "-1", \
            -1, 63, NULL                                                                           \
    }

static const ik_option none[] = {{0}};
static const ik_option linear_options[] = {
    {"out", "features, or [H,W,C], filled channel-first", IK_OPT_INTS, AT(out), NULL, 1, 1e6, NULL},
    {0}};
static const ik_option conv_options[] = {
    {"out", "output channels", IK_OPT_INTS, AT(out), NULL, 1, 65536, NULL},
    WINDOW("3"),
    {"dilation", "distance of the taps", IK_OPT_INT, AT(dilation), "1", 1, 63, NULL},
    {"groups", "channel groups", IK_OPT_INT, AT(groups), "1", 1, 65536, NULL},
    {"bias", "adds a learned bias", IK_OPT_BOOL, AT(bias), "true", 0, 0, NULL},
    {"spectral", "spectral normalisation of the weight", IK_OPT_BOOL, AT(spectral), "false", 0, 0,
     NULL},
    {0}};
static const ik_option upsample_options[] = {
    {"factor", "nearest, by this factor", IK_OPT_INT, AT(factor), "2", 2, 16, NULL}, {0}};
static const ik_option leaky_options[] = {
    {"slope", "of the negative part", IK_OPT_DOUBLE, AT(slope), "0.2", 0, 1, NULL}, {0}};
static const ik_option pool_options[] = {WINDOW("2"), {0}};
static const ik_option concat_options[] = {
    {"axis", "0 batch, 1 height, 2 width, 3 channels", IK_OPT_INT, AT(axis), "3", 0, 4, NULL}, {0}};
static const ik_option size_options[] = {
    {"size", "[height, width]", IK_OPT_INTS, AT(size), NULL, 1, 65536, NULL}, {0}};
static const ik_option one_hot_options[] = {
    {"map", "label, instance or segments", IK_OPT_STRING, AT(map), "label", 0, 0, NULL},
    {"edge", "appends the instance edge map", IK_OPT_BOOL, AT(edge), "false", 0, 0, NULL},
    {"size", "[height, width]; full size when empty", IK_OPT_INTS, AT(size), "[]", 1, 65536, NULL},
    {0}};

static ik_tensor *fail(ik_graph *g, const char *message) {
    g->api->fail(g, message);
    return NULL;
}

#define RECORD(name)                                                                               \
    static ik_tensor *name(const void *self, ik_graph *g, const ik_norm_ref *norm, int n,          \
                           ik_tensor *const *in)
#define UNUSED (void)self, (void)norm, (void)n, (void)in

/* Parameters of a layer stand directly under the node's id. */
static ik_tensor *linear(ik_graph *g, ik_tensor *x, int64_t out) {
    int64_t rows = x->shape.d[0];
    x = ik_reshape(g, x, IK_SHAPE2(rows, ik_count(x->shape) / rows));
    return ik__layer_linear_here(g, x, out);
}

RECORD(record_linear) {
    UNUSED;
    const options *o = self;
    if (o->out.n != 1 && o->out.n != 3) return fail(g, "out: a number, or [H,W,C], is wanted");
    if (o->out.n == 1) return linear(g, in[0], o->out.v[0]);
    int64_t h = o->out.v[0], w = o->out.v[1], c = o->out.v[2];
    ik_tensor *y = linear(g, in[0], h * w * c);
    y = ik_reshape(g, y, IK_SHAPE4(in[0]->shape.d[0], c, h, w)); /* as PyTorch's view does */
    ik_attrs order = {.shape = {4, {0, 2, 3, 1, 0}}};
    return ik_op1(g, IK_PERMUTE, &order, y);
}

RECORD(record_conv) {
    UNUSED;
    const options *o = self;
    if (o->out.n != 1) return fail(g, "out: one number of channels is wanted");
    ik_conv c = {.out = o->out.v[0],
                 .kernel = (int)o->kernel,
                 .stride = (int)o->stride,
                 .padding = (int)o->padding,
                 .dilation = (int)o->dilation,
                 .groups = (int)o->groups,
                 .bias = o->bias,
                 .spectral = o->spectral};
    return ik__layer_conv_here(g, in[0], &c);
}

RECORD(record_upsample) {
    UNUSED;
    return ik_upsample(g, in[0], (int)((const options *)self)->factor);
}

RECORD(record_leaky_relu) {
    UNUSED;
    return ik_leaky_relu(g, in[0], ((const options *)self)->slope);
}

RECORD(record_relu) {
    UNUSED;
    return ik_relu(g, in[0]);
}

RECORD(record_tanh) {
    UNUSED;
    return ik_tanh(g, in[0]);
}

RECORD(record_sigmoid) {
    UNUSED;
    return ik_op1(g, IK_SIGMOID, NULL, in[0]);
}

RECORD(record_concat) {
    UNUSED;
    return ik_concat(g, (int)((const options *)self)->axis, n, in);
}

RECORD(record_add) {
    UNUSED;
    ik_tensor *y = in[0];
    if (n < 2) return fail(g, "add: `in:` with at least two names is wanted");
    for (int i = 1; i < n; i++) y = ik_add(g, y, in[i]);
    return y;
}

static ik_tensor *pool(const options *o, ik_graph *g, ik_opcode op, ik_tensor *x) {
    int p = o->padding < 0 ? 0 : (int)o->padding, k = (int)o->kernel, s = (int)o->stride;
    return ik_op1(g, op, IK_ATTRS(.kernel = {k, k}, .stride = {s, s}, .padding = {p, p}), x);
}

RECORD(record_avg_pool) {
    UNUSED;
    return pool(self, g, IK_AVG_POOL, in[0]);
}

RECORD(record_max_pool) {
    UNUSED;
    return pool(self, g, IK_MAX_POOL, in[0]);
}

RECORD(record_bilinear) {
    UNUSED;
    const options *o = self;
    if (o->size.n != 2) return fail(g, "size: [height, width] is wanted");
    return ik_bilinear(g, in[0], o->size.v[0], o->size.v[1]);
}

RECORD(record_one_hot) {
    UNUSED;
    const options *o = self;
    if (!o->map) return fail(g, "map: a name is wanted, as `map: label`");
    if (o->size.n != 0 && o->size.n != 2) return fail(g, "size: [height, width] is wanted");
    int64_t h = o->size.n ? o->size.v[0] : g->info.height,
            w = o->size.n ? o->size.v[1] : g->info.width;
    bool label = !strcmp(o->map, "label");
    int64_t length = label                         ? g->info.labels
                     : !strcmp(o->map, "segments") ? g->info.max_segments
                                                   : g->info.max_instances;
    ik_tensor *both[2] = {
        ik_op1(g, IK_ONE_HOT, IK_ATTRS(.length = length), ik_map(g, o->map, h, w)),
        o->edge ? ik_map(g, "edge", h, w) : NULL};
    return o->edge ? ik_concat(g, 3, 2, both) : both[0];
}

RECORD(record_norm) {
    UNUSED;
    if (!norm) return fail(g, "norm: neither the node nor the pipeline names a norm");
    return ik__norm_here(g, norm, in[0]);
}

#define ROW(name, help, table, source, record)                                                     \
    { name, help, table, sizeof(options), source, record }
const ik__layer ik__layers[] = {
    ROW("linear", "fully connected", linear_options, false, record_linear),
    ROW("conv2d", "convolution", conv_options, false, record_conv),
    ROW("norm", "the pipeline's norm, or the node's own", none, false, record_norm),
    ROW("upsample", "nearest upsampling", upsample_options, false, record_upsample),
    ROW("bilinear", "bilinear resizing, align_corners false", size_options, false, record_bilinear),
    ROW("avg_pool", "average pooling, padding left out", pool_options, false, record_avg_pool),
    ROW("max_pool", "max pooling", pool_options, false, record_max_pool),
    ROW("leaky_relu", "leaky ReLU", leaky_options, false, record_leaky_relu),
    ROW("relu", "ReLU", none, false, record_relu),
    ROW("tanh", "hyperbolic tangent", none, false, record_tanh),
    ROW("sigmoid", "logistic function", none, false, record_sigmoid),
    ROW("concat", "joins its inputs", concat_options, false, record_concat),
    ROW("add", "sum of its inputs", none, false, record_add),
    ROW("one_hot", "a map in one-hot form", one_hot_options, true, record_one_hot),
    {0}};

const ik__layer *ik__layer_find(const char *name) {
    for (int i = 0; ik__layers[i].name; i++)
        if (!strcmp(ik__layers[i].name, name)) return &ik__layers[i];
    return NULL;
}
