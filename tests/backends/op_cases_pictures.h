/* Cases: products, convolutions, resizing, pooling and spectral normalisation. */
#ifndef OP_CASES_PICTURES_H
#define OP_CASES_PICTURES_H

#include "op_case.h"

#define MATMUL_OF(ta, tb, A, B)                                                                    \
    {                                                                                              \
        .op = IK_MATMUL, .attrs = {.transpose_a = ta, .transpose_b = tb}, .in = { A, B }           \
    }

static const op_case product_cases[] = {
    MATMUL_OF(0, 0, REAL(3, 5), REAL(5, 7)),
    MATMUL_OF(1, 0, REAL(5, 3), REAL(5, 7)),
    MATMUL_OF(0, 1, REAL(3, 5), REAL(7, 5)),
    MATMUL_OF(1, 1, REAL(5, 3), REAL(7, 5)),
    MATMUL_OF(0, 0, REAL(1, 1), REAL(1, 1)),
    MATMUL_OF(0, 0, REAL(17, 1), REAL(1, 3)),
    MATMUL_OF(0, 1, REAL(1, 17), REAL(3, 17)),
    MATMUL_OF(1, 0, REAL(17, 1), REAL(17, 3)),
    MATMUL_OF(1, 1, REAL(1, 17), REAL(3, 1)),
    {.what = "large",
     .op = IK_MATMUL,
     .attrs = {.transpose_b = 1},
     .in = {REAL(67, 129), REAL(65, 129)},
     .kinks = true},
    {.op = IK_LINEAR, .in = {REAL(5, 7), REAL(3, 7), REAL(3)}},
    {.op = IK_LINEAR, .in = {REAL(1, 17), REAL(33, 17), REAL(1, 33)}},
    {.what = "large",
     .op = IK_LINEAR,
     .in = {REAL(67, 33), REAL(128, 33), REAL(1, 128)},
     .kinks = true},
    {.what = "large", .op = IK_MATMUL, .in = {REAL(67, 33), REAL(33, 129)}, .kinks = true},
    MATMUL_OF(0, 0, REAL(3, 2, 5), REAL(3, 5, 7)),
    MATMUL_OF(1, 0, REAL(3, 5, 2), REAL(3, 5, 7)),
    MATMUL_OF(0, 1, REAL(2, 4, 5), REAL(2, 3, 5)),
    MATMUL_OF(1, 1, REAL(2, 5, 3), REAL(2, 7, 5)),
    MATMUL_OF(0, 0, REAL(1, 1, 1), REAL(1, 1, 1)),
    {.what = "large", .op = IK_MATMUL, .in = {REAL(5, 65, 33), REAL(5, 33, 40)}, .kinks = true},
};

/* What follows uses u and v as given: only then is the derivative by w that of the contract. */
static inline ik_tensor *spectral(ik_graph *g, const op_case *c, ik_tensor *const *in) {
    ik_tensor *uvs[] = {in[0], ik_stop_gradient(g, in[1]), ik_stop_gradient(g, in[2])};
    ik_tensor *second = g->api->op(g, IK_SPECTRAL_UV, &c->attrs, 3, uvs);
    return ik_op2(g, IK_SPECTRAL_SCALE, NULL, in[0], second);
}

#define UV(again, W, O, K)                                                                         \
    {                                                                                              \
        .op = IK_SPECTRAL_UV, .attrs = {.iterate = again, .eps = 1e-12},                           \
        .in = {W, POSITIVE(O), POSITIVE(K)}, .constant = true                                      \
    }
#define SCALE(W, O, K)                                                                             \
    {                                                                                              \
        .op = IK_SPECTRAL_SCALE, .attrs = {.eps = 1e-12}, .in = {W, POSITIVE(O), POSITIVE(K)},     \
        .record = spectral                                                                         \
    }

