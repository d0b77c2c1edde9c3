/* Spectral norm as PyTorch kept it before 1.1: `weight`, `weight_orig` and `weight_u`, but no
 * `weight_v`. SPADE's published networks are of that time. */
#ifndef INADEKIT_WEIGHTS_SPECTRAL_H
#define INADEKIT_WEIGHTS_SPECTRAL_H

#include "inadekit/types.h"

/* A v for which u' W v is the sigma that `weight` = W / sigma was divided by. Synthesis is then as
 * it was, and training makes a v of its own, from u, before it needs one. W is [rows, columns]. */
void ik__old_spectral_v(int64_t rows, int64_t columns, const float *orig, const float *weight,
                        const float *u, float *v);

#endif
