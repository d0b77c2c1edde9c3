/* Elementwise ops: of one input, of two where dimensions of 1 are repeated, and a sum of multiples.
 */
#include "rules.h"

static bool infer_binary(ik__shaping *s) {
    REQUIRE(s->in[0]->dtype == IK_F32 && s->in[1]->dtype == IK_F32,
            "a map cannot be calculated with");
    ik_shape a = s->in[0]->shape, b = s->in[1]->shape, *out = &s->out->shape;
    REQUIRE(a.rank == b.rank, "the ranks differ");
    *out = a;
    for (int i = 0; i < a.rank; i++) {
        REQUIRE(a.d[i] == b.d[i] || a.d[i] == 1 || b.d[i] == 1, "axis %d does not fit", i);
        out->d[i] = a.d[i] > b.d[i] ? a.d[i] : b.d[i];
    }
    return true;
}

static bool infer_axpby(ik__shaping *s) {
    REQUIRE(ik_same_shape(s->in[0]->shape, s->in[1]->shape), "the shapes differ");
    s->out->shape = s->in[0]->shape;
    return true;
}

static void grad_affine(ik__pass *p, ik__node *y, ik_tensor *dy) {
    double alpha = y->attrs.alpha;
    ik__give(p, y->in[0], alpha == 1 ? dy : ik_affine(&p->g->pub, dy, alpha, 0));
}

static void grad_leaky_relu(ik__pass *p, ik__node *y, ik_tensor *dy) {
    ik__give(p, y->in[0],
             OP(IK_LEAKY_RELU_GRAD, IK_ATTRS(.slope = y->attrs.slope), dy, &y->in[0]->t));
}

static bool infer_dropout(ik__shaping *s) {
    REQUIRE(s->a->alpha >= 0 && s->a->alpha < 1, "the share must be from 0 to below 1");
    return ik__infer_same(s);
}

/* The same numbers are drawn again: no mask is kept. */
static void grad_dropout(ik__pass *p, ik__node *y, ik_tensor *dy) {
    ik__give(p, y->in[0], OP(IK_DROPOUT, &y->attrs, dy));
}

static void grad_softmax(ik__pass *p, ik__node *y, ik_tensor *dy) {
    ik__give(p, y->in[0], OP(IK_SOFTMAX_GRAD, NULL, dy, &y->t));
}

static bool infer_softmax(ik__shaping *s) {
    REQUIRE(s->in[0]->shape.rank > 0, "a scalar has no last axis");
    return ik__infer_same(s);
}

static void grad_tanh(ik__pass *p, ik__node *y, ik_tensor *dy) {
    ik_graph *g = &p->g->pub;
    ik__give(p, y->in[0], ik_mul(g, dy, ik_affine(g, ik_mul(g, &y->t, &y->t), -1, 1)));
}

static void grad_sigmoid(ik__pass *p, ik__node *y, ik_tensor *dy) {
    ik_graph *g = &p->g->pub;
    ik__give(p, y->in[0], ik_mul(g, dy, ik_mul(g, &y->t, ik_affine(g, &y->t, -1, 1))));
}

static void grad_exp(ik__pass *p, ik__node *y, ik_tensor *dy) {
    ik__give(p, y->in[0], ik_mul(&p->g->pub, dy, &y->t));
}

static void grad_log(ik__pass *p, ik__node *y, ik_tensor *dy) {
    ik__give(p, y->in[0], ik_div(&p->g->pub, dy, &y->in[0]->t));
}

static void grad_sqrt(ik__pass *p, ik__node *y, ik_tensor *dy) {
    ik_graph *g = &p->g->pub;
    ik__give(p, y->in[0], ik_affine(g, ik_div(g, dy, &y->t), 0.5, 0));
}

static void grad_abs(ik__pass *p, ik__node *y, ik_tensor *dy) {
    ik__give(p, y->in[0], ik_mul(&p->g->pub, dy, OP(IK_SIGN, NULL, &y->in[0]->t)));
}

/* To operand i of two, one of which may have been repeated. */
static void give_operand(ik__pass *p, ik__node *y, int i, ik_tensor *grad) {
    ik__give(p, y->in[i], ik__unbroadcast(p, grad, y->in[i]->t.shape));
}

static void grad_add(ik__pass *p, ik__node *y, ik_tensor *dy) {
    for (int i = 0; i < 2; i++)
        if (ik__wants(p, y, i)) give_operand(p, y, i, dy);
}

static void grad_sub(ik__pass *p, ik__node *y, ik_tensor *dy) {
    if (ik__wants(p, y, 0)) give_operand(p, y, 0, dy);
    if (ik__wants(p, y, 1)) give_operand(p, y, 1, ik_affine(&p->g->pub, dy, -1, 0));
}

static void grad_mul(ik__pass *p, ik__node *y, ik_tensor *dy) {
    for (int i = 0; i < 2; i++)
        if (ik__wants(p, y, i)) give_operand(p, y, i, ik_mul(&p->g->pub, dy, &y->in[!i]->t));
}

static void grad_div(ik__pass *p, ik__node *y, ik_tensor *dy) {
    ik_graph *g = &p->g->pub;
    ik_tensor *b = &y->in[1]->t;
    if (ik__wants(p, y, 0)) give_operand(p, y, 0, ik_div(g, dy, b));
    if (ik__wants(p, y, 1))
        give_operand(p, y, 1, ik_affine(g, ik_div(g, ik_mul(g, dy, &y->t), b), -1, 0));
}

static void grad_axpby(ik__pass *p, ik__node *y, ik_tensor *dy) {
    double factor[2] = {y->attrs.alpha, y->attrs.beta};
    for (int i = 0; i < 2; i++)
        if (ik__wants(p, y, i))
            ik__give(p, y->in[i], factor[i] == 1 ? dy : ik_affine(&p->g->pub, dy, factor[i], 0));
}

RULE(AFFINE, SAME_SHAPE, grad_affine);
RULE(LEAKY_RELU, SAME_SHAPE, grad_leaky_relu);
RULE(LEAKY_RELU_GRAD, SAME_SHAPE, NO_GRADIENT); /* nobody differentiates twice */
RULE(DROPOUT, infer_dropout, grad_dropout);
RULE(SOFTMAX, infer_softmax, grad_softmax);
RULE(SOFTMAX_GRAD, infer_softmax, NO_GRADIENT);
RULE(TANH, SAME_SHAPE, grad_tanh);
RULE(SIGMOID, SAME_SHAPE, grad_sigmoid);
RULE(EXP, SAME_SHAPE, grad_exp);
RULE(LOG, SAME_SHAPE, grad_log);
RULE(SQRT, SAME_SHAPE, grad_sqrt);
RULE(ABS, SAME_SHAPE, grad_abs);
RULE(SIGN, SAME_SHAPE, NO_GRADIENT); /* flat */
RULE(ADD, infer_binary, grad_add);
RULE(SUB, infer_binary, grad_sub);
RULE(MUL, infer_binary, grad_mul);
RULE(DIV, infer_binary, grad_div);
RULE(AXPBY, infer_axpby, grad_axpby);
