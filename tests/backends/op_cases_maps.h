/* Cases: normalisation, and everything that reads a map. */
#ifndef OP_CASES_MAPS_H
#define OP_CASES_MAPS_H

#include "op_case.h"

/* Statistics of x itself, used by normalize: their gradients fold into one op. */
static inline ik_tensor *own_stats(ik_graph *g, const op_case *c, ik_tensor *const *in) {
    ik_tensor *stats = ik_op1(g, IK_MOMENTS, &c->attrs, in[0]);
    return ik_op2(g, IK_NORMALIZE, &c->attrs, in[0], stats);
}
/* Statistics of another tensor. */
static inline ik_tensor *others_stats(ik_graph *g, const op_case *c, ik_tensor *const *in) {
    ik_tensor *stats = ik_op1(g, IK_MOMENTS, &c->attrs, in[1]);
    return ik_op2(g, IK_NORMALIZE, &c->attrs, in[0], stats);
}
/* Its own statistics serve twice, and are read themselves. */
static inline ik_tensor *stats_shared(ik_graph *g, const op_case *c, ik_tensor *const *in) {
    ik_tensor *stats = ik_op1(g, IK_MOMENTS, &c->attrs, in[0]);
    ik_tensor *y = ik_op2(g, IK_NORMALIZE, &c->attrs, in[0], stats);
    ik_tensor *z = ik_op2(g, IK_NORMALIZE, &c->attrs, in[1], stats);
    return ik_concat(g, 3, 2, (ik_tensor *[]){y, z});
}

#define MOMENTS_OF(each, ...)                                                                      \
    {.op = IK_MOMENTS, .attrs = {.per_sample = each}, .in = {REAL(__VA_ARGS__)}}, {                \
        .what = "own statistics", .op = IK_NORMALIZE, .attrs = {.per_sample = each, .eps = 1e-5},  \
        .in = {REAL(__VA_ARGS__)}, .record = own_stats                                             \
    }

static const op_case norm_cases[] = {
    MOMENTS_OF(0, 3, 3, 5, 17),
    MOMENTS_OF(1, 3, 3, 5, 17),
    MOMENTS_OF(0, 1, 5, 7, 1),
    MOMENTS_OF(1, 1, 5, 7, 3),
    MOMENTS_OF(0, 3, 1, 1, 3),
    {.what = "one pixel", .op = IK_MOMENTS, .attrs = {.per_sample = 1}, .in = {REAL(3, 1, 1, 3)}},
    {.op = IK_MOMENTS_DX,
     .in = {REAL(3, 3, 5, 3), STATS(1, 2, 3), REAL(1, 2, 3)},
     .constant = true},
    {.op = IK_MOMENTS_DX,
     .in = {REAL(3, 3, 5, 17), STATS(3, 2, 17), REAL(3, 2, 17)},
     .constant = true},
    {.op = IK_NORMALIZE, .attrs = {.eps = 1e-5}, .in = {REAL(3, 3, 5, 17), STATS(1, 2, 17)}},
    {.op = IK_NORMALIZE, .attrs = {.eps = 0.1}, .in = {REAL(3, 3, 5, 3), STATS(3, 2, 3)}},
    {.op = IK_NORMALIZE, .attrs = {.eps = 0.1}, .in = {REAL(1, 5, 7, 1), STATS(1, 2, 1)}},
    {.what = "another's statistics",
     .op = IK_NORMALIZE,
     .attrs = {.eps = 1e-5},
     .in = {REAL(3, 3, 5, 3), REAL(3, 5, 7, 3)},
     .record = others_stats},
    {.what = "another's statistics",
     .op = IK_NORMALIZE,
     .attrs = {.eps = 1e-5, .per_sample = 1},
     .in = {REAL(3, 3, 5, 3), REAL(3, 5, 7, 3)},
     .record = others_stats},
    {.what = "shared statistics",
     .op = IK_NORMALIZE,
     .attrs = {.eps = 1e-5},
     .in = {REAL(3, 3, 5, 3), REAL(3, 3, 5, 3)},
     .record = stats_shared},
    {.what = "shared statistics",
     .op = IK_NORMALIZE,
     .attrs = {.eps = 1e-5, .per_sample = 1},
     .in = {REAL(3, 3, 5, 3), REAL(3, 3, 5, 3)},
     .record = stats_shared},
    {.what = "large",
     .op = IK_NORMALIZE,
     .attrs = {.eps = 1e-5},
     .in = {REAL(3, 65, 67, 17)},
     .record = own_stats,
     .kinks = true},
    {.what = "large",
     .op = IK_NORMALIZE,
     .attrs = {.eps = 1e-5, .per_sample = 1},
     .in = {REAL(3, 65, 67, 17)},
     .record = own_stats,
     .kinks = true},
};

