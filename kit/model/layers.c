/* Layers: ops with parameters, named as PyTorch names them. */
#include "layers.h"

#include "inadekit/philox.h"
#include "recording.h"

/* The authors' code means Xavier everywhere, but on a GPU its fill misses spectrally normalised
 * weights, which keep PyTorch's default; the published runs had that. */
static ik_init weight_init(ik_graph *g, const ik_conv *c) {
    if (c->init.kind != IK_INIT_ZEROS || c->init.a != 0) return c->init;
    if (c->spectral && !ik__recording_of(ik__of(g))->xavier)
        return (ik_init){IK_INIT_FAN_IN_UNIFORM, 0, 0};
    return (ik_init){IK_INIT_XAVIER_NORMAL, 0.02, 0};
}

/* torch.nn.utils.spectral_norm: weight_orig is learned, weight_u and weight_v are buffers. */
static ik_tensor *spectral_weight(ik_graph *g, ik_shape shape, ik_init init) {
    ik__graph *core = ik__of(g);
    const char *key = ik__path_join(core, "weight");
    ik__recording *r = ik__recording_of(core);
    ik__node *known = r->reuse_spectral ? ik__names_get(&r->spectral, key) : NULL;
    if (known) return &known->t;
    int64_t rows = shape.d[0], columns = ik_count(shape) / rows;
    ik_tensor *w = ik_param(g, "weight_orig", shape, init);
    ik_init unit = {IK_INIT_UNIT_NORMAL, 0, 0};
    ik_tensor *u = g->api->buffer(g, "weight_u", IK_SHAPE1(rows), unit);
    ik_tensor *v = g->api->buffer(g, "weight_v", IK_SHAPE1(columns), unit);
    ik_tensor *in[3] = {w, u, v};
    ik_tensor *uvs =
        g->api->op(g, IK_SPECTRAL_UV, IK_ATTRS(.iterate = g->info.training, .eps = 1e-12), 3, in);
    if (g->info.training) {
        g->api->assign(g, "weight_u", ik_slice(g, uvs, 0, 0, rows));
        g->api->assign(g, "weight_v", ik_slice(g, uvs, 0, rows, columns));
    }
    ik_tensor *scaled = ik_op2(g, IK_SPECTRAL_SCALE, NULL, w, uvs);
    if (scaled) ik__names_set(core, &r->spectral, key, scaled);
    return scaled;
}

static ik_tensor *weight_of(ik_graph *g, const ik_conv *c, ik_shape shape) {
    return c->spectral ? spectral_weight(g, shape, weight_init(g, c))
                       : ik_param(g, "weight", shape, weight_init(g, c));
}

static ik_tensor *bias_of(ik_graph *g, int64_t n) {
    return ik_param(g, "bias", IK_SHAPE1(n), (ik_init){IK_INIT_ZEROS, 0, 0});
}

static ik_attrs window_of(const ik_conv *c) {
    int padding = c->padding < 0 ? c->kernel / 2 : c->padding;
    int stride = c->stride ? c->stride : 1, dilation = c->dilation ? c->dilation : 1;
    return (ik_attrs){.kernel = {c->kernel, c->kernel},
                      .stride = {stride, stride},
                      .padding = {padding, padding},
                      .dilation = {dilation, dilation},
                      .groups = c->groups ? c->groups : 1};
}

/* Masked patches times the weight in the patches' order (kh, kw, I). */
static ik_tensor *same_segment_conv(ik_graph *g, ik_tensor *x, ik_tensor *w, ik_tensor *bias,
                                    const ik_conv *c, const ik_attrs *a) {
    ik_tensor *map = ik_map(g, "instance", x->shape.d[1], x->shape.d[2]);
    ik_tensor *p = ik_op2(g, IK_PATCHES, a, x, map);
    ik_attrs order = {.shape = {4, {0, 2, 3, 1, 0}}};
    w = ik_op1(g, IK_PERMUTE, &order, w);
    if (!p || !w) return NULL;
    ik_shape s = p->shape;
    int64_t taps = s.d[3], pixels = s.d[0] * s.d[1] * s.d[2];
    ik_tensor *y =
        ik_op2(g, IK_MATMUL, IK_ATTRS(.transpose_b = 1), ik_reshape(g, p, IK_SHAPE2(pixels, taps)),
               ik_reshape(g, w, IK_SHAPE2(c->out, taps)));
    if (bias) y = ik_add(g, y, ik_reshape(g, bias, IK_SHAPE2(1, c->out)));
    return ik_reshape(g, y, IK_SHAPE4(s.d[0], s.d[1], s.d[2], c->out));
}

