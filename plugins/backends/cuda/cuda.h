/* What the files of the cuda backend share.
 *
 * A kernel enqueues its work on the stream it is given and nothing else: it is captured into a CUDA
 * graph once and replayed with it, so it neither synchronises nor allocates, and reads what changes
 * from step to step (seed, step, sample) from `device_step`, a buffer on the device.
 *
 * An IK_F32 tensor lies in storage as f32 or bf16 (ik_tensor.storage), an IK_I32 one as int32.
 * Every kernel that touches activations takes either, operand by operand: it loads to f32, computes
 * in f32, and rounds once at the store. Weights, statistics, tables, gradients of parameters and
 * the optimiser are always f32. Deterministic everywhere: no float atomics. */
#ifndef INADEKIT_CUDA_H
#define INADEKIT_CUDA_H

#include <cuda_runtime_api.h>

#include "inadekit/plugin.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ik_tensor.storage; from CUDA_LAID_OUT on weights as a convolution wants them, see layouts.c */
enum { CUDA_F32 = 0, CUDA_BF16 = 1, CUDA_LAID_OUT = 2 };

typedef struct cuda cuda; /* the backend's instance */

/* How to run an op. The state of a kernel (k->state) is the backend's instance unless `prepare`
 * replaces it, which then also sets k->release. */
typedef struct cuda_op {
    /* Enqueues on `stream`. Pointers of `k` are bound; the same kernel may be launched again. */
    ik_status (*launch)(ik_kernel *k, cudaStream_t stream, const ik_step *device_step,
                        ik_error *err);
    /* Bytes of scratch, from shapes, types and storage alone; NULL: none. */
    size_t (*workspace)(const ik_node_desc *node);
    /* Chooses an algorithm; may set k->workspace_bytes. NULL: nothing to choose. */
    ik_status (*prepare)(cuda *c, ik_kernel *k, ik_error *err);
    /* Real operands that must be stored as f32: bit i is input i, bit IK_MAX_INPUTS the output. The
     * others may be bf16, each for itself. */
    uint32_t plain;
} cuda_op;

/* One table per file, ended by a row of IK_OP_COUNT; cuda.c lists the tables. */
typedef struct cuda_row {
    ik_opcode op;
    cuda_op how;
} cuda_row;

extern const cuda_row cuda_elementwise_ops[], cuda_shape_ops[], cuda_reduce_ops[],
    cuda_pooling_ops[], cuda_resize_ops[], cuda_map_ops[], cuda_norm_ops[], cuda_modulate_ops[],
    cuda_segment_ops[], cuda_label_conv_ops[], cuda_patches_ops[], cuda_spectral_ops[],
    cuda_random_ops[], cuda_conv_ops[], cuda_matmul_ops[], cuda_custom_ops[], cuda_layout_ops[];

/* guard.cu. On the device: the first scalar that was not finite, if any. */
typedef struct cuda_alarm {
    int32_t raised, index;
    uint64_t number;
    float value;
} cuda_alarm;
cudaError_t cuda_guard_scalars(cudaStream_t stream, cuda_alarm *alarm, int n,
                               const void *const *scalars, float *kept, uint64_t number);

/* flat.cu: whole blocks of parameters, f32 (copies: of any 4 bytes). n may be 0, `alarm` NULL. */
cudaError_t cuda_flat_copy(cudaStream_t stream, const cuda_alarm *alarm, int64_t n,
                           const float *from, float *to);
cudaError_t cuda_flat_axpby(cudaStream_t stream, const cuda_alarm *alarm, int64_t n, double a,
                            const float *x, double b, float *y);
cudaError_t cuda_flat_adam(cudaStream_t stream, const cuda_alarm *alarm, int64_t n,
                           const ik_adam *a, float *p, const float *g, float *m, float *v);

/* IK_OK, or `what` failed with CUDA's own words. */
ik_status cuda_check(cudaError_t code, const char *what, ik_error *err);
int cuda_multiprocessors(const cuda *c);

/* After a <<<>>> launch: `return cuda_launched("upsample", err);` */
static inline ik_status cuda_launched(const char *what, ik_error *err) {
    return cuda_check(cudaGetLastError(), what, err);
}

static inline int64_t cuda_ceil_div(int64_t a, int64_t b) {
    return (a + b - 1) / b;
}
/* Channels: the last axis. */
static inline int64_t cuda_channels(const ik_tensor *t) {
    return t->shape.rank ? t->shape.d[t->shape.rank - 1] : 1;
}
/* Elements of one batch row. */
static inline int64_t cuda_per_sample(const ik_tensor *t) {
    int64_t n = ik_count(t->shape);
    return t->shape.rank && t->shape.d[0] ? n / t->shape.d[0] : n;
}

#ifdef __cplusplus
}
#endif
#endif
