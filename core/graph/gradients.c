/* Reverse-mode differentiation: walks the nodes from the loss back and records, with the same ops,
 * what each passes on to its inputs. A row per op; an op without a row stops the gradient (maps,
 * random numbers, power iterations). */
#include "graph.h"

#include <stdlib.h>

typedef struct pass {
    ik__graph *g;
    int n;            /* nodes that existed when the pass began */
    bool *needs;      /* does a gradient with respect to this node lead to a wanted one? */
    ik_tensor **grad; /* accumulated so far, by node id */
} pass;

static ik_tensor *op(pass *p, ik_opcode code, const ik_attrs *a, int n, ik_tensor *const *in) {
    return p->g->pub.api->op(&p->g->pub, code, a, n, in);
}
#define OP(code, attrs, ...)                                                                       \
    op(p, code, attrs, (int)(sizeof((ik_tensor *[]){__VA_ARGS__}) / sizeof(ik_tensor *)),          \
       (ik_tensor *[]){__VA_ARGS__})

static bool wants(const pass *p, const ik__node *y, int i) {
    return i < y->n_in && p->needs[y->in[i]->t.id];
}

static void give(pass *p, ik__node *to, ik_tensor *grad) {
    if (!grad || !p->needs[to->t.id]) return;
    ik_tensor **sum = &p->grad[to->t.id];
    *sum = *sum ? OP(IK_ADD, NULL, *sum, grad) : grad;
}

/* Sums a broadcast operand's gradient back to the operand's shape. */
static ik_tensor *unbroadcast(pass *p, ik_tensor *grad, ik_shape shape) {
    if (!grad) return NULL;
    uint32_t axes = 0;
    for (int i = 0; i < shape.rank; i++)
        if (shape.d[i] != grad->shape.d[i]) axes |= 1u << i;
    return axes ? OP(IK_SUM, IK_ATTRS(.axes = axes), grad) : grad;
}

static void grad_binary(pass *p, ik__node *y, ik_tensor *dy) {
    ik_graph *g = &p->g->pub;
    ik_tensor *a = &y->in[0]->t, *b = &y->in[1]->t, *da = dy, *db = dy;
    if (wants(p, y, 0)) {
        if (y->op == IK_MUL) da = ik_mul(g, dy, b);
        if (y->op == IK_DIV) da = ik_div(g, dy, b);
        give(p, y->in[0], unbroadcast(p, da, a->shape));
    }
    if (wants(p, y, 1)) {
        if (y->op == IK_SUB) db = ik_affine(g, dy, -1, 0);
        if (y->op == IK_MUL) db = ik_mul(g, dy, a);
        if (y->op == IK_DIV) db = ik_affine(g, ik_div(g, ik_mul(g, dy, &y->t), b), -1, 0);
        give(p, y->in[1], unbroadcast(p, db, b->shape));
    }
}

static void grad_axpby(pass *p, ik__node *y, ik_tensor *dy) {
    double factor[2] = {y->attrs.alpha, y->attrs.beta};
    for (int i = 0; i < 2; i++)
        if (wants(p, y, i))
            give(p, y->in[i], factor[i] == 1 ? dy : ik_affine(&p->g->pub, dy, factor[i], 0));
}

static void grad_unary(pass *p, ik__node *y, ik_tensor *dy) {
    ik_graph *g = &p->g->pub;
    ik_tensor *x = &y->in[0]->t, *out = &y->t, *dx = NULL;
    switch (y->op) {
    case IK_AFFINE:
        dx = y->attrs.alpha == 1 ? dy : ik_affine(g, dy, y->attrs.alpha, 0);
        break;
    case IK_LEAKY_RELU:
        dx = OP(IK_LEAKY_RELU_GRAD, IK_ATTRS(.slope = y->attrs.slope), dy, x);
        break;
    case IK_TANH:
        dx = ik_mul(g, dy, ik_affine(g, ik_mul(g, out, out), -1, 1));
        break;
    case IK_SIGMOID:
        dx = ik_mul(g, dy, ik_mul(g, out, ik_affine(g, out, -1, 1)));
        break;
    case IK_EXP:
        dx = ik_mul(g, dy, out);
        break;
    case IK_LOG:
        dx = ik_div(g, dy, x);
        break;
    case IK_SQRT:
        dx = ik_affine(g, ik_div(g, dy, out), 0.5, 0);
        break;
    default: /* ABS */
        dx = ik_mul(g, dy, OP(IK_SIGN, NULL, x));
    }
    give(p, y->in[0], dx);
}

