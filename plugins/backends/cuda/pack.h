/* pack.cu: what lies between tensors as the graph has them and operands as cuDNN wants them. */
#ifndef CUDA_PACK_H
#define CUDA_PACK_H

#include "cuda.h"

#ifdef __cplusplus
extern "C" {
#endif

ik_status cuda_set_step(cudaStream_t stream, const ik_step *from, ik_step *device_step,
                        ik_error *err);
/* What is done to elements on their way: leaky_relu(x + bias + residual; slope). */
typedef struct cuda_finish {
    const void *bias, *residual; /* [co] and [rows,co], or NULL */
    int bias_type, residual_type;
    float slope; /* 1: no activation */
} cuda_finish;

/* Rows of `ci` elements to rows of `co`: the first of each are taken, the rest is 0. `finish` may
 * be NULL. Types are CUDA_F32 or CUDA_BF16; no overlap. */
ik_status cuda_convert(cudaStream_t stream, int64_t rows, int from_type, const void *from,
                       int64_t ci, int to_type, void *to, int64_t co, const cuda_finish *finish,
                       ik_error *err);
/* w [o,i,taps] f32 to [po,taps,pi] of a type, zero where there is nothing; and back. */
ik_status cuda_pack_weights(cudaStream_t stream, const float *w, int64_t o, int64_t i, int64_t taps,
                            int type, void *to, int64_t po, int64_t pi, ik_error *err);
ik_status cuda_unpack_weights(cudaStream_t stream, int type, const void *from, int64_t pi, float *w,
                              int64_t o, int64_t i, int64_t taps, ik_error *err);

#ifdef __cplusplus
}
#endif
#endif