#define LOOKUP(T, M)                                                                               \
    {                                                                                              \
        .op = IK_LOOKUP, .in = { T, M }                                                            \
    }
#define LOOKUP_AFFINE(start_, ...)                                                                 \
    {                                                                                              \
        .op = IK_LOOKUP_AFFINE, .attrs = {.start = start_}, .in = { __VA_ARGS__ }                  \
    }
#define SEGMENTS(ids, each, X, M)                                                                  \
    {                                                                                              \
        .op = IK_SEGMENT_SUM, .attrs = {.length = ids, .per_sample = each}, .in = { X, M }         \
    }

static const op_case map_cases[] = {
    LOOKUP(REAL(1, 7, 17), MAP(7, 3, 5, 7)),
    LOOKUP(REAL(3, 7, 17), MAP(7, 3, 5, 7)),
    LOOKUP(REAL(3, 7, 3), GAPS(7, 3, 5, 7)),
    LOOKUP(REAL(1, 7, 1), GAPS(7, 3, 5, 7)),
    LOOKUP(REAL(1, 5, 3), MAP(5, 3, 17)),
    LOOKUP(REAL(3, 5, 3), GAPS(5, 3, 17)),
    LOOKUP(REAL(1, 5, 3), GAPS(5, 5)),
    LOOKUP(REAL(1, 5, 3), GAPS(5, 2, 1, 3, 4)),
    LOOKUP(REAL(3, 4, 3), ONE(3, 5, 7)),
    LOOKUP(REAL(1, 4, 3), NONE(3, 5, 7)),
    LOOKUP(REAL(1, 1, 17), GAPS(1, 1, 5, 7)),
    {.what = "large", .op = IK_LOOKUP, .in = {REAL(3, 35, 17), GAPS(35, 3, 65, 67)}, .kinks = true},
    LOOKUP_AFFINE(0, REAL(1, 7, 17), REAL(1, 7, 17), MAP(7, 3, 9), REAL(3, 5, 17), MAP(5, 3, 9)),
    LOOKUP_AFFINE(1, REAL(1, 7, 3), REAL(1, 7, 3), GAPS(7, 3, 9), REAL(3, 5, 2, 3), GAPS(5, 3, 9)),
    LOOKUP_AFFINE(0, REAL(3, 7, 3), REAL(3, 7, 3), GAPS(7, 3, 9), REAL(3, 5, 3, 3), GAPS(5, 3, 9)),
    LOOKUP_AFFINE(2, REAL(1, 7, 1), REAL(1, 7, 1), GAPS(7, 3, 5, 7), REAL(1, 5, 3, 1),
                  GAPS(5, 3, 5, 7)),
    LOOKUP_AFFINE(0, REAL(3, 4, 3), REAL(3, 4, 3), ONE(3, 9), REAL(1, 5, 3), NONE(3, 9)),
    LOOKUP_AFFINE(0, REAL(3, 4, 3), REAL(3, 4, 3), NONE(3, 9), REAL(1, 5, 3), GAPS(5, 3, 9)),
    SEGMENTS(7, 0, REAL(3, 5, 7, 17), MAP(7, 3, 5, 7)),
    SEGMENTS(7, 1, REAL(3, 5, 7, 17), MAP(7, 3, 5, 7)),
    SEGMENTS(7, 1, REAL(3, 5, 7, 3), GAPS(7, 3, 5, 7)),
    SEGMENTS(7, 0, REAL(1, 5, 7, 1), GAPS(7, 1, 5, 7)),
    SEGMENTS(4, 1, REAL(3, 17, 3), GAPS(4, 3, 17)),
    SEGMENTS(4, 1, REAL(3, 5, 7, 3), ONE(3, 5, 7)),
    SEGMENTS(4, 0, REAL(3, 5, 7, 3), NONE(3, 5, 7)),
    {.what = "large",
     .op = IK_SEGMENT_SUM,
     .attrs = {.length = 35, .per_sample = 1},
     .in = {REAL(3, 65, 67, 17), GAPS(35, 3, 65, 67)},
     .kinks = true},
    {.what = "large",
     .op = IK_SEGMENT_SUM,
     .attrs = {.length = 35},
     .in = {REAL(3, 65, 67, 17), GAPS(35, 3, 65, 67)},
     .kinks = true},
    {.op = IK_SEGMENT_COUNT, .attrs = {.length = 7}, .in = {GAPS(7, 3, 5, 7)}},
    {.op = IK_SEGMENT_COUNT, .attrs = {.length = 7}, .in = {GAPS(7, 3, 17)}},
    {.op = IK_SEGMENT_COUNT, .attrs = {.length = 1}, .in = {NONE(1, 5, 7)}},
    {.op = IK_SEGMENT_COUNT, .attrs = {.length = 35}, .in = {GAPS(35, 3, 65, 67)}},
    {.op = IK_ONE_HOT, .attrs = {.length = 7}, .in = {GAPS(7, 3, 5, 7)}},
    {.op = IK_ONE_HOT, .attrs = {.length = 1}, .in = {GAPS(1, 3, 17)}},
    {.op = IK_RESIZE_MAP, .attrs = {.size = {10, 14}}, .in = {GAPS(7, 3, 5, 7)}},
    {.op = IK_RESIZE_MAP, .attrs = {.size = {3, 4}}, .in = {GAPS(7, 3, 5, 7)}},
    {.op = IK_RESIZE_MAP, .attrs = {.size = {7, 2}}, .in = {GAPS(7, 1, 5, 7)}},
    {.op = IK_RESIZE_MAP, .attrs = {.size = {5, 7}}, .in = {GAPS(7, 3, 5, 7)}},
    {.op = IK_RESIZE_MAP, .attrs = {.size = {1, 1}}, .in = {MAP(7, 3, 65, 67)}},
    {.op = IK_RESIZE_MAP, .attrs = {.size = {49, 35}}, .in = {MAP(7, 3, 65, 67)}},
    {.op = IK_EDGE_MAP, .in = {GAPS(7, 3, 5, 7)}},
    {.op = IK_EDGE_MAP, .in = {MAP(3, 3, 1, 17)}},
    {.op = IK_EDGE_MAP, .in = {MAP(3, 1, 17, 1)}},
    {.op = IK_EDGE_MAP, .in = {MAP(3, 3, 1, 1)}},
    {.op = IK_EDGE_MAP, .in = {MAP(3, 3, 65, 67)}},
};