static void grad_shape(pass *p, ik__node *y, ik_tensor *dy) {
    const ik_attrs *a = &y->attrs;
    ik_shape x = y->in[0]->t.shape;
    ik_tensor *dx = NULL;
    switch (y->op) {
    case IK_RESHAPE:
        dx = OP(IK_RESHAPE, IK_ATTRS(.shape = x), dy);
        break;
    case IK_SUM:
        dx = OP(IK_BROADCAST, IK_ATTRS(.shape = x), dy);
        break;
    case IK_BROADCAST:
        dx = unbroadcast(p, dy, x);
        break;
    case IK_ROWS:
    case IK_SLICE: {
        int axis = y->op == IK_ROWS ? 0 : a->axis;
        dx = OP(IK_PAD_SLICE, IK_ATTRS(.axis = axis, .start = a->start, .length = x.d[axis]), dy);
        break;
    }
    case IK_PAD_SLICE:
        dx = ik_slice(&p->g->pub, dy, a->axis, a->start, x.d[a->axis]);
        break;
    default: { /* PERMUTE */
        ik_attrs back = {.shape = {.rank = x.rank}};
        for (int i = 0; i < x.rank; i++) back.shape.d[a->shape.d[i]] = i;
        dx = OP(IK_PERMUTE, &back, dy);
    }
    }
    give(p, y->in[0], dx);
}

static void grad_concat(pass *p, ik__node *y, ik_tensor *dy) {
    int64_t start = 0;
    for (int i = 0; i < y->n_in; i++) {
        int64_t length = y->in[i]->t.shape.d[y->attrs.axis];
        if (wants(p, y, i))
            give(p, y->in[i], ik_slice(&p->g->pub, dy, y->attrs.axis, start, length));
        start += length;
    }
}

static void grad_matmul(pass *p, ik__node *y, ik_tensor *dy) {
    ik_tensor *a = &y->in[0]->t, *b = &y->in[1]->t;
    bool ta = y->attrs.transpose_a, tb = y->attrs.transpose_b;
    if (wants(p, y, 0))
        give(p, y->in[0],
             ta ? OP(IK_MATMUL, IK_ATTRS(.transpose_a = tb, .transpose_b = 1), b, dy)
                : OP(IK_MATMUL, IK_ATTRS(.transpose_b = !tb), dy, b));
    if (wants(p, y, 1))
        give(p, y->in[1],
             tb ? OP(IK_MATMUL, IK_ATTRS(.transpose_a = 1, .transpose_b = ta), dy, a)
                : OP(IK_MATMUL, IK_ATTRS(.transpose_a = !ta), a, dy));
}

static void grad_linear(pass *p, ik__node *y, ik_tensor *dy) {
    ik_tensor *x = &y->in[0]->t, *w = &y->in[1]->t;
    if (wants(p, y, 0)) give(p, y->in[0], OP(IK_MATMUL, NULL, dy, w));
    if (wants(p, y, 1)) give(p, y->in[1], OP(IK_MATMUL, IK_ATTRS(.transpose_a = 1), dy, x));
    if (wants(p, y, 2)) {
        ik_tensor *sums = OP(IK_SUM, IK_ATTRS(.axes = 1), dy);
        give(p, y->in[2], ik_reshape(&p->g->pub, sums, y->in[2]->t.shape));
    }
}

static ik_tensor *bias_grad(pass *p, ik_tensor *dy) {
    ik_tensor *s = OP(IK_SUM, IK_ATTRS(.axes = 7), dy);
    return s ? ik_reshape(&p->g->pub, s, IK_SHAPE1(s->shape.d[3])) : NULL;
}

/* Of what is convolved, and of the weights; dy is of the sums. */
static void grad_conv_operands(pass *p, ik__node *y, ik_tensor *dy) {
    ik_tensor *x = &y->in[0]->t, *w = &y->in[1]->t;
    ik_attrs a = y->attrs;
    bool back = y->op == IK_CONV2D_DX;
    if (wants(p, y, 0)) {
        a.size[0] = x->shape.d[1], a.size[1] = x->shape.d[2];
        give(p, y->in[0], OP(back ? IK_CONV2D : IK_CONV2D_DX, &a, dy, w));
    }
    if (wants(p, y, 1))
        give(p, y->in[1], OP(IK_CONV2D_DW, &y->attrs, back ? dy : x, back ? x : dy));
}

