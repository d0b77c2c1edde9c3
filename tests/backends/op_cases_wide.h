/* Cases for backends that take several channels at once, split rows over threads and blocks, and
 * join their sums: channels in eights, channels by the hundred, many rows, many ids. */
#ifndef OP_CASES_WIDE_H
#define OP_CASES_WIDE_H

#include "op_cases_maps.h"
#include "op_cases_pictures.h"

#define WIDE(code, ...)                                                                            \
    { .what = "wide", .op = code, .kinks = true, __VA_ARGS__ }

/* A view whose elements do not begin on 16 bytes. */
static inline ik_tensor *of_later_rows(ik_graph *g, const op_case *c, ik_tensor *const *in) {
    ik_attrs later = {.start = 1, .length = in[0]->shape.d[0] - 1};
    return ik_op1(g, c->op, &c->attrs, ik_op1(g, IK_ROWS, &later, in[0]));
}

static const op_case wide_cases[] = {
    WIDE(IK_AFFINE, .attrs = {.alpha = 2, .beta = 1}, .in = {REAL(2, 4, 16)}),
    WIDE(IK_AFFINE, .attrs = {.alpha = 2, .beta = 1}, .in = {REAL(3, 5)}, .record = of_later_rows),
    WIDE(IK_LEAKY_RELU, .attrs = {.slope = 0.2}, .in = {AWAY(3, 5, 7, 24)}),
    WIDE(IK_ADD, .in = {REAL(2, 5, 7, 16), REAL(2, 5, 7, 16)}),
    WIDE(IK_AXPBY, .attrs = {.alpha = 0.9, .beta = 0.1},
         .in = {REAL(2, 5, 7, 16), REAL(2, 5, 7, 16)}),
    WIDE(IK_SUB, .in = {REAL(2, 5, 7, 16), REAL(1, 1, 1, 16)}),
    WIDE(IK_MUL, .in = {REAL(2, 5, 7, 16), REAL(2, 1, 1, 16)}),
    WIDE(IK_DIV, .in = {REAL(2, 5, 7, 16), AWAY(2, 5, 7, 1)}),
    WIDE(IK_MUL, .in = {REAL(1, 1, 1, 1), REAL(2, 5, 7, 16)}),
    WIDE(IK_ADD, .in = {REAL(2, 1, 4, 1, 8), REAL(1, 3, 4, 2, 8)}),
    WIDE(IK_SUM, .attrs = {.axes = 15}, .in = {REAL(2, 65, 67, 16)}),
    WIDE(IK_SUM, .attrs = {.axes = 7}, .in = {REAL(2, 65, 67, 16)}),
    WIDE(IK_SUM, .attrs = {.axes = 6}, .in = {REAL(3, 33, 35, 24)}),
    WIDE(IK_SUM, .attrs = {.axes = 8}, .in = {REAL(3, 5, 7, 264)}),
    WIDE(IK_SUM, .attrs = {.axes = 8}, .in = {REAL(1, 2, 3, 4112)}),
    WIDE(IK_SUM, .attrs = {.axes = 10}, .in = {REAL(3, 33, 4, 16)}),
    WIDE(IK_SUM, .attrs = {.axes = 10}, .in = {REAL(2, 130, 3, 264)}),
    WIDE(IK_SUM, .attrs = {.axes = 5}, .in = {REAL(5, 4, 66, 264)}),
    WIDE(IK_SUM, .attrs = {.axes = 1}, .in = {REAL(300, 4104)}),
    WIDE(IK_SUM, .attrs = {.axes = 7}, .in = {REAL(1, 9, 11, 515)}),
    WIDE(IK_SUM, .attrs = {.axes = 2}, .in = {REAL(3, 40, 16)}, .record = of_later_rows),
    WIDE(IK_SUM, .attrs = {.axes = 8}, .in = {REAL(2, 128, 65, 72)}),
    WIDE(IK_SUM, .attrs = {.axes = 2}, .in = {REAL(130, 9, 129)}),
    WIDE(IK_BROADCAST, .attrs = {.shape = SHAPE(3, 5, 7, 16)}, .in = {REAL(1, 1, 1, 16)}),
    WIDE(IK_BROADCAST, .attrs = {.shape = SHAPE(3, 5, 7, 16)}, .in = {REAL(3, 5, 1, 1)}),
    WIDE(IK_CONCAT, .attrs = {.axis = 3}, .in = {REAL(2, 3, 5, 8), REAL(2, 3, 5, 24)}),
    WIDE(IK_CONCAT, .attrs = {.axis = 3}, .in = {REAL(2, 3, 5, 3), REAL(2, 3, 5, 13)}),
    WIDE(IK_CONCAT, .attrs = {.axis = 1}, .in = {REAL(2, 3, 8), REAL(2, 5, 8)}),
    WIDE(IK_SLICE, .attrs = {.axis = 3, .start = 8, .length = 16}, .in = {REAL(2, 3, 5, 32)}),
    WIDE(IK_SLICE, .attrs = {.axis = 3, .start = 4, .length = 16}, .in = {REAL(2, 3, 5, 32)}),
    WIDE(IK_SLICE, .attrs = {.axis = 1, .start = 1, .length = 2}, .in = {REAL(2, 4, 16)}),
    WIDE(IK_PAD_SLICE, .attrs = {.axis = 3, .start = 8, .length = 32}, .in = {REAL(2, 3, 5, 16)}),
    WIDE(IK_PERMUTE, .attrs = {.shape = {.d = {2, 0, 1, 3}}}, .in = {REAL(3, 5, 7, 16)}),
    WIDE(IK_PERMUTE, .attrs = {.shape = {.d = {0, 3, 1, 2}}}, .in = {REAL(3, 4, 6, 16)}),

    WIDE(IK_SPECTRAL_UV, .attrs = {.iterate = 1, .eps = 1e-12},
         .in = {REAL(72, 96, 3, 3), POSITIVE(72), POSITIVE(864)}, .constant = true),
    WIDE(IK_SPECTRAL_UV, .attrs = {.iterate = 1, .eps = 1e-12},
         .in = {REAL(300, 8, 1, 1), POSITIVE(300), POSITIVE(8)}, .constant = true),
    WIDE(IK_SPECTRAL_SCALE, .attrs = {.eps = 1e-12, .iterate = 1},
         .in = {POSITIVE(72, 96, 3, 3), POSITIVE(72), POSITIVE(864)}, .record = spectral),

    WIDE(IK_UPSAMPLE, .attrs = {.factor = 2}, .in = {REAL(2, 5, 7, 16)}),
    WIDE(IK_BILINEAR, .attrs = {.size = {13, 5}}, .in = {REAL(2, 6, 11, 16)}),
    WIDE(IK_BILINEAR, .attrs = {.size = {3, 64}}, .in = {REAL(2, 31, 7, 8)}),
    WIDE(IK_BILINEAR, .attrs = {.size = {299, 299}}, .in = {REAL(1, 256, 256, 1)}),
    WIDE(IK_AVG_POOL, .attrs = {KERNEL(3, 2, 1)}, .in = {REAL(2, 9, 10, 16)}),
    WIDE(IK_AVG_POOL, .attrs = {KERNEL(2, 3, 0)}, .in = {REAL(2, 9, 10, 16)}),
    WIDE(IK_MAX_POOL, .attrs = {KERNEL(3, 2, 1)}, .in = {TIES(2, 9, 10, 16)}),
    WIDE(IK_MAX_POOL, .attrs = {KERNEL(2, 2, 0)}, .in = {DISTINCT(2, 8, 10, 8)}),
    WIDE(IK_MAX_POOL, .attrs = {KERNEL(2, 3, 0)}, .in = {TIES(2, 9, 10, 16)}),

    WIDE(IK_NORMALIZE, .attrs = {.eps = 1e-5}, .in = {REAL(2, 65, 67, 16)}, .record = own_stats),
    WIDE(IK_NORMALIZE, .attrs = {.eps = 1e-5, .per_sample = 1}, .in = {REAL(2, 33, 35, 24)},
         .record = own_stats),
    WIDE(IK_NORMALIZE, .attrs = {.eps = 1e-5}, .in = {REAL(2, 3, 5, 2080)}, .record = own_stats),
    WIDE(IK_NORMALIZE, .attrs = {.eps = 1e-5}, .in = {REAL(2, 3, 5, 515)}, .record = own_stats),
    WIDE(IK_NORMALIZE, .attrs = {.eps = 1e-5}, .in = {REAL(2, 5, 7, 16), REAL(2, 9, 4, 16)},
         .record = others_stats),
    WIDE(IK_NORMALIZE, .attrs = {.eps = 1e-5}, .in = {FAR(3, 129, 131, 8)}, .record = own_stats),
    WIDE(IK_NORMALIZE, .attrs = {.eps = 1e-5, .per_sample = 1}, .in = {FAR(2, 129, 131, 3)},
         .record = own_stats),
    WIDE(IK_SUM, .attrs = {.axes = 15}, .in = {FAR(3, 129, 131, 8)}),
    WIDE(IK_MOMENTS_DX, .in = {REAL(3, 3, 5, 16), STATS(3, 2, 16), REAL(3, 2, 16)},
         .constant = true),

    WIDE(IK_LOOKUP, .in = {REAL(2, 9, 16), GAPS(9, 2, 5, 7)}),
    WIDE(IK_LOOKUP, .in = {REAL(1, 1500, 8), GAPS(1500, 2, 33, 35)}),
    WIDE(IK_LOOKUP, .in = {REAL(2, 9, 264), GAPS(9, 2, 33, 35)}),
    WIDE(IK_LOOKUP, .in = {REAL(1, 9, 101), GAPS(9, 2, 33, 35)}),
    WIDE(IK_LOOKUP_AFFINE, .attrs = {.start = 1},
         .in = {REAL(1, 9, 16), REAL(1, 9, 16), GAPS(9, 2, 17), REAL(2, 6, 2, 16), GAPS(6, 2, 17)}),
    WIDE(IK_LOOKUP_AFFINE, .in = {REAL(2, 9, 1024), REAL(2, 9, 1024), GAPS(9, 2, 24),
                                  REAL(2, 6, 1024), GAPS(6, 2, 24)}),
    WIDE(IK_SEGMENT_SUM, .attrs = {.length = 2100},
         .in = {REAL(2, 33, 35, 8), GAPS(2100, 2, 33, 35)}),
    WIDE(IK_SEGMENT_SUM, .attrs = {.length = 9, .per_sample = 1},
         .in = {REAL(2, 67, 129, 16), GAPS(9, 2, 67, 129)}),
    WIDE(IK_SEGMENT_COUNT, .attrs = {.length = 300}, .in = {GAPS(300, 2, 67, 129)}),
    WIDE(IK_ONE_HOT, .attrs = {.length = 16}, .in = {GAPS(16, 2, 5, 7)}),
    WIDE(IK_LABEL_CONV, .attrs = {KERNEL(4, 2, 2)}, .in = {GAPS(5, 2, 9, 11), REAL(16, 5, 4, 4)}),
    WIDE(IK_LABEL_CONV, .attrs = {KERNEL(4, 2, 2), .pooled = 1},
         .in = {GAPS(5, 2, 33, 35), REAL(16, 5, 4, 4)}),
    WIDE(IK_LABEL_CONV, .attrs = {KERNEL(3, 1, 1)},
         .in = {MAP(1100, 2, 33, 35), REAL(8, 1100, 3, 3)}),
    WIDE(IK_PATCHES, .attrs = {KERNEL(3, 1, 1)}, .in = {REAL(2, 7, 9, 16), GAPS(4, 2, 7, 9)}),
    WIDE(IK_PATCHES, .attrs = {KERNEL(3, 2, 1)}, .in = {REAL(2, 7, 9, 8), MAP(4, 2, 7, 9)}),
    WIDE(IK_SEGMENT_PATCHES, .attrs = {KERNEL(3, 1, 1), .length = 4},
         .in = {REAL(2, 17, 19, 80), GAPS(4, 2, 17, 19)}),

    OWN("wide, own statistics", 0, 0.2, REAL(2, 33, 35, 16), REAL(2, 9, 16), REAL(2, 9, 16),
        GAPS(9, 2, 33, 35), 1),
    OWN("wide, own statistics", 1, 0.2, REAL(2, 17, 19, 72), REAL(2, 9, 72), REAL(2, 9, 72),
        GAPS(9, 2, 17, 19), 1),
    OWN("wide, own statistics, one table", 0, 0.2, REAL(2, 33, 35, 8), REAL(1, 9, 8), REAL(1, 9, 8),
        MAP(9, 2, 33, 35), 1),
    MODULATE("wide, statistics and tables of all", REAL(2, 9, 11, 16), STATS(1, 2, 16),
             REAL(1, 4, 16), REAL(1, 4, 16), GAPS(4, 2, 9, 11), 0.2),
};

#endif
