/* Cases: elementwise ops, sums, and ops that move elements. */
#ifndef OP_CASES_ELEMENTWISE_H
#define OP_CASES_ELEMENTWISE_H

#include "op_case.h"

/* x used twice by one node, and y by two. */
static inline ik_tensor *twice(ik_graph *g, const op_case *c, ik_tensor *const *in) {
    ik_tensor *y = ik_op2(g, c->op, &c->attrs, in[0], in[0]);
    return ik_add(g, ik_mul(g, y, in[0]), y);
}
/* The gradient takes one of two ways only. */
static inline ik_tensor *stopped(ik_graph *g, const op_case *c, ik_tensor *const *in) {
    (void)c;
    return ik_mul(g, ik_stop_gradient(g, in[0]), in[0]);
}
/* Two parameters whose gradients are one tensor, and one whose gradient is a view. */
static inline ik_tensor *shared(ik_graph *g, const op_case *c, ik_tensor *const *in) {
    (void)c;
    ik_tensor *sum = ik_add(g, in[0], in[1]);
    return ik_add(g, sum, ik_reshape(g, in[2], sum->shape));
}
/* Overlapping slices of one tensor. */
static inline ik_tensor *overlapping(ik_graph *g, const op_case *c, ik_tensor *const *in) {
    int axis = c->attrs.axis;
    int64_t n = in[0]->shape.d[axis] - 1;
    return ik_mul(g, ik_slice(g, in[0], axis, 0, n), ik_slice(g, in[0], axis, 1, n));
}

#define UNARY(code, KIND, ...)                                                                     \
    {.op = code, .in = {KIND(17)}, .attrs = {__VA_ARGS__}},                                        \
        {.op = code, .in = {KIND(3, 5)}, .attrs = {__VA_ARGS__}},                                  \
        {.op = code, .in = {KIND(1, 1, 1, 1)}, .attrs = {__VA_ARGS__}},                            \
        {.op = code, .in = {KIND(3, 5, 3, 3)}, .attrs = {__VA_ARGS__}},                            \
        {.op = code, .in = {KIND(2, 1, 3, 5, 7)}, .attrs = {__VA_ARGS__}}, {                       \
        .what = "large", .op = code, .in = {KIND(3, 67, 33, 17)}, .attrs = {__VA_ARGS__},          \
        .kinks = true                                                                              \
    }
#define BINARY_OF(code, text, A, B)                                                                \
    {                                                                                              \
        .what = text, .op = code, .in = { A, B }                                                   \
    }
#define BINARY(code)                                                                               \
    BINARY_OF(code, "equal", REAL(17), AWAY(17)),                                                  \
        BINARY_OF(code, "equal", REAL(3, 5), AWAY(3, 5)),                                          \
        BINARY_OF(code, "equal", REAL(3, 5, 3, 2), AWAY(3, 5, 3, 2)),                              \
        BINARY_OF(code, "one of the second", REAL(3, 17), AWAY(1, 1)),                             \
        BINARY_OF(code, "channels of the second", REAL(3, 3, 5, 17), AWAY(1, 1, 1, 17)),           \
        BINARY_OF(code, "channels of the first", REAL(1, 1, 1, 17), AWAY(3, 3, 5, 17)),            \
        BINARY_OF(code, "samples' channels of the second", REAL(3, 3, 5, 7), AWAY(3, 1, 1, 7)),    \
        BINARY_OF(code, "pixels of the second", REAL(3, 3, 5, 7), AWAY(3, 3, 5, 1)),               \
        BINARY_OF(code, "pixels of the first", REAL(1, 3, 5, 1), AWAY(3, 3, 5, 7)),                \
        BINARY_OF(code, "both sides", REAL(3, 1), AWAY(1, 17)),                                    \
        BINARY_OF(code, "both sides", REAL(3, 1, 5), AWAY(1, 4, 5)),                               \
        BINARY_OF(code, "both sides", REAL(2, 1, 3, 1, 5), AWAY(1, 4, 3, 2, 1)), {                 \
        .what = "large, channels of the second", .op = code,                                       \
        .in = {REAL(3, 65, 33, 17), AWAY(1, 1, 1, 17)}, .kinks = true                              \
    }
