/* What follows a normalisation: a learned scale and shift per channel, as PyTorch's affine. */
#ifndef NORM_AFFINE_H
#define NORM_AFFINE_H

#include "inadekit/plugin.h"

/* x is [B,H,W,C]; makes the parameters weight [C] and bias [C]. */
static inline ik_tensor *norm_affine(ik_graph *g, ik_tensor *x) {
    if (!x) return NULL;
    const int64_t channels = x->shape.d[3];
    const ik_shape row = IK_SHAPE4(1, 1, 1, channels);
    ik_tensor *w = ik_param(g, "weight", IK_SHAPE1(channels), (ik_init){IK_INIT_ONES, 0, 0});
    ik_tensor *b = ik_param(g, "bias", IK_SHAPE1(channels), (ik_init){IK_INIT_ZEROS, 0, 0});
    return ik_add(g, ik_mul(g, x, ik_reshape(g, w, row)), ik_reshape(g, b, row));
}

#endif