static void grad_conv(pass *p, ik__node *y, ik_tensor *dy) {
    grad_conv_operands(p, y, dy);
    if (wants(p, y, 2)) give(p, y->in[2], bias_grad(p, dy));
}

/* The slope is not negative, so that y has the sign of what was activated. */
static void grad_conv_act(pass *p, ik__node *y, ik_tensor *dy) {
    if (y->attrs.slope != 1)
        dy = OP(IK_LEAKY_RELU_GRAD, IK_ATTRS(.slope = y->attrs.slope), dy, &y->t);
    grad_conv_operands(p, y, dy);
    for (int i = 2; i < y->n_in; i++)
        if (wants(p, y, i)) give(p, y->in[i], y->in[i]->t.shape.rank == 1 ? bias_grad(p, dy) : dy);
}

static void grad_resize(pass *p, ik__node *y, ik_tensor *dy) {
    ik_tensor *x = &y->in[0]->t, *dx = NULL;
    ik_attrs a = y->attrs;
    a.size[0] = x->shape.d[1], a.size[1] = x->shape.d[2];
    if (y->op == IK_UPSAMPLE) dx = OP(IK_UPSAMPLE_GRAD, &a, dy);
    if (y->op == IK_BILINEAR) dx = OP(IK_BILINEAR_GRAD, &a, dy);
    if (y->op == IK_AVG_POOL) dx = OP(IK_AVG_POOL_GRAD, &a, dy);
    if (y->op == IK_MAX_POOL) dx = OP(IK_MAX_POOL_GRAD, &a, dy, x);
    give(p, y->in[0], dx);
}

/* Statistics taken from x itself fold into one gradient; others pass theirs on. */
static bool own_moments(const ik__node *stats, const ik__node *x) {
    return stats->op == IK_MOMENTS && stats->in[0] == x;
}

static void grad_normalize(pass *p, ik__node *y, ik_tensor *dy) {
    ik__node *x = y->in[0], *stats = y->in[1];
    ik_tensor *dstats = NULL, *dx = NULL;
    if (p->needs[stats->t.id]) dstats = OP(IK_NORMALIZE_DSTATS, &y->attrs, dy, &x->t, &stats->t);
    bool fold = dstats && own_moments(stats, x);
    if (wants(p, y, 0))
        dx = fold ? OP(IK_NORMALIZE_DX, &y->attrs, dy, &x->t, &stats->t, dstats)
                  : OP(IK_NORMALIZE_DX, &y->attrs, dy, &x->t, &stats->t);
    give(p, x, dx);
    if (dstats && !fold) give(p, stats, dstats);
}

static void grad_moments(pass *p, ik__node *y, ik_tensor *dy) {
    give(p, y->in[0], OP(IK_MOMENTS_DX, &y->attrs, &y->in[0]->t, &y->t, dy));
}

static void grad_modulate(pass *p, ik__node *y, ik_tensor *dy) {
    ik_tensor *in[7];
    in[0] = dy;
    for (int i = 0; i < 5; i++) in[i + 1] = &y->in[i]->t;
    ik__node *x = y->in[0], *stats = y->in[1];
    bool tables = wants(p, y, 2) || wants(p, y, 3) || p->needs[stats->t.id];
    ik_tensor *d = tables ? op(p, IK_MODULATE_DTABLES, &y->attrs, 6, in) : NULL;
    for (int i = 0; i < 2; i++)
        if (wants(p, y, 2 + i))
            give(p, y->in[2 + i],
                 ik_reshape(&p->g->pub, ik_slice(&p->g->pub, d, 0, i, 1), y->in[2]->t.shape));
    bool fold = false;
    if (p->needs[stats->t.id]) {
        in[6] = OP(IK_MODULATE_DSTATS, &y->attrs, d, in[3], in[2]);
        fold = own_moments(stats, x);
        if (!fold) give(p, stats, in[6]);
    }
    if (wants(p, y, 0)) give(p, x, op(p, IK_MODULATE_DX, &y->attrs, fold ? 7 : 6, in));
}