#define LABELS(M, W, k, s, p)                                                                      \
    {.op = IK_LABEL_CONV, .attrs = {KERNEL(k, s, p)}, .in = {M, W}}, {                             \
        .what = "pooled", .op = IK_LABEL_CONV, .attrs = {KERNEL(k, s, p), .pooled = 1}, .in = {    \
            M,                                                                                     \
            W                                                                                      \
        }                                                                                          \
    }
#define WINDOWS(X, M, k, s)                                                                        \
    {                                                                                              \
        .op = IK_PATCHES, .attrs = {KERNEL(k, s, k / 2)}, .in = { X, M }                           \
    }
#define SEGMENT_WINDOWS(X, M, k, ids)                                                              \
    {                                                                                              \
        .op = IK_SEGMENT_PATCHES, .attrs = {KERNEL(k, 1, k / 2), .length = ids}, .in = { X, M }    \
    }

static const op_case window_cases[] = {
    LABELS(MAP(5, 3, 5, 7), REAL(17, 5, 3, 3), 3, 1, 1),
    LABELS(GAPS(5, 3, 6, 7), REAL(3, 5, 3, 3), 3, 1, 1),
    LABELS(GAPS(5, 1, 7, 8), REAL(1, 5, 4, 4), 4, 2, 2),
    LABELS(GAPS(3, 3, 5, 7), REAL(17, 3, 1, 1), 1, 1, 0),
    LABELS(ONE(3, 5, 7), REAL(3, 2, 3, 3), 3, 2, 1),
    LABELS(NONE(3, 5, 7), REAL(3, 2, 3, 3), 3, 2, 1),
    LABELS(MAP(1, 1, 1, 1), REAL(3, 1, 3, 3), 3, 1, 1),
    LABELS(MAP(9, 1, 9, 5), REAL(5, 9, 5, 5), 5, 1, 2),
    {.what = "uneven",
     .op = IK_LABEL_CONV,
     .attrs = {.kernel = {2, 3}, .stride = {1, 2}, .padding = {0, 1}},
     .in = {GAPS(5, 3, 5, 7), REAL(17, 5, 2, 3)}},
    {.what = "large",
     .op = IK_LABEL_CONV,
     .attrs = {KERNEL(3, 1, 1)},
     .in = {GAPS(35, 3, 33, 31), REAL(65, 35, 3, 3)},
     .kinks = true},
    {.what = "large, pooled",
     .op = IK_LABEL_CONV,
     .attrs = {KERNEL(4, 2, 2), .pooled = 1},
     .in = {GAPS(35, 3, 65, 67), REAL(65, 35, 4, 4)},
     .kinks = true},
    WINDOWS(REAL(3, 5, 7, 3), MAP(4, 3, 5, 7), 3, 1),
    WINDOWS(REAL(3, 5, 7, 3), GAPS(4, 3, 5, 7), 3, 2),
    WINDOWS(REAL(1, 6, 4, 17), GAPS(4, 1, 6, 4), 3, 2),
    WINDOWS(REAL(1, 5, 7, 1), MAP(4, 1, 5, 7), 5, 1),
    WINDOWS(REAL(3, 3, 5, 17), MAP(4, 3, 3, 5), 1, 1),
    WINDOWS(REAL(3, 5, 7, 3), NONE(3, 5, 7), 3, 1),
    WINDOWS(REAL(3, 1, 1, 3), MAP(4, 3, 1, 1), 3, 1),
    {.what = "large",
     .op = IK_PATCHES,
     .attrs = {KERNEL(3, 1, 1)},
     .in = {REAL(3, 33, 35, 17), GAPS(9, 3, 33, 35)},
     .kinks = true},
    SEGMENT_WINDOWS(REAL(3, 5, 7, 3), MAP(4, 3, 5, 7), 3, 4),
    SEGMENT_WINDOWS(REAL(3, 5, 7, 3), GAPS(4, 3, 5, 7), 3, 4),
    SEGMENT_WINDOWS(REAL(1, 5, 7, 17), GAPS(4, 1, 5, 7), 3, 4),
    SEGMENT_WINDOWS(REAL(1, 5, 7, 1), ONE(1, 5, 7), 5, 3),
    SEGMENT_WINDOWS(REAL(3, 3, 5, 3), NONE(3, 3, 5), 3, 2),
    SEGMENT_WINDOWS(REAL(3, 3, 5, 3), MAP(4, 3, 3, 5), 1, 4),
    {.what = "large",
     .op = IK_SEGMENT_PATCHES,
     .attrs = {KERNEL(3, 1, 1), .length = 9},
     .in = {REAL(3, 33, 35, 17), GAPS(9, 3, 33, 35)},
     .kinks = true},
};

