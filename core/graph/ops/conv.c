/* Convolutions of pictures; those of maps are in maps.c. */
#include "rules.h"

static int64_t groups_of(const ik_attrs *a) {
    return a->groups ? a->groups : 1;
}

static bool ranks_fit(ik__shaping *s) {
    REQUIRE(s->in[0]->shape.rank == 4 && s->in[1]->shape.rank == 4, "both must have rank 4");
    return true;
}

/* Of a convolution, or of its adjoint in x (`back`): the channels that it makes. */
static bool operands_fit(ik__shaping *s, bool back, int64_t *channels) {
    if (!ranks_fit(s)) return false;
    ik_shape x = s->in[0]->shape, w = s->in[1]->shape;
    int64_t groups = groups_of(s->a);
    *channels = back ? w.d[1] * groups : w.d[0];
    REQUIRE(x.d[3] == (back ? w.d[0] : w.d[1] * groups),
            "the channels (last axis of the first, %s of the weight) differ",
            back ? "first" : "second");
    REQUIRE(*channels % groups == 0 && w.d[0] % groups == 0,
            "%lld groups do not divide the channels", (long long)groups);
    REQUIRE(s->a->kernel[0] == w.d[2] && s->a->kernel[1] == w.d[3], "kernel and weight differ");
    return true;
}

static bool bias_fits(ik__shaping *s, int64_t channels) {
    REQUIRE(s->n < 3 || ik_count(s->in[2]->shape) == channels, "the bias does not fit");
    return true;
}

static bool infer_conv(ik__shaping *s) {
    int64_t channels;
    return operands_fit(s, false, &channels) && bias_fits(s, channels) &&
           ik__windowed(s, s->in[0]->shape, channels, &s->out->shape);
}

static bool infer_conv_dx(ik__shaping *s) {
    int64_t channels;
    if (!operands_fit(s, true, &channels) || !bias_fits(s, channels)) return false;
    ik_shape x = s->in[0]->shape, again;
    ik_shape out = IK_SHAPE4(x.d[0], s->a->size[0], s->a->size[1], channels);
    if (!ik__windowed(s, out, s->in[1]->shape.d[0], &again)) return false;
    REQUIRE(again.d[1] == x.d[1] && again.d[2] == x.d[2], "the output's size does not fit");
    s->out->shape = out;
    return true;
}

static bool infer_conv_dw(ik__shaping *s) {
    if (!ranks_fit(s)) return false;
    const ik_attrs *a = s->a;
    s->out->shape = IK_SHAPE4(s->in[1]->shape.d[3], s->in[0]->shape.d[3] / groups_of(a),
                              a->kernel[0], a->kernel[1]);
    return true;
}

static bool infer_conv_act(ik__shaping *s) {
    int64_t channels;
    if (!operands_fit(s, false, &channels)) return false;
    bool bias = s->n > 2 && s->in[2]->shape.rank == 1, residual = s->n > 2 + bias;
    REQUIRE(s->a->slope >= 0, "the slope must not be negative");
    REQUIRE(!bias || s->in[2]->shape.d[0] == channels, "the bias does not fit");
    REQUIRE(s->n <= 3 + bias, "the third must be a bias [O], the fourth a residual");
    if (!ik__windowed(s, s->in[0]->shape, channels, &s->out->shape)) return false;
    REQUIRE(!residual || ik_same_shape(s->in[s->n - 1]->shape, s->out->shape),
            "the residual does not fit");
    return true;
}

static ik_tensor *bias_grad(ik__pass *p, ik_tensor *dy) {
    ik_tensor *s = OP(IK_SUM, IK_ATTRS(.axes = 7), dy);
    return s ? ik_reshape(&p->g->pub, s, IK_SHAPE1(s->shape.d[3])) : NULL;
}

/* Of what is convolved, and of the weights; dy is of the sums. */
static void grad_operands(ik__pass *p, ik__node *y, ik_tensor *dy) {
    ik_tensor *x = &y->in[0]->t, *w = &y->in[1]->t;
    ik_attrs a = y->attrs;
    bool back = y->op == IK_CONV2D_DX;
    if (ik__wants(p, y, 0)) {
        a.size[0] = x->shape.d[1], a.size[1] = x->shape.d[2];
        ik__give(p, y->in[0], OP(back ? IK_CONV2D : IK_CONV2D_DX, &a, dy, w));
    }
    if (ik__wants(p, y, 1))
        ik__give(p, y->in[1], OP(IK_CONV2D_DW, &y->attrs, back ? dy : x, back ? x : dy));
}

static void grad_conv(ik__pass *p, ik__node *y, ik_tensor *dy) {
    grad_operands(p, y, dy);
    if (ik__wants(p, y, 2)) ik__give(p, y->in[2], bias_grad(p, dy));
}

/* The slope is not negative, so that y has the sign of what was activated. */
static void grad_conv_act(ik__pass *p, ik__node *y, ik_tensor *dy) {
    if (y->attrs.slope != 1)
        dy = OP(IK_LEAKY_RELU_GRAD, IK_ATTRS(.slope = y->attrs.slope), dy, &y->t);
    grad_operands(p, y, dy);
    for (int i = 2; i < y->n_in; i++)
        if (ik__wants(p, y, i))
            ik__give(p, y->in[i], y->in[i]->t.shape.rank == 1 ? bias_grad(p, dy) : dy);
}

RULE(CONV2D, infer_conv, grad_conv);
RULE(CONV2D_DX, infer_conv_dx, grad_conv);
RULE(CONV2D_DW, infer_conv_dw, NO_GRADIENT); /* nobody differentiates twice */
RULE(CONV2D_ACT, infer_conv_act, grad_conv_act);
