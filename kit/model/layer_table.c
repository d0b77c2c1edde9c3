/* The built-in nodes: what `op:` may say. */
#include "layer.h"

#include "layers.h"
#include "model.h"
#include "scene.h"

typedef struct options {
    ik_ints out, size, kernel, stride, padding, dilation, output_padding;
    int64_t groups, factor, axis, parameters;
    bool bias, spectral, edge, ceil, affine;
    double slope, p, eps;
    const char *map;
    int padding_mode;
} options;

#define AT(field) offsetof(options, field)
#define WINDOW(default_kernel, default_stride, least_padding, default_padding, padding_help)       \
    {"kernel",                                                                                     \
     "side of the window, or [height, width]; so for the others",                                  \
     IK_OPT_INTS,                                                                                  \
     AT(kernel),                                                                                   \
     default_kernel,                                                                               \
     1,                                                                                            \
     63,                                                                                           \
     NULL},                                                                                        \
        {"stride", "step of the window", IK_OPT_INTS, AT(stride), default_stride, 1, 63, NULL}, {  \
        "padding", padding_help, IK_OPT_INTS, AT(padding), default_padding, least_padding, 63,     \
            NULL                                                                                   \
    }
#define CONVOLUTION                                                                                \
    {"dilation", "distance of the taps", IK_OPT_INTS, AT(dilation), "1", 1, 63, NULL},             \
        {"groups", "channel groups", IK_OPT_INT, AT(groups), "1", 1, 65536, NULL}, {               \
        "bias", "adds a learned bias", IK_OPT_BOOL, AT(bias), "true", 0, 0, NULL                   \
    }

static const ik_option none[] = {{0}};
static const ik_option linear_options[] = {
    {"out", "features, or [H,W,C], filled channel-first", IK_OPT_INTS, AT(out), NULL, 1, 1e6, NULL},
    {0}};
enum { ZEROS, REFLECT };
static const char *const padding_modes[] = {"zeros", "reflect", NULL};
static const ik_option conv_options[] = {
    {"out", "output channels", IK_OPT_INTS, AT(out), NULL, 1, 65536, NULL},
    WINDOW("3", "1", -1, "-1", "around the picture; -1: half the kernel"),
    {"padding_mode", "what the padding holds; reflect: the picture, mirrored", IK_OPT_CHOICE,
     AT(padding_mode), "zeros", 0, 0, padding_modes},
    CONVOLUTION,
    {"spectral", "spectral normalisation of the weight", IK_OPT_BOOL, AT(spectral), "false", 0, 0,
     NULL},
    {0}};
static const ik_option transpose_options[] = {
    {"out", "output channels", IK_OPT_INTS, AT(out), NULL, 1, 65536, NULL},
    WINDOW("4", "2", 0, "1", "rows and columns taken off the result on each side"),
    {"output_padding", "rows and columns more below and to the right", IK_OPT_INTS,
     AT(output_padding), "0", 0, 62, NULL},
    CONVOLUTION,
    {0}};
static const ik_option upsample_options[] = {
    {"factor", "nearest, by this factor", IK_OPT_INT, AT(factor), "2", 2, 16, NULL}, {0}};
static const ik_option leaky_options[] = {
    {"slope", "of the negative part", IK_OPT_DOUBLE, AT(slope), "0.2", 0, 1, NULL}, {0}};
static const ik_option pool_options[] = {
    WINDOW("2", "1", 0, "0", "around the picture, at most half the kernel"),
    {"ceil_mode", "a window more where the last ones leave a rest of the picture", IK_OPT_BOOL,
     AT(ceil), "false", 0, 0, NULL},
    {0}};
static const ik_option dropout_options[] = {
    {"p", "share left out in training", IK_OPT_DOUBLE, AT(p), "0.5", 0, 0.99, NULL}, {0}};