#define MODULATE(text, X, S, scales, shifts, M, a)                                                 \
    {                                                                                              \
        .what = text, .op = IK_MODULATE, .attrs = {.eps = 1e-5, .slope = a}, .in = {               \
            X,                                                                                     \
            S,                                                                                     \
            scales,                                                                                \
            shifts,                                                                                \
            M                                                                                      \
        }                                                                                          \
    }

/* With the statistics of x; the op itself is recorded, without the fusion pass. */
static inline ik_tensor *own_modulate(ik_graph *g, const op_case *c, ik_tensor *const *in) {
    ik_tensor *stats = ik_op1(g, IK_MOMENTS, &c->attrs, in[0]);
    ik_tensor *all[] = {in[0], stats, in[1], in[2], in[3]};
    return g->api->op(g, IK_MODULATE, &c->attrs, 5, all);
}
#define OWN(text, each, a, X, scales, shifts, M, big)                                              \
    {                                                                                              \
        .what = text, .op = IK_MODULATE, .attrs = {.eps = 1e-5, .slope = a, .per_sample = each},   \
        .in = {X, scales, shifts, M}, .record = own_modulate, .kinks = big                         \
    }

static const op_case modulate_cases[] = {
    MODULATE(NULL, REAL(3, 3, 5, 17), STATS(1, 2, 17), REAL(1, 4, 17), REAL(1, 4, 17),
             MAP(4, 3, 3, 5), 0.2),
    MODULATE(NULL, REAL(3, 3, 5, 3), STATS(1, 2, 3), REAL(3, 4, 3), REAL(3, 4, 3), GAPS(4, 3, 3, 5),
             0),
    MODULATE(NULL, REAL(3, 3, 5, 3), STATS(3, 2, 3), REAL(3, 4, 3), REAL(3, 4, 3), GAPS(4, 3, 3, 5),
             1),
    MODULATE(NULL, REAL(1, 5, 7, 1), STATS(1, 2, 1), REAL(1, 4, 1), REAL(1, 4, 1), ONE(1, 5, 7),
             0.2),
    MODULATE(NULL, REAL(3, 3, 5, 3), STATS(1, 2, 3), REAL(3, 4, 3), REAL(3, 4, 3), NONE(3, 3, 5),
             0.2),
    OWN("own statistics", 0, 0.2, REAL(3, 3, 5, 17), REAL(3, 4, 17), REAL(3, 4, 17),
        GAPS(4, 3, 3, 5), 0),
    OWN("own statistics", 1, 0, REAL(3, 3, 5, 17), REAL(3, 4, 17), REAL(3, 4, 17), MAP(4, 3, 3, 5),
        0),
    OWN("own statistics", 0, 1, REAL(1, 5, 7, 3), REAL(1, 1, 3), REAL(1, 1, 3), MAP(1, 1, 5, 7), 0),
    OWN("large, own statistics", 0, 0.2, REAL(3, 65, 67, 17), REAL(3, 35, 17), REAL(3, 35, 17),
        GAPS(35, 3, 65, 67), 1),
    OWN("large, own statistics", 1, 0, REAL(3, 65, 67, 17), REAL(3, 35, 17), REAL(3, 35, 17),
        GAPS(35, 3, 65, 67), 1),
};

#endif
