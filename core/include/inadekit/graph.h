/* Recording: how a plugin says what is to be computed.
 *
 * A plugin is given an ik_graph and calls the functions below; nothing is computed, nodes are
 * recorded. The core derives the backward pass, so a plugin writes forward code only, for no
 * particular device. No call needs checking: a NULL operand yields NULL, and the graph keeps the
 * first error with the path of the node and the shapes involved. A plugin links to no core symbol:
 * all calls go through `api`. Recording happens on one thread. Tensors belong to the graph. */
#ifndef INADEKIT_GRAPH_H
#define INADEKIT_GRAPH_H

#include "inadekit/custom.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ik_norm_ref ik_norm_ref; /* a configured norm, as handed to a block */

/* How a parameter starts. fan_in and fan_out are taken from the shape as PyTorch does. */
typedef enum ik_init_kind {
    IK_INIT_ZEROS,
    IK_INIT_ONES,
    IK_INIT_UNIFORM,        /* U(a, b) */
    IK_INIT_NORMAL,         /* N(a, b^2) */
    IK_INIT_XAVIER_NORMAL,  /* gain a */
    IK_INIT_FAN_IN_UNIFORM, /* U(-1/sqrt(fan_in), 1/sqrt(fan_in)) */
    IK_INIT_UNIT_NORMAL,    /* a Gaussian vector made unit length: spectral norm's u and v */
} ik_init_kind;
typedef struct ik_init {
    ik_init_kind kind;
    double a, b;
} ik_init;

/* A convolution layer: weight [O, I/groups, k, k] OIHW, optional bias [O], under `name`. */
typedef struct ik_conv {
    int64_t out;
    int kernel;
    int stride;   /* 0 means 1 */
    int padding;  /* -1 means kernel / 2 */
    int dilation; /* 0 means 1 */
    int groups;   /* 0 means 1 */
    bool bias;
    bool spectral;     /* torch.nn.utils.spectral_norm, one power iteration per training forward */
    bool same_segment; /* taps count only where the instance map equals the centre's */
    ik_init init; /* of the weight; all zero: U(+-1/sqrt(fan_in)) if spectral, else Xavier normal
                     0.02 */
} ik_conv;

/* What a dataset says of itself, and what plugins may rely on while recording. */
typedef struct ik_scene_info {
    int64_t batch, height, width;
    int64_t labels;        /* classes, the unknown one included */
    int64_t max_instances; /* K: instance ids are 0..K-1 */
    int64_t max_segments;  /* S: distinct (label, instance) pairs, padded with -1 */
    bool training;
} ik_scene_info;

/* One scale of a discriminator: features in order, the last being the score map. */
enum { IK_MAX_FEATURES = 12, IK_MAX_SCALES = 8 };
typedef struct ik_judgement {
    int scales;
    int features[IK_MAX_SCALES];
    ik_tensor *feature[IK_MAX_SCALES][IK_MAX_FEATURES];
} ik_judgement;

typedef struct ik_posterior {
    const char *name; /* of the latent: "z", "noise" */
    ik_tensor *mu, *logvar;
} ik_posterior;

typedef struct ik_graph ik_graph;