static void grad_maps(pass *p, ik__node *y, ik_tensor *dy) {
    ik_attrs a = y->attrs;
    ik_tensor *first = &y->in[0]->t, *second = &y->in[1]->t;
    switch (y->op) {
    case IK_LOOKUP:
        a = (ik_attrs){.length = first->shape.d[1], .per_sample = first->shape.d[0] > 1};
        give(p, y->in[0], OP(IK_SEGMENT_SUM, &a, dy, second));
        break;
    case IK_SEGMENT_SUM: {
        ik_tensor *dx = OP(IK_LOOKUP, NULL, dy, second);
        give(p, y->in[0], dx);
        break;
    }
    case IK_LABEL_CONV:
        a.length = second->shape.d[1];
        give(p, y->in[1], OP(IK_LABEL_CONV_DW, &a, dy, first));
        break;
    default: /* PATCHES, SEGMENT_PATCHES */
        a.size[0] = first->shape.d[1], a.size[1] = first->shape.d[2];
        give(p, y->in[0],
             OP(y->op == IK_PATCHES ? IK_PATCHES_GRAD : IK_SEGMENT_PATCHES_GRAD, &a, dy, second));
    }
}

/* By way of the ops it was made of. */
static void grad_lookup_affine(pass *p, ik__node *y, ik_tensor *dy) {
    ik_tensor *a = &y->in[0]->t, *of = &y->in[2]->t, *n = &y->in[3]->t, *by = &y->in[4]->t;
    ik_attrs sum = {.length = a->shape.d[1], .per_sample = a->shape.d[0] > 1},
             sum_by = {.length = n->shape.d[1], .per_sample = n->shape.d[0] > 1},
             part = {.axis = 2, .start = y->attrs.start, .length = 1};
    ik_shape flat = IK_SHAPE3(n->shape.d[0], n->shape.d[1], a->shape.d[2]);
    bool halves = n->shape.rank == 4;
    if (wants(p, y, 1)) give(p, y->in[1], OP(IK_SEGMENT_SUM, &sum, dy, of));
    if (wants(p, y, 0)) {
        ik_tensor *rows =
            halves ? OP(IK_RESHAPE, IK_ATTRS(.shape = flat), OP(IK_SLICE, &part, n)) : n;
        ik_tensor *da = OP(IK_MUL, NULL, dy, OP(IK_LOOKUP, NULL, rows, by));
        give(p, y->in[0], OP(IK_SEGMENT_SUM, &sum, da, of));
    }
    if (wants(p, y, 3)) {
        ik_tensor *dn = OP(IK_MUL, NULL, dy, OP(IK_LOOKUP, NULL, a, of));
        dn = OP(IK_SEGMENT_SUM, &sum_by, dn, by);
        ik_attrs whole = {.axis = 2, .start = y->attrs.start, .length = halves ? n->shape.d[2] : 1};
        ik_shape row = IK_SHAPE4(flat.d[0], flat.d[1], 1, flat.d[2]);
        if (halves) dn = OP(IK_PAD_SLICE, &whole, OP(IK_RESHAPE, IK_ATTRS(.shape = row), dn));
        give(p, y->in[3], dn);
    }
}

static void grad_spectral(pass *p, ik__node *y, ik_tensor *dy) {
    give(p, y->in[0], OP(IK_SPECTRAL_GRAD, NULL, dy, &y->in[0]->t, &y->in[1]->t));
}

static void grad_custom(pass *p, ik__node *y, ik_tensor *dy) {
    bool wanted[IK_MAX_INPUTS];
    ik_tensor *dx[IK_MAX_INPUTS] = {NULL};
    for (int i = 0; i < y->n_in; i++) wanted[i] = wants(p, y, i);
    ik__custom_gradient(p->g, y, dy, wanted, dx);
    for (int i = 0; i < y->n_in; i++)
        if (wanted[i]) give(p, y->in[i], dx[i]);
}

