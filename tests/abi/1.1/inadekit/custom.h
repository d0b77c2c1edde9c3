/* An op that a plugin brings.
 *
 * Where the ops of ops.h do not do, a plugin describes one of its own (static, never freed) and
 * records it with `g->api->custom`: a rule for the output's shape, a rule that records the
 * gradient, and a kernel for each kind of memory. Kernels are pure functions of their inputs, and
 * deterministic: the same bytes for the same inputs and number of threads. Since 1.1. */
#ifndef INADEKIT_CUSTOM_H
#define INADEKIT_CUSTOM_H

#include "inadekit/ops.h"

#ifdef __cplusplus
extern "C" {
#endif

struct ik_graph;
struct ik_step;

/* How a kernel wants real numbers (IK_F32 tensors) stored. Maps are int32_t always. */
typedef enum ik_real { IK_REAL_F32, IK_REAL_F64, IK_REAL_BF16 } ik_real;

/* One run of a kernel. Tensors are dense, in logical order, inputs and output of the kernel's
 * `reals`; the output never overlaps an input and holds rubbish. */
typedef struct ik_custom_run ik_custom_run;
typedef void ik_custom_part(const ik_custom_run *r, int64_t from, int64_t to);
struct ik_custom_run {
    uint32_t struct_size;
    const void *attrs;
    int n_in;
    const ik_tensor *in[IK_MAX_INPUTS]; /* shapes and types */
    const void *in_data[IK_MAX_INPUTS];
    const ik_tensor *out;
    void *out_data;
    void *workspace;            /* as many bytes as `workspace` asked for, 64-byte aligned */
    const struct ik_step *step; /* in the kernel's memory */
    /* Host memory: calls `part` on consecutive parts of 0..units, on threads where `work` (elements
     * touched) pays for waking them, and returns when all are done. Elsewhere NULL. */
    void (*split)(const ik_custom_run *r, int64_t units, int64_t work, ik_custom_part *part);
    /* cuda: the cudaStream_t to launch on; it may be capturing, so a kernel is only launched there:
     * no allocation, no other stream, no waiting. Host memory: NULL. */
    void *stream;
};

/* A backend takes the kernel for its memory with its own `reals`, else one with others and converts
 * around it. */
typedef struct ik_custom_kernel {
    uint32_t struct_size;
    const char *memory; /* "host" (naive, cpu), or the name of a backend with memory of its own */
    ik_real reals;
    ik_status (*run)(const ik_custom_run *r, ik_error *err); /* allocates nothing */
    /* Bytes of scratch; NULL: none. */
    size_t (*workspace)(const void *attrs, int n, const ik_tensor *const *in, const ik_tensor *out);
} ik_custom_kernel;

/* What a gradient rule is given: dy has y's shape. For every i with wanted[i] it records
 * d loss / d in[i], of in[i]'s shape, into dx[i]; left NULL, the gradient stops there. */
typedef struct ik_custom_gradient {
    uint32_t struct_size;
    const void *attrs;
    int n_in;
    ik_tensor *const *in;
    ik_tensor *y, *dy;
    const bool *wanted;
    ik_tensor **dx;
} ik_custom_gradient;

typedef struct ik_custom_op {
    uint32_t struct_size;
    const char *name; /* for messages */
    int least, most;  /* inputs, at most IK_MAX_INPUTS */
    /* Attributes: a struct without pointers, copied when the op is recorded; zeros where the
     * plugin gives NULL. */
    size_t attrs_size;
    /* The output's shape, and its type where that is not IK_F32; or why the inputs do not fit. */
    ik_status (*shape)(const void *attrs, int n, const ik_tensor *const *in, ik_shape *out,
                       ik_dtype *dtype, ik_error *err);
    /* Records ops, built-in ones or custom ones. NULL: the op passes no gradient on. */
    void (*gradient)(struct ik_graph *g, const ik_custom_gradient *c);
    const ik_custom_kernel *const *kernels; /* NULL-terminated */
} ik_custom_op;

/* For backends: the kernel for a memory and a type of number; NULL if there is none. */
static inline const ik_custom_kernel *ik_custom_kernel_of(const ik_custom_op *op,
                                                          const char *memory, ik_real reals) {
    for (int i = 0; op->kernels[i]; i++)
        if (op->kernels[i]->reals == reals && strcmp(op->kernels[i]->memory, memory) == 0)
            return op->kernels[i];
    return NULL;
}

#ifdef __cplusplus
}
#endif
#endif