typedef struct ik_graph_api {
    uint32_t struct_size;
    ik_tensor *(*op)(ik_graph *g, ik_opcode op, const ik_attrs *attrs, int n, ik_tensor *const *in);
    /* Fails the recording with a message; the core adds the node's path. */
    void (*fail)(ik_graph *g, const char *message);
    /* Paths: parameters made between push and pop carry `name.` before theirs. */
    void (*push)(ik_graph *g, const char *name);
    void (*pop)(ik_graph *g);
    /* A learned value; the same path gives the same value. */
    ik_tensor *(*param)(ik_graph *g, const char *name, ik_shape shape, ik_init init);
    /* A value kept between steps but not learned. Reading it after `assign` gives the new value. */
    ik_tensor *(*buffer)(ik_graph *g, const char *name, ik_shape shape, ik_init init);
    void (*assign)(ik_graph *g, const char *name, ik_tensor *value);
    /* The scene's value: image [B,H,W,3] in -1..1, label, instance, segments [B,H,W] i32,
     * segment_label, segment_instance [B,S] i32, edge [B,H,W,1], fake, and what a dataset adds. */
    ik_tensor *(*value)(ik_graph *g, const char *name);
    /* A map of the scene at a size, nearest; made once per size. */
    ik_tensor *(*map)(ik_graph *g, const char *name, int64_t height, int64_t width);
    /* A random input of one shape per sample (without the batch), e.g. z [256] or noise [K,2,C0]:
     * drawn from the prior, or in training from the posterior that an encoder publishes for it. The
     * same name gives the same tensor [B, shape]. */
    ik_tensor *(*latent)(ik_graph *g, const char *name, ik_shape shape);
    void (*publish)(ik_graph *g, const char *name, ik_tensor *mu, ik_tensor *logvar);
    /* Posteriors published so far; NULL past the last. */
    const ik_posterior *(*posterior)(ik_graph *g, int i);
    /* What the discriminator says of the fakes (which = 0) and of the pictures (1). */
    const ik_judgement *(*judge)(ik_graph *g, int which);
    /* Layers. */
    ik_tensor *(*conv)(ik_graph *g, const char *name, ik_tensor *x, const ik_conv *conv);
    /* Over the last axis: weight [out, in], bias [out]. */
    ik_tensor *(*linear)(ik_graph *g, const char *name, ik_tensor *x, int64_t out);
    /* A convolution over the one-hot form of a scene map, beside other channels after it: weight
     * [O, L + C, k, k]. halvings: how often the input is average-pooled. With x NULL the map stands
     * alone, at the scene's size; weight [O, L, k, k]. */
    ik_tensor *(*label_conv)(ik_graph *g, const char *name, const char *map, int halvings,
                             ik_tensor *x, const ik_conv *conv);
    /* Batch statistics (running ones when synthesising), no affine; eps 1e-5, momentum 0.1. */
    ik_tensor *(*batch_norm)(ik_graph *g, const char *name, ik_tensor *x);
    /* Applies a configured norm under `name`. */
    ik_tensor *(*norm)(ik_graph *g, const char *name, const ik_norm_ref *norm, ik_tensor *x);
    /* Runs another network, e.g. "generator" or "encoder". Inputs are given by name. */
    ik_tensor *(*call)(ik_graph *g, const char *network, int n, const char *const *names,
                       ik_tensor *const *values);
    /* Since 1.1. An op of the plugin's own; `attrs` has op->attrs_size bytes, or is NULL. */
    ik_tensor *(*custom)(ik_graph *g, const ik_custom_op *op, const void *attrs, int n,
                         ik_tensor *const *in);
    /* Since 1.1. Runs another network as `call` does, and gives the results that its `outputs:`
     * names, in that order; its last node alone where it names none. `call` gives the last of them.
     * Fills at most `most` of `out`; gives how many there are, 0 after a failure. */
    int (*call_all)(ik_graph *g, const char *network, int n, const char *const *names,
                    ik_tensor *const *values, int most, ik_tensor **out);
} ik_graph_api;

/* The public head of a graph; the core's own struct begins with it. */
struct ik_graph {
    const ik_graph_api *api;
    ik_scene_info info;
};

/* Attributes in place, as IK_ATTRS(.alpha = 2); they last as long as the call they stand in. */
#ifdef __cplusplus
#define IK_ATTRS(...) (&static_cast<const ik_attrs &>(ik_attrs{__VA_ARGS__}))
#else
#define IK_ATTRS(...) (&(ik_attrs){__VA_ARGS__})
#endif

/* Conveniences, for C and C++. */

static inline ik_attrs ik_no_attrs(void) {
    ik_attrs a;
    memset(&a, 0, sizeof a);
    return a;
}
static inline ik_tensor *ik_op1(ik_graph *g, ik_opcode op, const ik_attrs *a, ik_tensor *x) {
    return g->api->op(g, op, a, 1, &x);
}
static inline ik_tensor *ik_op2(ik_graph *g, ik_opcode op, const ik_attrs *a, ik_tensor *x,
                                ik_tensor *y) {
    ik_tensor *in[2] = {x, y};
    return g->api->op(g, op, a, 2, in);
}

