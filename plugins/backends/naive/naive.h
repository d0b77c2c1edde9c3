/* Shared by the files of the naive backend: the kernels' names, and how their tensors are read.
 *
 * Reals are double, maps int32_t, all dense in logical order. Every op of ops.h that has a kernel
 * has one function, naive_op_<op>, a transcription of the contract above the op; an adjoint op is
 * the forward formula's loop with its roles exchanged, so that both can be checked against one
 * line. */
#ifndef NAIVE_H
#define NAIVE_H

#include "inadekit/backend.h"

#define NAIVE_KERNEL(name)                                                                         \
    ik_status naive_op_##name(ik_kernel *k, const ik_step *step __attribute__((unused)),           \
                              ik_error *err __attribute__((unused)))
#define IK_OP(code, name, least, most) NAIVE_KERNEL(name);
IK_OPS(IK_OP)
#undef IK_OP

/* Prepares an op that a plugin brings. */
ik_status naive_custom(ik_kernel *k, ik_error *err);

/* For loops shared by an op and its adjoints: the role is constant where such a loop is inlined. */
#define NAIVE_INLINE static inline __attribute__((always_inline))

static inline size_t naive_bytes(ik_dtype dtype) {
    return dtype == IK_F32 ? sizeof(double) : sizeof(int32_t);
}

static inline ik_shape naive_in(const ik_kernel *k, int i) {
    return k->node.in[i]->shape;
}
static inline ik_shape naive_out(const ik_kernel *k) {
    return k->node.out->shape;
}

/* Before a loop that adds to the output. */
static inline void naive_zero(ik_kernel *k) {
    const ik_tensor *out = k->node.out;
    memset(k->out, 0, (size_t)ik_count(out->shape) * naive_bytes(out->dtype));
}

/* Element [b,i,j,c] of a tensor [B,H,W,C] (or [O,I,kh,kw]). */
static inline int64_t naive_at4(const ik_shape *s, int64_t b, int64_t i, int64_t j, int64_t c) {
    return ((b * s->d[1] + i) * s->d[2] + j) * s->d[3] + c;
}

/* Element [b,i,j] of a map [B,H,W]. */
static inline int64_t naive_at3(const ik_shape *s, int64_t b, int64_t i, int64_t j) {
    return (b * s->d[1] + i) * s->d[2] + j;
}

static inline bool naive_inside(int64_t i, int64_t n) {
    return i >= 0 && i < n;
}

/* A tensor [B,...,C] as samples of pixels of channels. */
typedef struct naive_rows {
    int64_t samples, pixels, channels;
} naive_rows;

static inline naive_rows naive_rows_of(ik_shape s) {
    int64_t b = s.d[0], c = s.d[s.rank - 1];
    return (naive_rows){b, ik_count(s) / (b * c), c};
}

/* Which table or group serves sample b: its own, or the one that all share. */
static inline int64_t naive_group(int64_t groups, int64_t b) {
    return groups == 1 ? 0 : b;
}

/* Distance between neighbours along each axis. */
static inline void naive_strides(const ik_shape *s, int64_t stride[IK_MAX_RANK]) {
    int64_t n = 1;
    for (int i = s->rank - 1; i >= 0; i--) {
        stride[i] = n;
        n *= s->d[i];
    }
    for (int i = s->rank; i < IK_MAX_RANK; i++) stride[i] = 0;
}

/* The same, but 0 along dimensions of 1, which are thereby repeated. */
static inline void naive_broadcast_strides(const ik_shape *s, int64_t stride[IK_MAX_RANK]) {
    naive_strides(s, stride);
    for (int i = 0; i < s->rank; i++)
        if (s->d[i] == 1) stride[i] = 0;
}

/* A walk over the elements of `shape` in order; `at`: where each lies in a tensor of other strides.
 */
typedef struct naive_walk {
    const ik_shape *shape;
    const int64_t *stride;
    int64_t index[IK_MAX_RANK], at;
} naive_walk;

static inline naive_walk naive_begin(const ik_shape *shape, const int64_t stride[IK_MAX_RANK]) {
    return (naive_walk){.shape = shape, .stride = stride};
}

static inline void naive_next(naive_walk *w) {
    for (int i = w->shape->rank - 1; i >= 0; i--) {
        w->at += w->stride[i];
        if (++w->index[i] < w->shape->d[i]) return;
        w->at -= w->stride[i] * w->shape->d[i];
        w->index[i] = 0;
    }
}

#endif