static const ik_option batch_norm_options[] = {
    {"eps", "added to the variance", IK_OPT_DOUBLE, AT(eps), "1e-5", 0, 1, NULL},
    {"affine", "learn a scale and a shift per channel", IK_OPT_BOOL, AT(affine), "true", 0, 0,
     NULL},
    {0}};
static const ik_option prelu_options[] = {{"parameters",
                                           "learned slopes: 1, or one for each channel", IK_OPT_INT,
                                           AT(parameters), "1", 1, 65536, NULL},
                                          {0}};
static const ik_option concat_options[] = {
    {"axis", "0 batch, 1 height, 2 width, 3 channels", IK_OPT_INT, AT(axis), "3", 0, 4, NULL}, {0}};
static const ik_option size_options[] = {
    {"size", "[height, width]", IK_OPT_INTS, AT(size), NULL, 1, 65536, NULL}, {0}};
static const ik_option adaptive_options[] = {
    {"size", "side of the result, or [height, width]; 1: the mean of each channel", IK_OPT_INTS,
     AT(size), "1", 1, IK_MAX_INPUTS, NULL},
    {0}};
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

/* One number for both axes, or two. */
static bool sides(ik_graph *g, const char *key, ik_ints given, int to[2]) {
    if (given.n != 1 && given.n != 2) {
        ik__graph_fail(ik__of(g), "%s: one number, or [height, width], is wanted", key);
        return false;
    }
    for (int i = 0; i < 2; i++) to[i] = (int)given.v[given.n == 2 ? i : 0];
    return true;
}

static bool window(ik_graph *g, const options *o, ik_attrs *a) {
    *a = (ik_attrs){.groups = (int)o->groups, .dilation = {1, 1}};
    if (!sides(g, "kernel", o->kernel, a->kernel) || !sides(g, "stride", o->stride, a->stride) ||
        !sides(g, "padding", o->padding, a->padding) ||
        (o->dilation.n && !sides(g, "dilation", o->dilation, a->dilation)))
        return false;
    for (int i = 0; i < 2; i++)
        if (a->padding[i] < 0) a->padding[i] = a->kernel[i] / 2;
    return true;
}

static ik_tensor *mirrored(ik_graph *g, ik_tensor *x, ik_attrs *a) {
    if (!a->padding[0] && !a->padding[1]) return x;
    const ik_attrs border = {.padding = {a->padding[0], a->padding[1]}};
    a->padding[0] = a->padding[1] = 0;
    return ik_op1(g, IK_REFLECT, &border, x);
}

RECORD(record_conv) {
    UNUSED;
    const options *o = self;
    ik_attrs a;
    ik_tensor *x = in[0];
    if (o->out.n != 1) return fail(g, "out: one number of channels is wanted");
    if (!window(g, o, &a)) return NULL;
    if (o->padding_mode == REFLECT) x = mirrored(g, x, &a);
    const ik_conv c = {.out = o->out.v[0], .bias = o->bias, .spectral = o->spectral};
    return x ? ik__layer_conv_window(g, x, &c, &a) : NULL;
}

RECORD(record_conv_transpose) {
    UNUSED;
    const options *o = self;
    ik_attrs a;
    int more[2];
    if (o->out.n != 1) return fail(g, "out: one number of channels is wanted");
    if (!window(g, o, &a) || !sides(g, "output_padding", o->output_padding, more)) return NULL;
    for (int i = 0; i < 2 && in[0]->shape.rank == 4; i++) {
        if (more[i] >= a.stride[i] && more[i] >= a.dilation[i])
            return fail(g, "output_padding: it has to be smaller than the stride or the dilation");
        a.size[i] = (in[0]->shape.d[1 + i] - 1) * a.stride[i] - 2 * a.padding[i] +
                    a.dilation[i] * (a.kernel[i] - 1) + more[i] + 1;
    }
    const ik_conv c = {.out = o->out.v[0], .bias = o->bias};
    return ik__layer_conv_transpose(g, in[0], &c, &a);
}

