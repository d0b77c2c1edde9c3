/* A compute backend: storage, one kernel per node, replay, and the optimiser's flat updates.
 *
 * The core hands over nodes one at a time (`prepare`), plans memory from the sizes it was told,
 * binds pointers once, and then replays the same kernels every step. Pointers never change between
 * replays. All calls come from one thread; a backend may use threads of its own inside a call. */
#ifndef INADEKIT_BACKEND_H
#define INADEKIT_BACKEND_H

#include "inadekit/custom.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ik_kernel ik_kernel;

/* What changes from replay to replay. `sample` is the index of batch row 0 within the whole step.
 */
typedef struct ik_step {
    uint64_t seed, step, sample;
} ik_step;

/* A node as a backend sees it. Owned by the core, valid until the kernel is released. */
typedef struct ik_node_desc {
    ik_opcode op;
    const ik_attrs *attrs;
    int n_in;
    const ik_tensor *in[IK_MAX_INPUTS];
    const ik_tensor *out;
} ik_node_desc;

/* Made by `prepare`, which sets all but the pointers; those the core binds before the first run.
 * `out` never overlaps an input. Contents of `out` and `workspace` are undefined before a run. */
struct ik_kernel {
    ik_node_desc node;
    size_t workspace_bytes; /* scratch for this kernel alone, 64-byte aligned */
    void *in[IK_MAX_INPUTS];
    void *out;
    void *workspace;
    ik_status (*run)(ik_kernel *k, const ik_step *step, ik_error *err); /* allocates nothing */
    void (*release)(ik_kernel *k); /* frees `state`; NULL where there is nothing to free */
    void *state;                   /* the backend's own */
    /* IK_CUSTOM, since 1.1: set by the core before `prepare`. */
    const ik_custom_op *custom;
    const void *custom_attrs;
};

typedef struct ik_adam {
    double lr, beta1, beta2, eps;
    int64_t t; /* counted from 1 */
} ik_adam;

/* What is computed in; results are f32 all the same. tf32 rounds the factors of convolutions and
 * products to 10 bits, bf16 also stores what lies between layers in 16 bits. */
typedef enum ik_precision {
    IK_PRECISION_F32,
    IK_PRECISION_TF32,
    IK_PRECISION_BF16,
} ik_precision;