static const op_case spectral_cases[] = {
    UV(1, REAL(3, 5), 3, 5),
    UV(0, REAL(3, 5), 3, 5),
    UV(1, REAL(17, 3, 3, 3), 17, 27),
    UV(0, REAL(17, 3, 3, 3), 17, 27),
    UV(1, REAL(1, 17, 1, 1), 1, 17),
    UV(1, REAL(17, 1, 1, 1), 17, 1),
    UV(1, REAL(129, 65, 4, 4), 129, 1040),
    SCALE(POSITIVE(3, 5), 3, 5),
    SCALE(POSITIVE(17, 1), 17, 1),
    SCALE(POSITIVE(1, 17), 1, 17),
    SCALE(POSITIVE(17, 3, 3, 3), 17, 27),
    {.op = IK_SPECTRAL_GRAD, .in = {REAL(3, 5), REAL(3, 5), POSITIVE(9)}, .constant = true},
    {.what = "large",
     .op = IK_SPECTRAL_SCALE,
     .attrs = {.eps = 1e-12, .iterate = 1},
     .in = {POSITIVE(129, 65, 4, 4), POSITIVE(129), POSITIVE(1040)},
     .record = spectral,
     .kinks = true},
};

#define CONV(text, X, W, ...)                                                                      \
    {.what = text, .op = IK_CONV2D, .attrs = {__VA_ARGS__}, .in = {X, W}}, {                       \
        .what = text ", bias", .op = IK_CONV2D, .attrs = {__VA_ARGS__}, .in = { X, W, BIAS }       \
    }
#define CONV_BIG(text, X, W, ...)                                                                  \
    { .what = text, .op = IK_CONV2D, .attrs = {__VA_ARGS__}, .in = {X, W}, .kinks = true }
#define BACK(text, X, W, ...)                                                                      \
    {.what = text, .op = IK_CONV2D_DX, .attrs = {__VA_ARGS__}, .in = {X, W}}, {                    \
        .what = text ", bias", .op = IK_CONV2D_DX, .attrs = {__VA_ARGS__}, .in = { X, W, BIAS }    \
    }

