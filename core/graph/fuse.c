/* Fusion: patterns that cost memory traffic or launches become one node.
 *
 *     normalize(x) * lookup(scale, map) + lookup(shift, map), a leaky ReLU after it: modulate
 *     lookup(a, of) * lookup(n, by) + lookup(b, of):                                 lookup_affine
 *     x w^T + bias:                                                                  linear
 *     conv2d(x, w, bias) + y, a leaky ReLU after it or after conv2d alone:           conv2d_act
 *     a x + b y:                                                                     axpby
 *
 * The last node of a pattern is rewritten where it stands, so that whoever reads it need not know.
 */
#include "graph.h"

#include <stdlib.h>

/* A named node is read once more, however many names it has. */
static void count_named(const ik__names *l, bool *named, int *uses) {
    for (int i = 0; i < l->n; i++) {
        int id = l->v[i].node->t.id;
        if (!named[id]) uses[id]++;
        named[id] = true;
    }
}

static int *count_uses(const ik__graph *g) {
    int *uses = calloc((size_t)g->n + 1, sizeof *uses);
    bool *named = calloc((size_t)g->n + 1, sizeof *named);
    if (!uses || !named) {
        free(uses), free(named);
        return NULL;
    }
    for (int i = 0; i < g->n; i++)
        for (int k = 0; k < g->nodes[i]->n_in; k++) uses[g->nodes[i]->in[k]->t.id]++;
    count_named(&g->outputs, named, uses);
    count_named(&g->assigns, named, uses);
    count_named(&g->kept, named, uses);
    free(named);
    return uses;
}

static bool once(const int *uses, const ik__node *n, ik_opcode op) {
    return n->op == op && uses[n->t.id] == 1;
}

/* Rewrites a node where it stands. */
static void become(ik__graph *g, ik__node *n, ik_opcode op, const ik_attrs *attrs, int n_in,
                   ik__node *const *in) {
    n->op = op;
    n->attrs = *attrs;
    n->n_in = n_in;
    n->in = ik__pool_alloc(g->pool, sizeof *in * (size_t)n_in);
    memcpy(n->in, in, sizeof *in * (size_t)n_in);
}

static bool fuse_affine(ik__graph *g, ik__node *add, const int *uses) {
    if (add->op != IK_ADD) return false;
    for (int side = 0; side < 2; side++) {
        ik__node *mul = add->in[side], *shift = add->in[!side];
        if (!once(uses, mul, IK_MUL) || !once(uses, shift, IK_LOOKUP)) continue;
        for (int flip = 0; flip < 2; flip++) {
            ik__node *norm = mul->in[flip], *scale = mul->in[!flip];
            if (!once(uses, norm, IK_NORMALIZE) || !once(uses, scale, IK_LOOKUP)) continue;
            if (scale->in[1] != shift->in[1] || scale->in[1]->t.shape.rank != 3 ||
                !ik_same_shape(scale->in[0]->t.shape, shift->in[0]->t.shape) ||
                !ik_same_shape(scale->t.shape, norm->t.shape)) /* the node does not broadcast */
                continue;
            int64_t groups = norm->in[1]->t.shape.d[0];
            if (groups > 1 && groups != scale->in[0]->t.shape.d[0]) continue;
            ik__node *in[] = {norm->in[0], norm->in[1], scale->in[0], shift->in[0], scale->in[1]};
            become(g, add, IK_MODULATE, IK_ATTRS(.eps = norm->attrs.eps, .slope = 1), 5, in);
            return true;
        }
    }
    return false;
}

/* A convolution that is read by one node, which can take it in. */
static bool takes_in(const int *uses, const ik__node *conv) {
    return once(uses, conv, IK_CONV2D) && (conv->n_in < 3 || conv->in[2]->t.shape.rank == 1);
}

/* Of two convolutions that are added the later one takes the other in: what it reads was made last,
 * and need not be kept for longer. */
static void fuse_residual(ik__graph *g, ik__node *add, const int *uses) {
    if (add->op != IK_ADD) return;
    int side = add->in[1]->t.id > add->in[0]->t.id;
    if (!takes_in(uses, add->in[side])) side = !side;
    ik__node *conv = add->in[side], *residual = add->in[!side];
    if (!takes_in(uses, conv) || !ik_same_shape(conv->t.shape, residual->t.shape)) return;
    ik__node *in[4];
    memcpy(in, conv->in, sizeof *in * (size_t)conv->n_in);
    in[conv->n_in] = residual;
    ik_attrs attrs = conv->attrs;
    attrs.slope = 1;
    become(g, add, IK_CONV2D_ACT, &attrs, conv->n_in + 1, in);
}