static inline ik_tensor *ik_add(ik_graph *g, ik_tensor *a, ik_tensor *b) {
    return ik_op2(g, IK_ADD, NULL, a, b);
}
static inline ik_tensor *ik_sub(ik_graph *g, ik_tensor *a, ik_tensor *b) {
    return ik_op2(g, IK_SUB, NULL, a, b);
}
static inline ik_tensor *ik_mul(ik_graph *g, ik_tensor *a, ik_tensor *b) {
    return ik_op2(g, IK_MUL, NULL, a, b);
}
static inline ik_tensor *ik_div(ik_graph *g, ik_tensor *a, ik_tensor *b) {
    return ik_op2(g, IK_DIV, NULL, a, b);
}
/* alpha x + beta */
static inline ik_tensor *ik_affine(ik_graph *g, ik_tensor *x, double alpha, double beta) {
    ik_attrs a = ik_no_attrs();
    a.alpha = alpha, a.beta = beta;
    return ik_op1(g, IK_AFFINE, &a, x);
}
static inline ik_tensor *ik_leaky_relu(ik_graph *g, ik_tensor *x, double slope) {
    ik_attrs a = ik_no_attrs();
    a.slope = slope;
    return ik_op1(g, IK_LEAKY_RELU, &a, x);
}
static inline ik_tensor *ik_relu(ik_graph *g, ik_tensor *x) {
    return ik_leaky_relu(g, x, 0);
}
static inline ik_tensor *ik_tanh(ik_graph *g, ik_tensor *x) {
    return ik_op1(g, IK_TANH, NULL, x);
}
static inline ik_tensor *ik_exp(ik_graph *g, ik_tensor *x) {
    return ik_op1(g, IK_EXP, NULL, x);
}
static inline ik_tensor *ik_abs(ik_graph *g, ik_tensor *x) {
    return ik_op1(g, IK_ABS, NULL, x);
}
/* Since 1.2. Along the last axis. */
static inline ik_tensor *ik_softmax(ik_graph *g, ik_tensor *x) {
    return ik_op1(g, IK_SOFTMAX, NULL, x);
}
/* Since 1.2. a b of two matrices, or of as many as the first of three axes says. */
static inline ik_tensor *ik_matmul(ik_graph *g, ik_tensor *a, ik_tensor *b) {
    return ik_op2(g, IK_MATMUL, NULL, a, b);
}
static inline ik_tensor *ik_stop_gradient(ik_graph *g, ik_tensor *x) {
    return ik_op1(g, IK_STOP, NULL, x);
}
static inline ik_tensor *ik_reshape(ik_graph *g, ik_tensor *x, ik_shape shape) {
    ik_attrs a = ik_no_attrs();
    a.shape = shape;
    return ik_op1(g, IK_RESHAPE, &a, x);
}
/* start .. start + length of an axis */
static inline ik_tensor *ik_slice(ik_graph *g, ik_tensor *x, int axis, int64_t start,
                                  int64_t length) {
    ik_attrs a = ik_no_attrs();
    a.axis = axis, a.start = start, a.length = length;
    return ik_op1(g, axis ? IK_SLICE : IK_ROWS, &a, x);
}
static inline ik_tensor *ik_concat(ik_graph *g, int axis, int n, ik_tensor *const *x) {
    ik_attrs a = ik_no_attrs();
    a.axis = axis;
    return g->api->op(g, IK_CONCAT, &a, n, x);
}
/* Over every axis, to a scalar. */
static inline ik_tensor *ik_sum(ik_graph *g, ik_tensor *x) {
    if (!x) return NULL;
    ik_attrs a = ik_no_attrs();
    a.axes = (1u << x->shape.rank) - 1;
    x = ik_op1(g, IK_SUM, &a, x);
    return ik_reshape(g, x, IK_SHAPE0());
}
static inline ik_tensor *ik_mean(ik_graph *g, ik_tensor *x) {
    return x ? ik_affine(g, ik_sum(g, x), 1.0 / (double)ik_count(x->shape), 0) : NULL;
}
static inline ik_tensor *ik_upsample(ik_graph *g, ik_tensor *x, int factor) {
    ik_attrs a = ik_no_attrs();
    a.factor = factor;
    return ik_op1(g, IK_UPSAMPLE, &a, x);
}
static inline ik_tensor *ik_bilinear(ik_graph *g, ik_tensor *x, int64_t height, int64_t width) {
    ik_attrs a = ik_no_attrs();
    a.size[0] = height, a.size[1] = width;
    return ik_op1(g, IK_BILINEAR, &a, x);
}
static inline ik_tensor *ik_avg_pool(ik_graph *g, ik_tensor *x, int kernel, int stride,
                                     int padding) {
    ik_attrs a = ik_no_attrs();
    for (int i = 0; i < 2; i++) a.kernel[i] = kernel, a.stride[i] = stride, a.padding[i] = padding;
    return ik_op1(g, IK_AVG_POOL, &a, x);
}
/* A row of `table` [T,N,C] per index of `map`. */
static inline ik_tensor *ik_lookup(ik_graph *g, ik_tensor *table, ik_tensor *map) {
    return ik_op2(g, IK_LOOKUP, NULL, table, map);
}
/* Per picture and channel, without affine (torch.nn.InstanceNorm2d). */
static inline ik_tensor *ik_instance_norm(ik_graph *g, ik_tensor *x, double eps) {
    ik_attrs a = ik_no_attrs();
    a.per_sample = 1, a.eps = eps;
    return ik_op2(g, IK_NORMALIZE, &a, x, ik_op1(g, IK_MOMENTS, &a, x));
}

static inline ik_tensor *ik_param(ik_graph *g, const char *name, ik_shape s, ik_init init) {
    return g->api->param(g, name, s, init);
}
static inline ik_tensor *ik_value(ik_graph *g, const char *name) {
    return g->api->value(g, name);
}
static inline ik_tensor *ik_map(ik_graph *g, const char *name, int64_t height, int64_t width) {
    return g->api->map(g, name, height, width);
}
static inline ik_tensor *ik_latent(ik_graph *g, const char *name, ik_shape shape) {
    return g->api->latent(g, name, shape);
}
static inline ik_tensor *ik_conv2d(ik_graph *g, const char *name, ik_tensor *x,
                                   const ik_conv *conv) {
    return g->api->conv(g, name, x, conv);
}
static inline ik_tensor *ik_linear(ik_graph *g, const char *name, ik_tensor *x, int64_t out) {
    return g->api->linear(g, name, x, out);
}
static inline ik_tensor *ik_batch_norm(ik_graph *g, const char *name, ik_tensor *x) {
    return g->api->batch_norm(g, name, x);
}
static inline ik_tensor *ik_norm(ik_graph *g, const char *name, const ik_norm_ref *norm,
                                 ik_tensor *x) {
    return g->api->norm(g, name, norm, x);
}

#ifdef __cplusplus
}
#endif
#endif