RECORD(record_dropout) {
    UNUSED;
    return ik__layer_dropout(g, in[0], ((const options *)self)->p);
}

RECORD(record_batch_norm) {
    UNUSED;
    const options *o = self;
    const int64_t c = in[0]->shape.rank == 4 ? in[0]->shape.d[3] : 0;
    if (!c) return fail(g, "needs [B,H,W,C]");
    ik_tensor *y = ik__layer_batch_norm_here(g, in[0], o->eps);
    if (!o->affine) return y;
    ik_tensor *w = ik_param(g, "weight", IK_SHAPE1(c), (ik_init){IK_INIT_ONES, 0, 0});
    ik_tensor *b = ik_param(g, "bias", IK_SHAPE1(c), (ik_init){IK_INIT_ZEROS, 0, 0});
    y = ik_mul(g, y, ik_reshape(g, w, IK_SHAPE4(1, 1, 1, c)));
    return ik_add(g, y, ik_reshape(g, b, IK_SHAPE4(1, 1, 1, c)));
}

/* max(x, 0) + w min(x, 0) */
RECORD(record_prelu) {
    UNUSED;
    const int64_t n_slopes = ((const options *)self)->parameters;
    ik_tensor *x = in[0];
    ik_shape row = {x->shape.rank, {1, 1, 1, 1, 1}};
    if (x->shape.rank < 1) return fail(g, "prelu: a scalar has no channels");
    const int64_t channels = x->shape.d[x->shape.rank - 1];
    if (n_slopes != 1 && n_slopes != channels)
        return fail(g, "parameters: 1, or as many as there are channels, is wanted");
    row.d[row.rank - 1] = n_slopes;
    ik_tensor *slope =
        ik_param(g, "weight", IK_SHAPE1(n_slopes), (ik_init){IK_INIT_UNIFORM, 0.25, 0.25});
    ik_tensor *above = ik_relu(g, x);
    return ik_add(g, above, ik_mul(g, ik_sub(g, x, above), ik_reshape(g, slope, row)));
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

/* A vector beside pictures is spread over their pixels. */
static ik_tensor *spread(ik_graph *g, ik_tensor *x, const ik_tensor *picture) {
    if (!picture || x->shape.rank != 2) return x;
    ik_shape to = picture->shape;
    to.d[3] = x->shape.d[1];
    x = ik_reshape(g, x, IK_SHAPE4(x->shape.d[0], 1, 1, x->shape.d[1]));
    return ik_op1(g, IK_BROADCAST, IK_ATTRS(.shape = to), x);
}

RECORD(record_concat) {
    UNUSED;
    const int axis = (int)((const options *)self)->axis;
    ik_tensor *all[IK_MAX_INPUTS], *picture = NULL;
    for (int i = 0; i < n; i++)
        if (in[i]->shape.rank == 4) picture = in[i];
    for (int i = 0; i < n; i++) all[i] = spread(g, in[i], axis == 3 ? picture : NULL);
    return ik_concat(g, axis, n, all);
}

RECORD(record_mul) {
    UNUSED;
    ik_tensor *y = in[0];
    if (n < 2) return fail(g, "mul: `in:` with at least two names is wanted");
    for (int i = 1; i < n; i++) y = ik_mul(g, y, in[i]);
    return y;
}

RECORD(record_add) {
    UNUSED;
    ik_tensor *y = in[0];
    if (n < 2) return fail(g, "add: `in:` with at least two names is wanted");
    for (int i = 1; i < n; i++) y = ik_add(g, y, in[i]);
    return y;
}

/* As many windows as begin in the picture or the padding before it. */
static void round_up(const ik_tensor *x, ik_attrs *a) {
    for (int i = 0; i < 2; i++) {
        const int64_t padded = x->shape.d[1 + i] + 2 * a->padding[i] - a->kernel[i];
        a->size[i] = (padded + a->stride[i] - 1) / a->stride[i] + 1;
        if ((a->size[i] - 1) * a->stride[i] >= x->shape.d[1 + i] + a->padding[i]) a->size[i]--;
    }
}

static ik_tensor *pool(const options *o, ik_graph *g, ik_opcode op, ik_tensor *x) {
    ik_attrs a;
    if (!window(g, o, &a)) return NULL;
    if (o->ceil && x->shape.rank == 4) round_up(x, &a);
    return ik_op1(g, op, &a, x);
}

RECORD(record_avg_pool) {
    UNUSED;
    return pool(self, g, IK_AVG_POOL, in[0]);
}

RECORD(record_max_pool) {
    UNUSED;
    return pool(self, g, IK_MAX_POOL, in[0]);
}

/* The mean over parts i of n of an axis: from floor(i size / n) to ceil((i + 1) size / n). */
static ik_tensor *means(ik_graph *g, ik_tensor *x, int axis, int64_t n) {
    const int64_t size = x->shape.d[axis];
    ik_tensor *part[IK_MAX_INPUTS];
    for (int64_t i = 0; i < n; i++) {
        const int64_t from = i * size / n, to = ((i + 1) * size + n - 1) / n;
        part[i] =
            n == 1 ? x
                   : g->api->op(g, IK_SLICE,
                                IK_ATTRS(.axis = axis, .start = from, .length = to - from), 1, &x);
        part[i] = ik_op1(g, IK_SUM, IK_ATTRS(.axes = 1u << axis), part[i]);
        part[i] = ik_affine(g, part[i], 1.0 / (double)(to - from), 0);
    }
    return n == 1 ? part[0] : ik_concat(g, axis, (int)n, part);
}

RECORD(record_adaptive_avg_pool) {
    UNUSED;
    const options *o = self;
    int size[2];
    if (!sides(g, "size", o->size, size)) return NULL;
    if (in[0]->shape.rank != 4) return fail(g, "needs [B,H,W,C]");
    return means(g, means(g, in[0], 1, size[0]), 2, size[1]);
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
    ROW("conv_transpose2d", "transposed convolution", transpose_options, false,
        record_conv_transpose),
    ROW("norm", "the pipeline's norm, or the node's own", none, false, record_norm),
    ROW("batch_norm", "batch normalisation of its own, whatever the pipeline's norm",
        batch_norm_options, false, record_batch_norm),
    ROW("upsample", "nearest upsampling", upsample_options, false, record_upsample),
    ROW("bilinear", "bilinear resizing, align_corners false", size_options, false, record_bilinear),
    ROW("avg_pool", "average pooling, padding left out", pool_options, false, record_avg_pool),
    ROW("max_pool", "max pooling", pool_options, false, record_max_pool),
    ROW("adaptive_avg_pool", "means of equal parts of the picture", adaptive_options, false,
        record_adaptive_avg_pool),
    ROW("dropout", "leaves elements out in training", dropout_options, false, record_dropout),
    ROW("leaky_relu", "leaky ReLU", leaky_options, false, record_leaky_relu),
    ROW("relu", "ReLU", none, false, record_relu),
    ROW("prelu", "ReLU with learned slopes of the negative part", prelu_options, false,
        record_prelu),
    ROW("tanh", "hyperbolic tangent", none, false, record_tanh),
    ROW("sigmoid", "logistic function", none, false, record_sigmoid),
    ROW("mul", "product of its inputs", none, false, record_mul),
    ROW("concat", "joins its inputs; a vector is spread over the pixels of pictures",
        concat_options, false, record_concat),
    ROW("add", "sum of its inputs", none, false, record_add),
    ROW("one_hot", "a map in one-hot form", one_hot_options, true, record_one_hot),
    {0}};

const ik__layer *ik__layer_find(const char *name) {
    for (int i = 0; ik__layers[i].name; i++)
        if (!strcmp(ik__layers[i].name, name)) return &ik__layers[i];
    return NULL;
}