static const op_case conv_cases[] = {
#define BIAS REAL(17)
    CONV("1x1", REAL(3, 3, 5, 3), REAL(17, 3, 1, 1), KERNEL(1, 1, 0)),
    CONV("3x3 of 1 channel", REAL(1, 5, 7, 1), REAL(17, 1, 3, 3), KERNEL(3, 1, 1)),
    CONV("3x3 of 3 channels", REAL(3, 5, 4, 3), REAL(17, 3, 3, 3), KERNEL(3, 1, 1)),
    CONV("without padding", REAL(3, 5, 4, 3), REAL(17, 3, 3, 3), KERNEL(3, 1, 0)),
#undef BIAS
#define BIAS REAL(1)
    CONV("to 1 channel", REAL(3, 5, 3, 17), REAL(1, 17, 3, 3), KERNEL(3, 1, 1)),
    CONV("4x4, padding 2", REAL(1, 5, 7, 3), REAL(1, 3, 4, 4), KERNEL(4, 1, 2)),
    CONV("of one pixel", REAL(3, 1, 1, 3), REAL(1, 3, 3, 3), KERNEL(3, 1, 1)),
    CONV("grouped to 1 channel", REAL(3, 3, 5, 3), REAL(1, 3, 3, 3), KERNEL(3, 1, 1), .groups = 1),
#undef BIAS
#define BIAS REAL(6)
    CONV("stride 2", REAL(3, 7, 5, 3), REAL(6, 3, 3, 3), KERNEL(3, 2, 1)),
    CONV("stride 2, a row left over", REAL(3, 6, 8, 3), REAL(6, 3, 3, 3), KERNEL(3, 2, 1)),
    CONV("stride 3, rows left over", REAL(1, 9, 8, 3), REAL(6, 3, 2, 2), KERNEL(2, 3, 0)),
    CONV("4x4, stride 2, padding 2", REAL(3, 8, 5, 3), REAL(6, 3, 4, 4), KERNEL(4, 2, 2)),
    CONV("5x5", REAL(1, 5, 7, 1), REAL(6, 1, 5, 5), KERNEL(5, 1, 2)),
    CONV("7x7 on less", REAL(1, 3, 5, 2), REAL(6, 2, 7, 7), KERNEL(7, 1, 3)),
    CONV("dilation 2", REAL(3, 5, 7, 2), REAL(6, 2, 3, 3), KERNEL(3, 1, 2), .dilation = {2, 2}),
    CONV("dilation 3 and 2, stride 1 and 2", REAL(1, 8, 9, 2), REAL(6, 2, 3, 3), .kernel = {3, 3},
         .stride = {1, 2}, .padding = {3, 1}, .dilation = {3, 2}),
    CONV("1x3", REAL(3, 3, 5, 3), REAL(6, 3, 1, 3), .kernel = {1, 3}, .stride = {1, 1},
         .padding = {0, 1}),
    CONV("3x2, uneven stride and padding", REAL(3, 6, 5, 3), REAL(6, 3, 3, 2), .kernel = {3, 2},
         .stride = {2, 1}, .padding = {0, 1}),
    CONV("groups of 2", REAL(3, 4, 5, 4), REAL(6, 2, 3, 3), KERNEL(3, 1, 1), .groups = 2),
    CONV("depthwise", REAL(3, 4, 5, 6), REAL(6, 1, 3, 3), KERNEL(3, 2, 1), .groups = 6),
    CONV("depthwise, two each", REAL(1, 4, 5, 3), REAL(6, 1, 3, 3), KERNEL(3, 1, 1), .groups = 3),
    CONV("groups, dilation", REAL(1, 5, 7, 4), REAL(6, 2, 3, 3), KERNEL(3, 1, 2),
         .dilation = {2, 2}, .groups = 2),
    BACK("1x1", REAL(3, 3, 5, 17), REAL(17, 6, 1, 1), KERNEL(1, 1, 0), .size = {3, 5}),
    BACK("3x3", REAL(3, 3, 5, 2), REAL(2, 6, 3, 3), KERNEL(3, 1, 1), .size = {3, 5}),
    BACK("stride 2, odd", REAL(3, 3, 4, 2), REAL(2, 6, 3, 3), KERNEL(3, 2, 1), .size = {5, 7}),
    BACK("stride 2, even", REAL(1, 3, 4, 2), REAL(2, 6, 3, 3), KERNEL(3, 2, 1), .size = {6, 8}),
    BACK("4x4, stride 2", REAL(1, 3, 2, 3), REAL(3, 6, 4, 4), KERNEL(4, 2, 1), .size = {6, 4}),
    BACK("groups", REAL(3, 3, 2, 4), REAL(4, 3, 3, 3), KERNEL(3, 2, 1), .size = {5, 4},
         .groups = 2),
    BACK("dilation", REAL(1, 3, 5, 2), REAL(2, 6, 3, 3), KERNEL(3, 1, 2), .size = {3, 5},
         .dilation = {2, 2}),
#undef BIAS
    {.op = IK_CONV2D_DW,
     .attrs = {KERNEL(3, 2, 1)},
     .in = {REAL(3, 7, 5, 3), REAL(3, 4, 3, 17)},
     .constant = true},
    {.what = "groups",
     .op = IK_CONV2D_DW,
     .attrs = {KERNEL(3, 1, 1), .groups = 2},
     .in = {REAL(3, 4, 5, 4), REAL(3, 4, 5, 6)},
     .constant = true},
    CONV_BIG("large", REAL(3, 33, 31, 17), REAL(35, 17, 3, 3), KERNEL(3, 1, 1)),
    CONV_BIG("large, 1x1", REAL(3, 33, 31, 33), REAL(17, 33, 1, 1), KERNEL(1, 1, 0)),
    CONV_BIG("large, stride 2", REAL(3, 33, 31, 16), REAL(32, 16, 4, 4), KERNEL(4, 2, 2)),
    CONV_BIG("large, dilation", REAL(1, 33, 31, 16), REAL(32, 16, 3, 3), KERNEL(3, 1, 4),
             .dilation = {4, 4}),
    CONV_BIG("large, depthwise", REAL(3, 33, 31, 48), REAL(48, 1, 3, 3), KERNEL(3, 1, 1),
             .groups = 48),
    CONV_BIG("many channels, one pixel", REAL(3, 1, 1, 129), REAL(257, 129, 3, 3), KERNEL(3, 1, 1)),
};

/* Of positive pictures, and signs by the output's channel alone: no sum comes near zero, where the
 * activation has its kink. */
#define ACT(text, S, X, W, ...)                                                                    \
    {                                                                                              \
        .what = text, .op = IK_CONV2D_ACT, .attrs = {ACT_WINDOW, .slope = S}, .in = {              \
            X,                                                                                     \
            W,                                                                                     \
            __VA_ARGS__                                                                            \
        }                                                                                          \
    }