/* `self` is the instance the options filled. Element counts n are of IK_F32 elements. */
typedef struct ik_backend_iface {
    uint32_t struct_size;
    /* Can it run here? Describes the device in `text`, or says in a line why not. */
    bool (*probe)(void *self, char *text, size_t size);
    /* After `open` the instance may be used; `threads` 0 means as it sees fit. */
    ik_status (*open)(void *self, int threads, ik_error *err);
    void (*close)(void *self);
    /* Bytes one element of a type takes in storage (naive: 8 for IK_F32). */
    size_t (*element_bytes)(void *self, ik_dtype dtype);
    /* Storage, 64-byte aligned, zeroed; NULL when there is none left. */
    void *(*alloc)(void *self, size_t bytes);
    void (*free)(void *self, void *p);
    /* Between host memory (float or int32_t, logical order) and storage. */
    ik_status (*upload)(void *self, ik_dtype dtype, int64_t n, void *to, const void *from,
                        ik_error *err);
    ik_status (*download)(void *self, ik_dtype dtype, int64_t n, void *to, const void *from,
                          ik_error *err);
    /* Chooses the kernel for k->node. Fails with the op's name if the backend has none. */
    ik_status (*prepare)(void *self, ik_kernel *k, ik_error *err);
    /* Runs the kernels in order. */
    ik_status (*replay)(void *self, ik_kernel *const *kernels, int n, const ik_step *step,
                        ik_error *err);
    /* to = from, n elements of one type; storage of this backend, no overlap. */
    void (*copy)(void *self, ik_dtype dtype, int64_t n, void *to, const void *from);
    /* y = a x + b y; b = 0 ignores what y held. */
    void (*axpby)(void *self, int64_t n, double a, const void *x, double b, void *y);
    /* torch.optim.Adam without weight decay over one flat block: parameters p, gradients g, first
     * and second moments m and v. */
    void (*adam)(void *self, int64_t n, const ik_adam *a, void *p, const void *g, void *m, void *v);
    /* `device: auto` takes the backend with the largest among those whose `probe` succeeds. */
    int preference;

    /* Since 1.1, each may be NULL. `precision` comes before `open`; a backend without it computes
     * in f32, and nothing else may be asked of it. */
    ik_status (*precision)(void *self, ik_precision precision, ik_error *err);
    /* How node->out is to be stored: its ik_tensor.storage. Asked of a program's nodes in the order
     * they run, before any of them is prepared; inputs have theirs already. Not asked where the
     * core works on a tensor itself (leaves, gradients of parameters, values kept between steps),
     * which therefore stays plain, nor of views, which lie as what they view. Goes together with
     * `tensor_bytes`, what a tensor takes (rows of axis 0 one after the other, each the same), and
     * `read`, which downloads a tensor whatever its storage. */
    int (*storage)(void *self, const ik_node_desc *node);
    size_t (*tensor_bytes)(void *self, const ik_tensor *tensor);
    ik_status (*read)(void *self, const ik_tensor *tensor, void *to, const void *from,
                      ik_error *err);
    /* Bytes of the device's memory that are free and that there are, for messages. */
    void (*memory)(void *self, size_t *free, size_t *total);
    /* How `node` would rather have its input number `input`, which changes seldom: an
     * ik_tensor.storage of which `tensor_bytes` knows the size; 0: as it is. The core then makes it
     * so by a `relayout` whose output has that storage and, until the input changes, is kept. Asked
     * before `storage`, of every such input. What is laid out so is never read nor a view. */
    int (*wanted)(void *self, const ik_node_desc *node, int input);
    /* What would have to be known to compute the same bytes again beside the nodes, such as
     * algorithms that were timed: a text (malloc'ed, the caller frees it) that is kept with a
     * checkpoint. `recall` takes it back, before any node is prepared, and fails where it ignored
     * some of it, saying what and why in a line; the rest holds, and the run goes on. The text may
     * be another device's, or damaged. Go together. */
    ik_status (*choices)(void *self, char **text, ik_error *err);
    ik_status (*recall)(void *self, const char *text, ik_error *err);
    /* Waits until all that was asked for so far is done, and gives the seconds by the clock of the
     * device between that and the same at the call before; where it had nothing to do counts as
     * well. 0 at the first call. For backends that go on after a call has returned; without it the
     * core reads its own clock. */
    ik_status (*elapsed)(void *self, double *seconds, ik_error *err);
    /* Replays the kernels `rounds` times, at least once, and gives for each the least seconds that
     * the device took for it, without what launching it costs; without it the core replays them
     * one by one. */
    ik_status (*profile)(void *self, ik_kernel *const *kernels, int n, const ik_step *step,
                         int rounds, double *seconds, ik_error *err);
    /* Numbers looked at where they are, for a device that works while the host goes ahead. `guard`
     * takes n IK_F32 scalars, all stored plain, in the order of the calls before it: `kept` gets
     * them, n elements, and the first that is not finite is noted with `number`. From then on no
     * `copy`, `axpby` or `adam` takes effect and no other number is noted, until `guarded` has
     * waited for all that: *index is that of the scalar noted, or -1. Go together. */
    void (*guard)(void *self, int n, const void *const *scalars, void *kept, uint64_t number);
    ik_status (*guarded)(void *self, uint64_t *number, int *index, float *value, ik_error *err);
} ik_backend_iface;

/* Which input of conv2d, conv2d_dx or conv2d_act is the bias, which the residual; 0: none. */
static inline int ik_conv_bias(const ik_node_desc *n) {
    return n->n_in > 2 && (n->op != IK_CONV2D_ACT || n->in[2]->shape.rank == 1) ? 2 : 0;
}
static inline int ik_conv_residual(const ik_node_desc *n) {
    int last = n->n_in - 1;
    return n->op == IK_CONV2D_ACT && last > 1 && n->in[last]->shape.rank == 4 ? last : 0;
}

#ifdef __cplusplus
}
#endif
#endif