#define SUM_OF(bits, ...)                                                                          \
    {                                                                                              \
        .op = IK_SUM, .attrs = {.axes = bits}, .in = { REAL(__VA_ARGS__) }                         \
    }

static const op_case elementwise_cases[] = {
    {.op = IK_FILL, .attrs = {.shape = SHAPE(3, 5), .alpha = 1.25}},
    {.op = IK_FILL, .attrs = {.shape = SHAPE(2, 1, 3, 5, 7), .alpha = -3}},
    {.op = IK_RANDN, .attrs = {.shape = SHAPE(3, 5, 7, 17), .stream = 5}},
    {.op = IK_RANDN, .attrs = {.shape = SHAPE(1, 3), .stream = 6}},
    {.op = IK_RAMP, .attrs = {.shape = SHAPE(3, 5, 7, 2), .axis = 2, .alpha = 0.25, .beta = -1}},
    {.op = IK_RAMP, .attrs = {.shape = SHAPE(17), .alpha = 2}},
    UNARY(IK_DROPOUT, REAL, .alpha = 0.5, .stream = 7),
    {.what = "none", .op = IK_DROPOUT, .attrs = {.stream = 7}, .in = {REAL(3, 5)}},
    {.what = "most", .op = IK_DROPOUT, .attrs = {.alpha = 0.9, .stream = 8}, .in = {REAL(3, 35)}},
    UNARY(IK_SOFTMAX, REAL),
    {.op = IK_SOFTMAX_GRAD, .in = {REAL(3, 5), POSITIVE(3, 5)}, .constant = true},
    {.what = "far from 0", .op = IK_SOFTMAX, .in = {FAR(3, 5)}},
    UNARY(IK_AFFINE, REAL, .alpha = -0.75, .beta = 0.5),
    {.what = "alpha 1", .op = IK_AFFINE, .attrs = {.alpha = 1, .beta = 2}, .in = {REAL(3, 5)}},
    {.what = "alpha 0", .op = IK_AFFINE, .attrs = {.alpha = 0, .beta = 2}, .in = {REAL(3, 5)}},
    UNARY(IK_LEAKY_RELU, AWAY, .slope = 0.2),
    {.what = "slope 0", .op = IK_LEAKY_RELU, .in = {AWAY(3, 5, 7, 3)}},
    {.what = "zeros",
     .op = IK_LEAKY_RELU,
     .attrs = {.slope = 0.2},
     .in = {TIES(65)},
     .kinks = true},
    {.op = IK_LEAKY_RELU_GRAD,
     .attrs = {.slope = 0.2},
     .in = {REAL(3, 17), TIES(3, 17)},
     .constant = true},
    UNARY(IK_TANH, REAL),
    UNARY(IK_SIGMOID, REAL),
    UNARY(IK_EXP, REAL),
    UNARY(IK_LOG, POSITIVE),
    UNARY(IK_SQRT, POSITIVE),
    UNARY(IK_ABS, AWAY),
    {.what = "zeros", .op = IK_ABS, .in = {TIES(65)}, .kinks = true},
    {.op = IK_SIGN, .in = {TIES(3, 5, 7, 3)}, .constant = true},
    BINARY(IK_ADD),
    BINARY(IK_SUB),
    BINARY(IK_MUL),
    BINARY(IK_DIV),
    {.op = IK_AXPBY, .attrs = {.alpha = 0.75, .beta = -2}, .in = {REAL(3, 17), REAL(3, 17)}},
    {.op = IK_AXPBY,
     .attrs = {.alpha = 1, .beta = 0.5},
     .in = {REAL(3, 5, 7, 3), REAL(3, 5, 7, 3)}},
    {.what = "of itself", .op = IK_ADD, .in = {REAL(3, 17)}, .record = twice},
    {.what = "of itself", .op = IK_SUB, .in = {REAL(3, 17)}, .record = twice},
    {.what = "of itself", .op = IK_MUL, .in = {REAL(3, 17)}, .record = twice},
    {.what = "of itself", .op = IK_DIV, .in = {AWAY(3, 17)}, .record = twice},
    {.what = "one gradient for all",
     .op = IK_ADD,
     .in = {REAL(3, 4), REAL(3, 4), REAL(2, 6)},
     .record = shared},
    SUM_OF(1, 17),
    SUM_OF(1, 3, 5),
    SUM_OF(2, 3, 5),
    SUM_OF(3, 17, 3),
    SUM_OF(0, 3, 5),
    SUM_OF(1, 3, 5, 7),
    SUM_OF(2, 3, 5, 7),
    SUM_OF(5, 3, 5, 7),
    SUM_OF(4, 3, 5, 7),
    SUM_OF(7, 3, 5, 7, 17),
    SUM_OF(6, 3, 5, 7, 17),
    SUM_OF(8, 3, 5, 7, 17),
    SUM_OF(15, 3, 5, 7, 3),
    SUM_OF(10, 3, 5, 4, 3),
    SUM_OF(21, 2, 3, 4, 3, 2),
    SUM_OF(10, 2, 3, 4, 3, 2),
    {.what = "large", .op = IK_SUM, .attrs = {.axes = 7}, .in = {REAL(3, 65, 67, 17)}, .kinks = 1},
    {.what = "large", .op = IK_SUM, .attrs = {.axes = 15}, .in = {REAL(3, 65, 67, 17)}, .kinks = 1},
    {.what = "large", .op = IK_SUM, .attrs = {.axes = 6}, .in = {REAL(3, 65, 67, 17)}, .kinks = 1},
    {.what = "large", .op = IK_SUM, .attrs = {.axes = 8}, .in = {REAL(3, 65, 67, 17)}, .kinks = 1},
    {.op = IK_BROADCAST, .attrs = {.shape = SHAPE(3, 17)}, .in = {REAL(1, 17)}},
    {.op = IK_BROADCAST, .attrs = {.shape = SHAPE(3, 17)}, .in = {REAL(3, 1)}},
    {.op = IK_BROADCAST, .attrs = {.shape = SHAPE(3, 5, 7, 3)}, .in = {REAL(1, 1, 1, 3)}},
    {.op = IK_BROADCAST, .attrs = {.shape = SHAPE(3, 5, 7, 3)}, .in = {REAL(3, 1, 1, 3)}},
    {.op = IK_BROADCAST, .attrs = {.shape = SHAPE(3, 5, 7, 3)}, .in = {REAL(1, 5, 1, 3)}},
    {.op = IK_BROADCAST, .attrs = {.shape = SHAPE(2, 3, 2, 5, 3)}, .in = {REAL(2, 1, 2, 1, 3)}},
    {.op = IK_BROADCAST, .attrs = {.shape = SHAPE(3, 5)}, .in = {REAL(3, 5)}},
    {.op = IK_STOP, .in = {REAL(3, 5)}, .constant = true},
    {.what = "beside a way", .op = IK_STOP, .in = {REAL(3, 5)}, .record = stopped, .kinks = true},
};