static void (*const rules[IK_OP_COUNT])(pass *, ik__node *, ik_tensor *) = {
    [IK_ADD] = grad_binary,
    [IK_SUB] = grad_binary,
    [IK_MUL] = grad_binary,
    [IK_DIV] = grad_binary,
    [IK_AXPBY] = grad_axpby,
    [IK_AFFINE] = grad_unary,
    [IK_LEAKY_RELU] = grad_unary,
    [IK_TANH] = grad_unary,
    [IK_SIGMOID] = grad_unary,
    [IK_EXP] = grad_unary,
    [IK_LOG] = grad_unary,
    [IK_SQRT] = grad_unary,
    [IK_ABS] = grad_unary,
    [IK_RESHAPE] = grad_shape,
    [IK_SUM] = grad_shape,
    [IK_BROADCAST] = grad_shape,
    [IK_ROWS] = grad_shape,
    [IK_SLICE] = grad_shape,
    [IK_PAD_SLICE] = grad_shape,
    [IK_PERMUTE] = grad_shape,
    [IK_CONCAT] = grad_concat,
    [IK_MATMUL] = grad_matmul,
    [IK_LINEAR] = grad_linear,
    [IK_CONV2D] = grad_conv,
    [IK_CONV2D_DX] = grad_conv,
    [IK_UPSAMPLE] = grad_resize,
    [IK_BILINEAR] = grad_resize,
    [IK_AVG_POOL] = grad_resize,
    [IK_MAX_POOL] = grad_resize,
    [IK_NORMALIZE] = grad_normalize,
    [IK_MOMENTS] = grad_moments,
    [IK_MODULATE] = grad_modulate,
    [IK_LOOKUP] = grad_maps,
    [IK_LOOKUP_AFFINE] = grad_lookup_affine,
    [IK_SEGMENT_SUM] = grad_maps,
    [IK_LABEL_CONV] = grad_maps,
    [IK_PATCHES] = grad_maps,
    [IK_SEGMENT_PATCHES] = grad_maps,
    [IK_SPECTRAL_SCALE] = grad_spectral,
    [IK_CUSTOM] = grad_custom,
    [IK_CONV2D_ACT] = grad_conv_act,
};

static ik__node *reshaped(ik__node *n) {
    while (n->op == IK_RESHAPE) n = n->in[0];
    return n;
}

/* A gradient is written straight into its parameter's slot, so it must be a node's own storage,
 * whatever its shape, and serve one parameter only. */
static ik_tensor *own(pass *p, ik_tensor *grad, int done, ik_tensor *const *grads) {
    ik__node *n = reshaped(ik__node_of(grad));
    bool shared = ik__is_view(n->op) || ik__is_leaf(n->op) || n->t.id < p->n;
    for (int i = 0; i < done; i++) shared |= grads[i] && reshaped(ik__node_of(grads[i])) == n;
    return shared ? ik_affine(&p->g->pub, grad, 1, 0) : grad;
}

void ik__backward(ik__graph *g, ik_tensor *loss, int n, ik__node *const *wrt, ik_tensor **grads) {
    for (int i = 0; i < n; i++) grads[i] = NULL;
    if (g->failed || !loss) return;
    pass state = {g, g->n, calloc((size_t)g->n, sizeof(bool)),
                  calloc((size_t)g->n, sizeof(ik_tensor *))};
    pass *p = &state;
    if (!p->needs || !p->grad) {
        ik__graph_fail(g, "out of memory while deriving gradients");
        goto end;
    }
    for (int i = 0; i < n; i++) p->needs[wrt[i]->t.id] = true;
    for (int id = 0; id < p->n; id++) {
        const ik__node *y = g->nodes[id];
        if (!rules[y->op]) continue;
        for (int k = 0; k < y->n_in; k++) p->needs[id] |= p->needs[y->in[k]->t.id];
    }
    if (p->needs[loss->id])
        p->grad[loss->id] =
            ik__record(g, IK_FILL, IK_ATTRS(.shape = loss->shape, .alpha = 1), 0, NULL);
    for (int id = p->n - 1; id >= 0; id--) {
        ik__node *y = g->nodes[id];
        if (!p->grad[id] || !rules[y->op] || !p->needs[id]) continue;
        rules[y->op](p, y, p->grad[id]);
    }
    for (int i = 0; i < n; i++)
        if (p->grad[wrt[i]->t.id]) grads[i] = own(p, p->grad[wrt[i]->t.id], i, grads);
end:
    free(p->needs);
    free(p->grad);
}