/* Fails where x is no picture, or does not divide into the groups. */
static bool can_convolve(ik_graph *g, const char *what, const ik_tensor *x, const ik_conv *c,
                         const ik_attrs *a) {
    if (x->shape.rank == 4 && c->out >= 1 && a->kernel[0] >= 1 && a->kernel[1] >= 1 &&
        x->shape.d[3] % a->groups == 0 && c->out % a->groups == 0)
        return true;
    char shape[64];
    ik__shape_text(x->shape, shape, sizeof shape);
    ik__graph_fail(ik__of(g), "a %dx%d %s to %lld channels in %lld groups cannot take %s",
                   a->kernel[0], a->kernel[1], what, (long long)c->out, (long long)a->groups,
                   shape);
    return false;
}

ik_tensor *ik__layer_conv_window(ik_graph *g, ik_tensor *x, const ik_conv *c, const ik_attrs *a) {
    if (!can_convolve(g, "convolution", x, c, a)) return NULL;
    ik_tensor *w =
        weight_of(g, c, IK_SHAPE4(c->out, x->shape.d[3] / a->groups, a->kernel[0], a->kernel[1]));
    ik_tensor *in[3] = {x, w, c->bias ? bias_of(g, c->out) : NULL};
    if (c->same_segment) return same_segment_conv(g, x, w, in[2], c, a);
    return g->api->op(g, IK_CONV2D, a, c->bias ? 3 : 2, in);
}

ik_tensor *ik__layer_conv_here(ik_graph *g, ik_tensor *x, const ik_conv *c) {
    ik_attrs a = window_of(c);
    return ik__layer_conv_window(g, x, c, &a);
}

ik_tensor *ik__layer_conv_transpose(ik_graph *g, ik_tensor *x, const ik_conv *c,
                                    const ik_attrs *a) {
    if (!can_convolve(g, "transposed convolution", x, c, a)) return NULL;
    ik_shape shape = IK_SHAPE4(x->shape.d[3], c->out / a->groups, a->kernel[0], a->kernel[1]);
    ik_tensor *in[3] = {x, ik_param(g, "weight", shape, weight_init(g, c)),
                        c->bias ? bias_of(g, c->out) : NULL};
    return g->api->op(g, IK_CONV2D_DX, a, c->bias ? 3 : 2, in);
}

/* A stream of its own for each of them, and for each call of the network. */
ik_tensor *ik__layer_dropout(ik_graph *g, ik_tensor *x, double p) {
    if (!g->info.training || p == 0) return x;
    ik__graph *core = ik__of(g);
    ik__names *drawn = &ik__recording_of(core)->dropped;
    char name[32] = "mask";
    for (int call = 2; ik__names_get(drawn, ik__path_join(core, name)); call++)
        snprintf(name, sizeof name, "mask.%d", call);
    const char *path = ik__path_join(core, name);
    ik_tensor *y = ik_op1(g, IK_DROPOUT, IK_ATTRS(.alpha = p, .stream = ik_stream_of(path)), x);
    if (y) ik__names_set(core, drawn, path, y);
    return y;
}

ik_tensor *ik__layer_conv(ik_graph *g, const char *name, ik_tensor *x, const ik_conv *c) {
    if (!x) return NULL;
    g->api->push(g, name);
    ik_tensor *y = ik__layer_conv_here(g, x, c);
    g->api->pop(g);
    return y;
}

ik_tensor *ik__layer_linear_here(ik_graph *g, ik_tensor *x, int64_t out) {
    if (!x) return NULL;
    ik_shape s = x->shape;
    int64_t in = s.d[s.rank - 1], rows = ik_count(s) / in;
    ik_tensor *w =
        ik_param(g, "weight", IK_SHAPE2(out, in), (ik_init){IK_INIT_XAVIER_NORMAL, 0.02, 0});
    ik_tensor *y =
        ik_op2(g, IK_MATMUL, IK_ATTRS(.transpose_b = 1), ik_reshape(g, x, IK_SHAPE2(rows, in)), w);
    y = ik_add(g, y, ik_reshape(g, bias_of(g, out), IK_SHAPE2(1, out)));
    s.d[s.rank - 1] = out;
    return ik_reshape(g, y, s);
}

ik_tensor *ik__layer_linear(ik_graph *g, const char *name, ik_tensor *x, int64_t out) {
    g->api->push(g, name);
    ik_tensor *y = ik__layer_linear_here(g, x, out);
    g->api->pop(g);
    return y;
}

/* The one-hot map's part of the convolution, `halvings` times average-pooled. */
static ik_tensor *label_part(ik_graph *g, const char *name, int halvings, ik_tensor *w,
                             const ik_conv *c) {
    ik_tensor *map = ik_map(g, name, g->info.height, g->info.width);
    ik_attrs a = window_of(c);
    a.pooled = halvings;
    if (halvings < 2) return ik_op2(g, IK_LABEL_CONV, &a, map, w);
    ik_tensor *x = ik_op1(g, IK_ONE_HOT, IK_ATTRS(.length = g->info.labels), map);
    for (int i = 0; i < halvings; i++) x = ik_avg_pool(g, x, 3, 2, 1);
    a.pooled = 0;
    return ik_op2(g, IK_CONV2D, &a, x, w);
}

