/* Products of matrices; of one for each index of the first axis, where there are three axes. */
#include "rules.h"

static bool product(ik__shaping *s, int transpose_a, int transpose_b) {
    ik_shape x = s->in[0]->shape, y = s->in[1]->shape;
    const int first = x.rank - 2; /* of the two axes of a matrix */
    REQUIRE(x.d[first + !transpose_a] == y.d[first + !!transpose_b], "the inner dimensions differ");
    s->out->shape = x;
    s->out->shape.d[first] = x.d[first + !!transpose_a];
    s->out->shape.d[first + 1] = y.d[first + !transpose_b];
    return true;
}

static bool infer_matmul(ik__shaping *s) {
    ik_shape x = s->in[0]->shape, y = s->in[1]->shape;
    REQUIRE(x.rank == y.rank && (x.rank == 2 || x.rank == 3), "both must have rank 2, or both 3");
    REQUIRE(x.rank == 2 || x.d[0] == y.d[0], "axis 0 differs");
    return product(s, s->a->transpose_a, s->a->transpose_b);
}

static bool infer_linear(ik__shaping *s) {
    ik_shape w = s->in[1]->shape;
    REQUIRE(s->in[0]->shape.rank == 2 && w.rank == 2 && ik_count(s->in[2]->shape) == w.d[0],
            "the bias needs a value for each row of the weight");
    return product(s, 0, 1);
}

static void grad_matmul(ik__pass *p, ik__node *y, ik_tensor *dy) {
    ik_tensor *a = &y->in[0]->t, *b = &y->in[1]->t;
    bool ta = y->attrs.transpose_a, tb = y->attrs.transpose_b;
    if (ik__wants(p, y, 0))
        ik__give(p, y->in[0],
                 ta ? OP(IK_MATMUL, IK_ATTRS(.transpose_a = tb, .transpose_b = 1), b, dy)
                    : OP(IK_MATMUL, IK_ATTRS(.transpose_b = !tb), dy, b));
    if (ik__wants(p, y, 1))
        ik__give(p, y->in[1],
                 tb ? OP(IK_MATMUL, IK_ATTRS(.transpose_a = 1, .transpose_b = ta), dy, a)
                    : OP(IK_MATMUL, IK_ATTRS(.transpose_a = !ta), a, dy));
}

static void grad_linear(ik__pass *p, ik__node *y, ik_tensor *dy) {
    ik_tensor *x = &y->in[0]->t, *w = &y->in[1]->t;
    if (ik__wants(p, y, 0)) ik__give(p, y->in[0], OP(IK_MATMUL, NULL, dy, w));
    if (ik__wants(p, y, 1)) ik__give(p, y->in[1], OP(IK_MATMUL, IK_ATTRS(.transpose_a = 1), dy, x));
    if (ik__wants(p, y, 2)) {
        ik_tensor *sums = OP(IK_SUM, IK_ATTRS(.axes = 1), dy);
        ik__give(p, y->in[2], ik_reshape(&p->g->pub, sums, y->in[2]->t.shape));
    }
}

RULE(MATMUL, infer_matmul, grad_matmul);
RULE(LINEAR, infer_linear, grad_linear);