#define ACTS(text, X, W, B, R)                                                                     \
    ACT(text, 1, X, W), ACT(text, 0, X, W), ACT(text, 0.2, X, W), ACT(text, 1, X, W, B),           \
        ACT(text, 0, X, W, B), ACT(text, 0.2, X, W, B), ACT(text, 1, X, W, R),                     \
        ACT(text, 0, X, W, R), ACT(text, 0.2, X, W, R), ACT(text, 1, X, W, B, R),                  \
        ACT(text, 0, X, W, B, R), ACT(text, 0.2, X, W, B, R)

static const op_case conv_act_cases[] = {
#define ACT_WINDOW KERNEL(3, 1, 1)
    ACTS("3x3", POSITIVE(3, 5, 4, 3), FIRST(17, 3, 3, 3), LAST(17), LAST(3, 5, 4, 17)),
    ACTS("3x3", POSITIVE(2, 5, 4, 16), FIRST(16, 16, 3, 3), LAST(16), LAST(2, 5, 4, 16)),
    ACTS("3x3 to 1 channel", POSITIVE(3, 5, 3, 17), FIRST(1, 17, 3, 3), LAST(1), LAST(3, 5, 3, 1)),
#undef ACT_WINDOW
#define ACT_WINDOW KERNEL(1, 1, 0)
    ACTS("1x1", POSITIVE(3, 3, 5, 3), FIRST(8, 3, 1, 1), LAST(8), LAST(3, 3, 5, 8)),
    ACTS("1x1", POSITIVE(3, 3, 5, 16), FIRST(16, 16, 1, 1), LAST(16), LAST(3, 3, 5, 16)),
#undef ACT_WINDOW
#define ACT_WINDOW KERNEL(4, 2, 2)
    ACTS("4x4, stride 2", POSITIVE(3, 8, 5, 8), FIRST(8, 8, 4, 4), LAST(8), LAST(3, 5, 3, 8)),
#undef ACT_WINDOW
#define ACT_WINDOW KERNEL(3, 2, 1)
    ACTS("3x3, stride 2", POSITIVE(3, 7, 5, 3), FIRST(6, 3, 3, 3), LAST(6), LAST(3, 4, 3, 6)),
#undef ACT_WINDOW
#define ACT_WINDOW KERNEL(3, 1, 1), .groups = 2
    ACTS("groups of 2", POSITIVE(3, 4, 5, 4), FIRST(6, 2, 3, 3), LAST(6), LAST(3, 4, 5, 6)),
#undef ACT_WINDOW
#define ACT_WINDOW KERNEL(3, 1, 1), .groups = 8
    ACTS("depthwise", POSITIVE(3, 4, 5, 8), FIRST(8, 1, 3, 3), LAST(8), LAST(3, 4, 5, 8)),
#undef ACT_WINDOW
#define ACT_WINDOW KERNEL(3, 1, 2), .dilation = {2, 2}
    ACTS("dilation", POSITIVE(3, 5, 7, 2), FIRST(8, 2, 3, 3), LAST(8), LAST(3, 5, 7, 8)),
#undef ACT_WINDOW
};

#define RESIZE(code, H, W, ...)                                                                    \
    {                                                                                              \
        .op = code, .attrs = {.size = {H, W}}, .in = { REAL(__VA_ARGS__) }                         \
    }
#define REFLECT(p, q, ...)                                                                         \
    {                                                                                              \
        .op = IK_REFLECT, .attrs = {.padding = {p, q}}, .in = { REAL(__VA_ARGS__) }                \
    }
#define POOL(text, X, ...)                                                                         \
    {.what = text, .op = IK_AVG_POOL, .attrs = {__VA_ARGS__}, .in = {X}}, {                        \
        .what = text, .op = IK_MAX_POOL, .attrs = {__VA_ARGS__}, .in = { X }                       \
    }