/* Beside x: at the network's own size the map is taken there; pooled maps are always made from full
 * size. */
static ik_tensor *label_part_beside(ik_graph *g, const char *map, int halvings, const ik_tensor *x,
                                    ik_tensor *w, const ik_conv *c) {
    ik_attrs a = window_of(c);
    const int64_t height = x->shape.d[1], width = x->shape.d[2];
    if (halvings || (height == g->info.height && width == g->info.width))
        return label_part(g, map, halvings, w, c);
    return ik_op2(g, IK_LABEL_CONV, &a, ik_map(g, map, height, width), w);
}

/* Without x: the map alone. */
static ik_tensor *label_conv_alone(ik_graph *g, const char *map, int halvings, const ik_conv *c) {
    ik_tensor *w = weight_of(g, c, IK_SHAPE4(c->out, g->info.labels, c->kernel, c->kernel));
    ik_tensor *y = label_part(g, map, halvings, w, c);
    if (!c->bias) return y;
    return ik_add(g, y, ik_reshape(g, bias_of(g, c->out), IK_SHAPE4(1, 1, 1, c->out)));
}

static ik_tensor *label_conv_beside(ik_graph *g, const char *map, int halvings, ik_tensor *x,
                                    const ik_conv *c) {
    int64_t labels = g->info.labels, channels = x->shape.d[3];
    ik_tensor *w = weight_of(g, c, IK_SHAPE4(c->out, labels + channels, c->kernel, c->kernel));
    ik_attrs a = window_of(c);
    ik_tensor *in[3] = {x, ik_slice(g, w, 1, labels, channels),
                        c->bias ? bias_of(g, c->out) : NULL};
    ik_tensor *y = g->api->op(g, IK_CONV2D, &a, c->bias ? 3 : 2, in);
    ik_tensor *part = label_part_beside(g, map, halvings, x, ik_slice(g, w, 1, 0, labels), c);
    if (part && x->shape.d[0] == 2 * g->info.batch) {
        ik_tensor *twice[2] = {part, part};
        part = ik_concat(g, 0, 2, twice);
    }
    return ik_add(g, y, part);
}

ik_tensor *ik__layer_label_conv(ik_graph *g, const char *name, const char *map, int halvings,
                                ik_tensor *x, const ik_conv *c) {
    if (ik__of(g)->failed) return NULL;
    g->api->push(g, name);
    ik_tensor *y =
        x ? label_conv_beside(g, map, halvings, x, c) : label_conv_alone(g, map, halvings, c);
    g->api->pop(g);
    return y;
}

/* torch.nn.BatchNorm2d(affine=False), momentum 0.1: biased variance to normalise, unbiased to keep.
 */
ik_tensor *ik__layer_batch_norm_here(ik_graph *g, ik_tensor *x, double eps) {
    int64_t c = x->shape.d[x->shape.rank - 1], n = ik_count(x->shape) / c;
    ik_tensor *mean =
        g->api->buffer(g, "running_mean", IK_SHAPE1(c), (ik_init){IK_INIT_ZEROS, 0, 0});
    ik_tensor *var = g->api->buffer(g, "running_var", IK_SHAPE1(c), (ik_init){IK_INIT_ONES, 0, 0});
    ik_tensor *stats;
    if (g->info.training) {
        stats = ik_op1(g, IK_MOMENTS, NULL, x);
        ik_tensor *rows = ik_reshape(g, stats, IK_SHAPE2(2, c)); /* of which each is a view */
        ik_tensor *m = ik_reshape(g, ik_slice(g, rows, 0, 0, 1), IK_SHAPE1(c));
        ik_tensor *v = ik_reshape(g, ik_slice(g, rows, 0, 1, 1), IK_SHAPE1(c));
        double unbiased = n > 1 ? (double)n / (double)(n - 1) : 1;
        g->api->assign(g, "running_mean",
                       ik_add(g, ik_affine(g, mean, 0.9, 0), ik_affine(g, m, 0.1, 0)));
        g->api->assign(g, "running_var",
                       ik_add(g, ik_affine(g, var, 0.9, 0), ik_affine(g, v, 0.1 * unbiased, 0)));
    } else {
        ik_tensor *both[2] = {ik_reshape(g, mean, IK_SHAPE3(1, 1, c)),
                              ik_reshape(g, var, IK_SHAPE3(1, 1, c))};
        stats = ik_concat(g, 1, 2, both);
    }
    return ik_op2(g, IK_NORMALIZE, IK_ATTRS(.eps = eps), x, stats);
}

ik_tensor *ik__layer_batch_norm(ik_graph *g, const char *name, ik_tensor *x) {
    if (!x) return NULL;
    g->api->push(g, name);
    ik_tensor *y = ik__layer_batch_norm_here(g, x, 1e-5);
    g->api->pop(g);
    return y;
}
