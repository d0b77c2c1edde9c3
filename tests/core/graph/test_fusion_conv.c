/* Convolutions that take in a residual and an activation, and those that may not. */
#include "fusion.h"
#include "model/recording.h"

/* How x is convolved and what is done with it, in this order; the low bits choose operands. */
enum {
    C_FLIPPED = 1,      /* the residual is the first operand of the sum */
    C_RESIDUAL = 2,     /* the last input is added */
    C_CONVOLVED = 4,    /* ... or another convolution of x, by the same weights */
    C_TWICE = 8,        /* ... or the convolution itself */
    C_RELU = 16,        /* slope */
    C_RELU_TWICE = 32,  /* a second one, of 0.5 */
    C_SUM_AGAIN = 64,   /* the sum and the last input */
    C_READ_CONV = 128,  /* the convolution is read once more */
    C_READ_SUM = 256,   /* what is activated is read once more */
    C_NAMED_CONV = 512, /* or is an output */
    C_KEPT_SUM = 1024,  /* or can be read after a run */
    C_WIDE_BIAS = 2048, /* a bias [1,1,1,O] */
};

static ik_tensor *convolution(ik_graph *g, const op_case *c, ik_tensor *const *in) {
    int how = c->attrs.factor;
    ik_attrs a = c->attrs;
    a.factor = 0, a.slope = 0;
    ik_tensor *last = in[op_inputs(c) - 1], *operands[3] = {in[0], in[1]};
    int n = op_inputs(c) - (last->shape.rank == 4 && op_inputs(c) > 2);
    if (n > 2) operands[2] = in[2];
    if (how & C_WIDE_BIAS)
        operands[2] = ik_reshape(g, in[2], IK_SHAPE4(1, 1, 1, in[2]->shape.d[0]));
    ik_tensor *conv = g->api->op(g, IK_CONV2D, &a, n, operands), *y = conv;
    if (how & C_NAMED_CONV) ik__names_set(ik__of(g), &ik__of(g)->outputs, "conv", conv);
    ik_tensor *more = how & C_RESIDUAL    ? last
                      : how & C_CONVOLVED ? ik_op2(g, IK_CONV2D, &a, in[0], in[1])
                      : how & C_TWICE     ? conv
                                          : NULL;
    if (more) y = how & C_FLIPPED ? ik_add(g, more, y) : ik_add(g, y, more);
    if (how & C_SUM_AGAIN) y = ik_add(g, y, last);
    if (how & C_KEPT_SUM) ik__names_set(ik__of(g), &ik__of(g)->kept, "sum", y);
    ik_tensor *sum = y;
    if (how & C_RELU) y = ik_leaky_relu(g, y, c->attrs.slope);
    if (how & C_RELU_TWICE) y = ik_leaky_relu(g, y, 0.5);
    if (how & C_READ_CONV) y = ik_mul(g, y, conv);
    if (how & C_READ_SUM) y = ik_mul(g, y, sum);
    return y;
}

#define CONVOLVED(text, way, S, ...)                                                               \
    {                                                                                              \
        .what = text, .op = IK_CONV2D_ACT, .record = convolution,                                  \
        .attrs = {KERNEL(3, 1, 1), .slope = S, .factor = way}, .in = {                             \
            __VA_ARGS__                                                                            \
        }                                                                                          \
    }
#define X3 REAL(2, 5, 7, 3), REAL(8, 3, 3, 3)
#define BIAS REAL(8)
#define ADDED REAL(2, 5, 7, 8)