static const op_case pooling_cases[] = {
    {.op = IK_UPSAMPLE, .attrs = {.factor = 1}, .in = {REAL(1, 3, 5, 3)}},
    {.op = IK_UPSAMPLE, .attrs = {.factor = 2}, .in = {REAL(3, 3, 5, 17)}},
    {.op = IK_UPSAMPLE, .attrs = {.factor = 3}, .in = {REAL(1, 1, 3, 1)}},
    {.op = IK_UPSAMPLE, .attrs = {.factor = 2}, .in = {REAL(3, 31, 33, 17)}, .kinks = true},
    {.op = IK_UPSAMPLE_GRAD, .attrs = {.factor = 2}, .in = {REAL(3, 6, 4, 3)}, .constant = true},
    {.op = IK_UPSAMPLE_GRAD, .attrs = {.factor = 3}, .in = {REAL(1, 3, 6, 17)}, .constant = true},
    REFLECT(1, 1, 2, 3, 5, 3),
    REFLECT(2, 3, 1, 3, 4, 17),
    REFLECT(0, 1, 2, 1, 2, 8),
    REFLECT(3, 3, 1, 8, 7, 16),
    {.what = "large",
     .op = IK_REFLECT,
     .attrs = {.padding = {3, 3}},
     .in = {REAL(3, 33, 65, 17)},
     .kinks = true},
    {.op = IK_REFLECT_GRAD,
     .attrs = {.padding = {2, 1}},
     .in = {REAL(2, 7, 5, 8)},
     .constant = true},
    RESIZE(IK_BILINEAR, 6, 10, 3, 3, 5, 3),
    RESIZE(IK_BILINEAR, 5, 7, 1, 3, 2, 17),
    RESIZE(IK_BILINEAR, 3, 2, 3, 7, 5, 3),
    RESIZE(IK_BILINEAR, 3, 5, 3, 3, 5, 1),
    RESIZE(IK_BILINEAR, 4, 3, 1, 1, 1, 3),
    RESIZE(IK_BILINEAR, 1, 1, 3, 5, 4, 1),
    RESIZE(IK_BILINEAR, 2, 9, 1, 5, 4, 3),
    {.what = "large",
     .op = IK_BILINEAR,
     .attrs = {.size = {67, 31}},
     .in = {REAL(3, 33, 65, 17)},
     .kinks = true},
    {.op = IK_BILINEAR_GRAD, .attrs = {.size = {3, 5}}, .in = {REAL(3, 7, 4, 3)}, .constant = true},
    {.op = IK_AVG_POOL_GRAD,
     .attrs = {KERNEL(3, 2, 1), .size = {5, 7}},
     .in = {REAL(3, 3, 4, 3)},
     .constant = true},
    POOL("2x2", DISTINCT(3, 4, 6, 3), KERNEL(2, 2, 0)),
    POOL("2x2, a row left over", DISTINCT(3, 5, 7, 1), KERNEL(2, 2, 0)),
    POOL("3x3, stride 2", DISTINCT(3, 5, 7, 3), KERNEL(3, 2, 1)),
    POOL("3x3, stride 2, even", DISTINCT(1, 6, 4, 17), KERNEL(3, 2, 1)),
    POOL("3x3, stride 1", DISTINCT(1, 3, 5, 17), KERNEL(3, 1, 1)),
    POOL("of one pixel", DISTINCT(3, 1, 1, 3), KERNEL(3, 2, 1)),
    POOL("2x3, uneven", DISTINCT(3, 5, 7, 2), .kernel = {2, 3}, .stride = {1, 2},
         .padding = {1, 0}),
    POOL("all of it", DISTINCT(3, 5, 7, 3), .kernel = {5, 7}, .stride = {1, 1}),
    {.what = "ties",
     .op = IK_MAX_POOL,
     .attrs = {KERNEL(3, 2, 1)},
     .in = {TIES(3, 7, 5, 17)},
     .kinks = true},
    {.op = IK_MAX_POOL_GRAD,
     .attrs = {KERNEL(2, 2, 0)},
     .in = {REAL(3, 2, 3, 5), TIES(3, 5, 7, 5)},
     .constant = true},
    {.what = "large",
     .op = IK_MAX_POOL,
     .attrs = {KERNEL(3, 2, 1)},
     .in = {TIES(3, 65, 67, 17)},
     .kinks = true},
    {.what = "large",
     .op = IK_AVG_POOL,
     .attrs = {KERNEL(3, 2, 1)},
     .in = {REAL(3, 65, 67, 17)},
     .kinks = true},
};

#endif