/* Slope 0 is a ReLU and fits as well; a node that has an activation already does not. */
static void fuse_activation(ik__graph *g, ik__node *act, const int *uses, int minor) {
    if (act->op != IK_LEAKY_RELU) return;
    ik__node *n = act->in[0];
    bool modulate = once(uses, n, IK_MODULATE) && n->attrs.slope == 1;
    /* Its gradient asks the result for the sign, which a negative slope turns. */
    bool conv = minor >= 1 && act->attrs.slope >= 0 &&
                (takes_in(uses, n) || (once(uses, n, IK_CONV2D_ACT) && n->attrs.slope == 1));
    if (!modulate && !conv) return;
    ik_attrs attrs = n->attrs;
    attrs.slope = act->attrs.slope;
    become(g, act, modulate ? IK_MODULATE : IK_CONV2D_ACT, &attrs, n->n_in, n->in);
}

/* What is looked up: rows of a table, or those that a slice cuts out of its rows in fours. */
static ik__node *rows_of(ik__node *table, const int *uses, int64_t *start) {
    ik__node *slice = table->op == IK_RESHAPE ? table->in[0] : NULL;
    *start = 0;
    if (!slice || uses[table->t.id] != 1 || !once(uses, slice, IK_SLICE)) return table;
    const ik_shape *from = &slice->in[0]->t.shape, *to = &table->t.shape;
    if (from->rank != 4 || slice->attrs.axis != 2 || slice->attrs.length != 1 || to->rank != 3 ||
        to->d[0] != from->d[0] || to->d[1] != from->d[1])
        return table;
    *start = slice->attrs.start;
    return slice->in[0];
}

static void fuse_lookups(ik__graph *g, ik__node *add, const int *uses) {
    for (int side = 0; side < 2 && add->op == IK_ADD; side++) {
        ik__node *mul = add->in[side], *b = add->in[!side];
        if (!once(uses, mul, IK_MUL) || !once(uses, b, IK_LOOKUP)) continue;
        for (int flip = 0; flip < 2; flip++) {
            ik__node *a = mul->in[flip], *n = mul->in[!flip];
            if (!once(uses, a, IK_LOOKUP) || !once(uses, n, IK_LOOKUP)) continue;
            if (a->in[1] != b->in[1] || !ik_same_shape(a->t.shape, n->t.shape) ||
                !ik_same_shape(a->in[0]->t.shape, b->in[0]->t.shape)) /* nothing is broadcast */
                continue;
            int64_t start;
            ik__node *in[] = {a->in[0], b->in[0], a->in[1], rows_of(n->in[0], uses, &start),
                              n->in[1]};
            become(g, add, IK_LOOKUP_AFFINE, IK_ATTRS(.start = start), 5, in);
            return;
        }
    }
}

/* x times a number, read once: x, and the number. */
static ik__node *multiple(ik__node *n, const int *uses, double *factor) {
    *factor = 1;
    if (!once(uses, n, IK_AFFINE) || n->attrs.beta != 0) return n;
    *factor = n->attrs.alpha;
    return n->in[0];
}

static void fuse_sum(ik__graph *g, ik__node *add, const int *uses) {
    if (add->op != IK_ADD || !ik_same_shape(add->in[0]->t.shape, add->in[1]->t.shape)) return;
    ik_attrs a = {0};
    ik__node *in[] = {multiple(add->in[0], uses, &a.alpha), multiple(add->in[1], uses, &a.beta)};
    if (in[0] != add->in[0] || in[1] != add->in[1]) become(g, add, IK_AXPBY, &a, 2, in);
}

static void fuse_linear(ik__graph *g, ik__node *add, const int *uses) {
    for (int side = 0; side < 2 && add->op == IK_ADD; side++) {
        ik__node *m = add->in[side], *bias = add->in[!side];
        if (!once(uses, m, IK_MATMUL) || m->t.shape.rank != 2 || m->attrs.transpose_a ||
            !m->attrs.transpose_b || bias->t.shape.d[0] != 1 ||
            bias->t.shape.d[1] != m->t.shape.d[1])
            continue;
        ik__node *in[] = {m->in[0], m->in[1], bias};
        become(g, add, IK_LINEAR, &(ik_attrs){0}, 3, in);
        return;
    }
}

void ik__fuse(ik__graph *g, int minor) {
    int *uses = count_uses(g);
    if (!uses) {
        ik__graph_fail_as(g, IK_FAILED, "out of memory while fusing");
        return;
    }
    for (int i = 0; i < g->n && minor >= 1; i++) {
        fuse_lookups(g, g->nodes[i], uses);
        fuse_linear(g, g->nodes[i], uses);
        fuse_residual(g, g->nodes[i], uses);
        fuse_sum(g, g->nodes[i], uses);
    }
    for (int i = 0; i < g->n; i++) fuse_affine(g, g->nodes[i], uses);
    for (int i = 0; i < g->n; i++) fuse_activation(g, g->nodes[i], uses, minor);
    free(uses);
}
