/* The backend's instance, for those of its files that are not kernels. */
#ifndef CUDA_INSTANCE_H
#define CUDA_INSTANCE_H

#include "choices.h"
#include "cuda.h"
#include "pack.h"
#include "plans.h"

/* Uploads go through a ring: pinned memory, copied by a stream of its own into device memory beside
 * it, from where the stream of the kernels takes it. A slot is free again when that has happened,
 * so the host runs ahead of the device by as many bytes as there are. */
enum { SLOTS = 32, SLOT_BYTES = 2 << 20 };

typedef struct slot {
    cudaEvent_t copied, taken;
    bool used;
} slot;

/* A list of kernels, as replay is given it, captured. */
enum { GRAPHS = 64 };
typedef struct captured {
    ik_kernel *const *kernels;
    int n, runs;
    uint64_t generation, last;
    cudaGraphExec_t graph;
} captured;

typedef struct shared_plan {
    char problem[256];
    ik_status status; /* IK_OK, or there is none, and `why` */
    plan plan;
    ik_error why;
    struct shared_plan *next;
} shared_plan;

/* Weights [o,i,taps] as a convolution wants them: [po,taps,pi] of a type, zero where nothing is. */
typedef struct layout {
    int64_t o, i, taps, po, pi;
    int type;
} layout;

struct cuda {
    /* options */
    bool autotune, graphs;
    int64_t device, bf16_from, scratch; /* MiB */
    const char *choices_file, *properties_file;

    ik_precision precision;
    int multiprocessors;
    bool planning; /* for a device that is not here: nothing can run */
    size_t planned_memory;
    size_t cache_bytes; /* L2 */
    plan_target target;
    choices *choices;
    bool misfit; /* a choice of a checkpoint could not be used, which was said */
    shared_plan *plans;
    layout *layouts; /* by ik_tensor.storage - CUDA_LAID_OUT */
    int n_layouts, layout_room;
    void *lt; /* cublasLt's handle, see matmul.c */

    cudaStream_t stream, copies;
    ik_step *step, there;   /* on the device, and what was set there last */
    cuda_alarm *alarm;      /* on the device, too */
    char *pinned, *arrived; /* SLOTS x SLOT_BYTES each, on the host and on the device */
    char *leaving, *plain;  /* SLOT_BYTES each: downloads on the host, converted on the device */
    slot slots[SLOTS];
    uint64_t uploads;

    captured graph[GRAPHS];
    uint64_t generation; /* kernels prepared and released so far */
    uint64_t replays;

    cudaEvent_t marks[2]; /* of the last calls of `elapsed`, see timing.c */
    uint64_t asked;

    ik_error failed; /* by a call that gives no status; the next that does reports it */
};

/* A mistake in an earlier call without a status. */
ik_status cuda_pending(cuda *c, ik_error *err);
void cuda_note(cuda *c, cudaError_t code, const char *what);
/* The refusal to run on a device that is only planned for. */
ik_status cuda_not_here(ik_error *err);

/* storage.c */
ik_status cuda_storage_open(cuda *c, ik_error *err);
void cuda_storage_close(cuda *c);
size_t cuda_element_bytes(void *self, ik_dtype dtype);
int cuda_storage(void *self, const ik_node_desc *node);
size_t cuda_tensor_bytes(void *self, const ik_tensor *t);
void *cuda_alloc(void *self, size_t bytes);
void cuda_free(void *self, void *p);
void cuda_memory(void *self, size_t *free, size_t *total);
ik_status cuda_upload(void *self, ik_dtype dtype, int64_t n, void *to, const void *from,
                      ik_error *err);
ik_status cuda_download(void *self, ik_dtype dtype, int64_t n, void *to, const void *from,
                        ik_error *err);
ik_status cuda_read(void *self, const ik_tensor *t, void *to, const void *from, ik_error *err);
void cuda_copy(void *self, ik_dtype dtype, int64_t n, void *to, const void *from);
void cuda_axpby(void *self, int64_t n, double a, const void *x, double b, void *y);
void cuda_adam(void *self, int64_t n, const ik_adam *a, void *p, const void *g, void *m, void *v);
void cuda_guard(void *self, int n, const void *const *scalars, void *kept, uint64_t number);
ik_status cuda_guarded(void *self, uint64_t *number, int *index, float *value, ik_error *err);

/* replay.c */
ik_status cuda_prepare(void *self, ik_kernel *k, ik_error *err);
ik_status cuda_replay(void *self, ik_kernel *const *kernels, int n, const ik_step *step,
                      ik_error *err);
void cuda_replay_close(cuda *c);
ik_status cuda_launch_all(cuda *c, ik_kernel *const *kernels, int n, ik_error *err);
/* What `enqueue` puts into the stream, as a graph; nothing runs yet. */
ik_status cuda_capture(cuda *c, ik_status (*enqueue)(cuda *c, void *user, ik_error *err),
                       void *user, cudaGraphExec_t *out, ik_error *err);
const cuda_op *cuda_op_of(ik_opcode op); /* NULL: there is none */

/* timing.c */
ik_status cuda_elapsed(void *self, double *seconds, ik_error *err);
ik_status cuda_profile(void *self, ik_kernel *const *kernels, int n, const ik_step *step,
                       int rounds, double *seconds, ik_error *err);
void cuda_timing_close(cuda *c);

/* conv.c: the plan for a problem, found once. */
ik_status cuda_plan(cuda *c, const plan_problem *p, const plan **out, ik_error *err);
void cuda_conv_close(cuda *c);

/* choices.c: what the plans in use were made from, to be kept with a checkpoint. */
ik_status cuda_choices(void *self, char **text, ik_error *err);
ik_status cuda_recall(void *self, const char *text, ik_error *err);

/* How a convolution wants its input `i`, of which nothing need be brought over then; 0: as it is.
 */
int cuda_wanted(void *self, const ik_node_desc *node, int i);

/* layouts.c: the storage of a layout; 0 without memory for it. */
int cuda_layout(cuda *c, const layout *l);
size_t cuda_layout_bytes(const cuda *c, int storage);
void cuda_layouts_close(cuda *c);

/* matmul.c */
ik_status cuda_matmul_open(cuda *c, ik_error *err);
void cuda_matmul_close(cuda *c);

static inline size_t cuda_aligned(size_t bytes) {
    return (bytes + 255) & ~(size_t)255;
}
static inline char *cuda_aligned_pointer(void *p) {
    return (char *)(((uintptr_t)p + 255) & ~(uintptr_t)255);
}

#endif