static const op_case shape_cases[] = {
    {.op = IK_RESHAPE, .attrs = {.shape = SHAPE(5, 3)}, .in = {REAL(3, 5)}},
    {.op = IK_RESHAPE, .attrs = {.shape = SHAPE(3, 1, 1, 35)}, .in = {REAL(3, 5, 7)}},
    {.op = IK_RESHAPE, .attrs = {.shape = SHAPE(3, 35)}, .in = {MAP(9, 3, 5, 7)}},
    {.op = IK_ROWS, .attrs = {.start = 1, .length = 2}, .in = {REAL(3, 5)}},
    {.op = IK_ROWS, .attrs = {.start = 2, .length = 1}, .in = {REAL(3, 5, 3, 17)}},
    {.op = IK_ROWS, .attrs = {.start = 3, .length = 3}, .in = {REAL(6, 3)}},
    {.op = IK_ROWS, .attrs = {.start = 1, .length = 2}, .in = {MAP(9, 3, 5, 7)}},
    {.what = "overlapping", .op = IK_ROWS, .in = {REAL(5, 3)}, .record = overlapping},
    {.what = "overlapping",
     .op = IK_SLICE,
     .attrs = {.axis = 2},
     .in = {REAL(3, 2, 5)},
     .record = overlapping},
    {.op = IK_CONCAT, .attrs = {.axis = 0}, .in = {REAL(3), REAL(5)}},
    {.op = IK_CONCAT, .attrs = {.axis = 0}, .in = {REAL(1, 5, 3, 2), REAL(2, 5, 3, 2)}},
    {.op = IK_CONCAT, .attrs = {.axis = 1}, .in = {REAL(3, 1), REAL(3, 17)}},
    {.op = IK_CONCAT, .attrs = {.axis = 1}, .in = {REAL(3, 2, 5), REAL(3, 1, 5), REAL(3, 3, 5)}},
    {.op = IK_CONCAT,
     .attrs = {.axis = 3},
     .in = {REAL(3, 3, 5, 3), REAL(3, 3, 5, 17), REAL(3, 3, 5, 1)}},
    {.op = IK_CONCAT, .attrs = {.axis = 3}, .in = {REAL(1, 3, 5, 3)}},
    {.op = IK_CONCAT, .attrs = {.axis = 3}, .in = {REAL(2, 1, 3, 2, 2), REAL(2, 1, 3, 1, 2)}},
    {.op = IK_CONCAT, .attrs = {.axis = 0}, .in = {MAP(9, 1, 5, 7), GAPS(9, 2, 5, 7)}},
    {.what = "large",
     .op = IK_CONCAT,
     .attrs = {.axis = 3},
     .in = {REAL(3, 65, 67, 3), REAL(3, 65, 67, 17)},
     .kinks = true},
    {.op = IK_SLICE, .attrs = {.axis = 0, .start = 1, .length = 2}, .in = {REAL(4, 3)}},
    {.op = IK_SLICE, .attrs = {.axis = 1, .start = 2, .length = 3}, .in = {REAL(3, 17)}},
    {.op = IK_SLICE, .attrs = {.axis = 1, .start = 0, .length = 2}, .in = {REAL(3, 5, 3)}},
    {.op = IK_SLICE, .attrs = {.axis = 2, .start = 4, .length = 1}, .in = {REAL(3, 3, 5, 3)}},
    {.op = IK_SLICE, .attrs = {.axis = 3, .start = 3, .length = 14}, .in = {REAL(3, 3, 5, 17)}},
    {.op = IK_SLICE, .attrs = {.axis = 3, .start = 1, .length = 2}, .in = {REAL(2, 1, 3, 4, 3)}},
    {.op = IK_SLICE, .attrs = {.axis = 2, .start = 1, .length = 5}, .in = {GAPS(9, 3, 5, 7)}},
    {.op = IK_PAD_SLICE, .attrs = {.axis = 0, .start = 1, .length = 4}, .in = {REAL(2, 3)}},
    {.op = IK_PAD_SLICE, .attrs = {.axis = 1, .start = 0, .length = 5}, .in = {REAL(3, 2, 7)}},
    {.op = IK_PAD_SLICE, .attrs = {.axis = 3, .start = 3, .length = 20}, .in = {REAL(3, 3, 5, 17)}},
    {.op = IK_PAD_SLICE, .attrs = {.axis = 2, .start = 2, .length = 5}, .in = {REAL(1, 3, 3, 1)}},
    {.op = IK_PAD_SLICE,
     .attrs = {.axis = 4, .start = 0, .length = 3},
     .in = {REAL(2, 1, 3, 2, 3)}},
    {.op = IK_PERMUTE, .attrs = {.shape = {.d = {1, 0}}}, .in = {REAL(3, 17)}},
    {.op = IK_PERMUTE, .attrs = {.shape = {.d = {2, 0, 1}}}, .in = {REAL(3, 5, 7)}},
    {.op = IK_PERMUTE, .attrs = {.shape = {.d = {0, 3, 1, 2}}}, .in = {REAL(3, 3, 5, 17)}},
    {.op = IK_PERMUTE, .attrs = {.shape = {.d = {0, 2, 3, 1}}}, .in = {REAL(3, 17, 3, 5)}},
    {.op = IK_PERMUTE, .attrs = {.shape = {.d = {0, 1, 2, 3}}}, .in = {REAL(3, 1, 2, 3)}},
    {.op = IK_PERMUTE, .attrs = {.shape = {.d = {3, 4, 1, 0, 2}}}, .in = {REAL(2, 3, 1, 5, 4)}},
    {.op = IK_PERMUTE, .attrs = {.shape = {.d = {0, 2, 1}}}, .in = {MAP(9, 3, 5, 7)}},
};

#endif