/* What is left beside one conv2d_act. */
static const struct {
    op_case c;
    int convolutions, sums, activations;
} convolved[] =
    {
        {CONVOLVED("residual", C_RESIDUAL, 1, X3, ADDED), 0, 0, 0},
        {CONVOLVED("residual first", C_RESIDUAL | C_FLIPPED, 1, X3, ADDED), 0, 0, 0},
        {CONVOLVED("bias, residual", C_RESIDUAL, 1, X3, BIAS, ADDED), 0, 0, 0},
        {CONVOLVED("ReLU", C_RELU, 0, X3), 0, 0, 0},
        {CONVOLVED("bias, leaky ReLU", C_RELU, 0.2, X3, BIAS), 0, 0, 0},
        {CONVOLVED("all", C_RESIDUAL | C_RELU, 0.2, X3, BIAS, ADDED), 0, 0, 0},
        {CONVOLVED("all, flipped", C_RESIDUAL | C_FLIPPED | C_RELU, 0, X3, BIAS, ADDED), 0, 0, 0},
        {CONVOLVED("a slope above 1", C_RELU, 2, X3), 0, 0, 0},
        {CONVOLVED("slope 1, then another", C_RELU | C_RELU_TWICE, 1, X3), 0, 0, 0},
        {CONVOLVED("two convolutions", C_CONVOLVED | C_RELU, 0.2, X3, BIAS), 1, 0, 0},
        {CONVOLVED("two convolutions, flipped", C_CONVOLVED | C_FLIPPED, 1, X3, BIAS), 1, 0, 0},
        {CONVOLVED("two sums", C_RESIDUAL | C_SUM_AGAIN, 1, X3, ADDED), 0, 1, 0},
        {CONVOLVED("two sums, ReLU", C_RESIDUAL | C_SUM_AGAIN | C_RELU, 0, X3, ADDED), 0, 1, 1},
        {CONVOLVED("two activations", C_RELU | C_RELU_TWICE, 0.2, X3), 0, 0, 1},
        {CONVOLVED("the sum is read elsewhere", C_RESIDUAL | C_RELU | C_READ_SUM, 0.2, X3, ADDED),
         0, 0, 1},
        {CONVOLVED("the sum is kept", C_RESIDUAL | C_RELU | C_KEPT_SUM, 0.2, X3, ADDED), 0, 0, 1},
        {CONVOLVED("a sum, and a negative slope", C_RESIDUAL | C_RELU, -0.2, X3, ADDED), 0, 0, 1},
},
  apart[] = {
      {CONVOLVED("no more than a convolution", 0, 0, X3, BIAS), 1, 0, 0},
      {CONVOLVED("a negative slope", C_RELU, -0.2, X3), 1, 0, 1},
      {CONVOLVED("a residual of one pixel", C_RESIDUAL, 1, X3, REAL(1, 1, 1, 8)), 1, 1, 0},
      {CONVOLVED("a residual of one channel", C_RESIDUAL, 1, X3, REAL(2, 5, 7, 1)), 1, 1, 0},
      {CONVOLVED("a residual of more samples", C_RESIDUAL, 1, REAL(1, 5, 7, 3), REAL(8, 3, 3, 3),
                 ADDED),
       1, 1, 0},
      {CONVOLVED("twice itself", C_TWICE, 1, X3), 1, 1, 0},
      {CONVOLVED("it is read elsewhere", C_RELU | C_READ_CONV, 0.2, X3), 1, 0, 1},
      {CONVOLVED("added, and read elsewhere", C_RESIDUAL | C_READ_CONV, 1, X3, ADDED), 1, 1, 0},
      {CONVOLVED("it is an output", C_RELU | C_NAMED_CONV, 0.2, X3), 1, 0, 1},
      {CONVOLVED("a bias of another rank", C_WIDE_BIAS | C_RELU, 0.2, X3, BIAS), 1, 0, 1},
};

enum {
    TAKEN = sizeof convolved / sizeof *convolved,
    APART = sizeof apart / sizeof *apart,
};

static void compare(const op_case *c, int fused, int convolutions, int sums, int activations) {
    fusion_compare_all(c, (fusion_count[]){{IK_CONV2D_ACT, fused},
                                           {IK_CONV2D, convolutions},
                                           {IK_ADD, sums},
                                           {IK_LEAKY_RELU, activations},
                                           {IK_OP_COUNT, 0}});
}

START_TEST(taken_in) {
    compare(&convolved[_i].c, 1, convolved[_i].convolutions, convolved[_i].sums,
            convolved[_i].activations);
}
END_TEST

START_TEST(left_apart) {
    compare(&apart[_i].c, 0, apart[_i].convolutions, apart[_i].sums, apart[_i].activations);
}
END_TEST

/* The sum of two convolutions takes the later one's place: what that reads need not be kept. */
START_TEST(the_later_convolution) {
    for (int flipped = 0; flipped < 2; flipped++) {
        op_case c = CONVOLVED("two", C_CONVOLVED | flipped, 1, X3, BIAS);
        op_bench b = op_build(&c, "naive", true);
        int last = 0;
        for (int i = 0; i < b.program->n; i++) {
            const ik__node *n = b.program->order[i];
            if (n->op == IK_CONV2D && n->t.id < b.y->t.id) last = n->t.id;
        }
        /* The one with a bias came first, and is left. */
        ck_assert_int_eq(b.y->op, IK_CONV2D_ACT);
        ck_assert_int_eq(b.y->n_in, 3);
        ck_assert_int_eq(b.y->in[2]->t.id, last);
        ck_assert_int_eq(b.y->in[2]->n_in, 3);
        op_free(&b);
    }
}
END_TEST

START_TEST(older_backends) {
    ik__store *store = ik__store_new();
    ik__graph *g = ik__recording_new(store, NULL, &(ik_scene_info){.batch = 1});
    ik_tensor *in[OP_INPUTS] = {NULL};
    ik__names_set(g, &g->outputs, "y", op_record(g, &convolved[5].c, in));
    for (int minor = 0; minor < 2; minor++) {
        ik__fuse(g, minor);
        int made = 0;
        for (int k = 0; k < g->n; k++)
            made += g->nodes[k]->op == IK_CONV2D_ACT && g->nodes[k]->attrs.slope != 1;
        ck_assert_int_eq(made, minor);
    }
    ik__graph_free(g);
    ik__store_free(store);
}
END_TEST

int main(void) {
    return RUN_OPS("fusion_conv", {taken_in, TAKEN}, {left_apart, APART}, {the_later_convolution},
                   {older_backends});
}
