/* A program: a recorded graph made ready to be replayed on one backend.
 *
 * new (dead nodes dropped, constants found, kernels prepared, memory planned) -> engine_ready (one
 * arena for all programs, pointers bound) -> run, as often as wanted. A run allocates nothing. */
#ifndef INADEKIT_EXEC_PROGRAM_H
#define INADEKIT_EXEC_PROGRAM_H

#include "graph/graph.h"
#include "plugin/plugins.h"

typedef struct ik__gradient {
    ik__entry *entry;
    ik_tensor *tensor;
} ik__gradient;

typedef struct ik__program {
    const char *name;
    ik__graph *graph;
    int n, n_kernels; /* live nodes; those with a kernel */
    int n_constant;   /* live nodes that are constant, */
    int n_settled;    /* and kernels that make them: first in their orders */
    ik__node **order;
    ik_kernel *kernels; /* by position among the kernels */
    ik_kernel **replayed;
    void **pointer;         /* by node id, once bound */
    size_t *offset, *bytes; /* in the arena, or in `kept`; by node id */
    ik__gradient *grads;
    int n_grads;
    size_t arena_bytes, workspace_bytes, kept_bytes;
    void *kept;       /* what constants are read at every run */
    uint64_t settled; /* the store's version that they were computed from; 0: none */
} ik__program;

/* A backend with the storage that the programs of a session share. */
typedef struct ik__engine {
    ik__instance *instance;
    const ik_backend_iface *backend;
    void *self;
    ik__store *store;
    void *arena;
    size_t arena_bytes;
    struct ik__held {
        const char *name;
        ik_shape shape;
        ik_dtype dtype;
        void *data;
    } inputs[64];
    int n_inputs;
    ik__program *programs[8];
    int n_programs;
    bool keep_all; /* every node keeps its value until the program ends: for traces */
    double asked;  /* the clock when `elapsed` was asked last, without a backend's own; 0: never */
} ik__engine;

ik_status ik__engine_new(ik__instance *backend, int threads, ik__engine **out, ik_error *err);
void ik__engine_free(ik__engine *e); /* and its programs, graphs and the backend's instance */
/* Takes the graph. What is kept: its outputs, its assignments and the gradients. */
ik_status ik__program_new(ik__engine *e, const char *name, ik__graph *g, int n_grads,
                          const ik__gradient *grads, ik__program **out, ik_error *err);
/* Before anything is allocated: is there room for the programs and `weights` bytes of store? */
ik_status ik__engine_fits(const ik__engine *e, size_t weights, ik_error *err);
/* After all programs: allocates the arena and binds every pointer. The store is built already. */
ik_status ik__engine_ready(ik__engine *e, ik_error *err);

/* Does a live node read this input? */
bool ik__program_reads(const ik__program *p, const char *input);
/* Fills the input of that name and batch (its first dimension); ignored when no program reads it.
 */
ik_status ik__engine_upload(ik__engine *e, const char *input, int64_t rows, const void *data,
                            ik_error *err);
/* A tensor in storage as float or int32_t, in logical order. */
ik_status ik__engine_read(const ik__engine *e, const ik_tensor *t, void *to, const void *from,
                          ik_error *err);
/* Runs the kernels, then commits the assignments unless `hold`. */
ik_status ik__program_run(ik__engine *e, ik__program *p, const ik_step *step, bool hold,
                          ik_error *err);
/* Only as far as a node, as a loss before its gradients. Nothing is committed. */
ik_status ik__program_run_to(ik__engine *e, ik__program *p, const ik__node *n, const ik_step *step,
                             ik_error *err);
void ik__program_commit(ik__engine *e, ik__program *p);
/* A named output as float (or int32_t); valid until the next run of any program. */
ik_status ik__program_output(ik__engine *e, ik__program *p, const char *name, void *to,
                             ik_error *err);
ik_status ik__program_tensor(ik__engine *e, ik__program *p, const ik__node *n, void *to,
                             ik_error *err);

/* What an input takes. */
size_t ik__input_bytes(const ik__engine *e, const struct ik__held *h);
/* Bytes that a tensor takes in storage. */
size_t ik__tensor_bytes(const ik__engine *e, const ik_tensor *t);

/* macs.c: the multiply-accumulates of a convolution or a product, forward or a gradient; of
 * anything else none. */
double ik__macs(const ik_node_desc *n);

/* timing.c: seconds of the device since the call before, when all that was asked for is done. */
ik_status ik__engine_elapsed(ik__engine *e, double *seconds, ik_error *err);
/* The least seconds in `rounds` runs of each of the kernels that a run replays: those from
 * p->replayed + p->n_settled on. Nothing is committed. */
ik_status ik__program_profile(ik__engine *e, ik__program *p, const ik_step *step, int rounds,
                              double *seconds, ik_error *err);

/* A node as a backend sees it. */
ik_node_desc ik__node_desc(const ik__node *n);

/* constants.c: marks what is constant among the nodes, and has it laid out as the backend wants. */
void ik__constants_find(const ik__engine *e, ik__graph *g, const bool *live);
/* Computes the constants anew if the weights have changed. */
ik_status ik__constants_settle(ik__engine *e, ik__program *p, const ik_step *step, ik_error *err);

/* plan.c: offsets in one arena for tensors that live from their making to their last use. */
typedef struct ik__span {
    size_t bytes, offset;
    int from, to; /* positions, inclusive */
} ik__span;
enum { IK__FEW_SPANS = 8192 }; /* more are packed less tightly, in less time */
size_t ik__plan(ik__span *spans, int n);

#endif
