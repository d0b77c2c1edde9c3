/* cuDNN's execution plans: which engine computes a convolution, and how.
 *
 * A problem is everything a plan depends on. Plans are found by cuDNN's heuristics among engines
 * that are deterministic and round no more than the precision allows, on a device or for the
 * properties of one that is not here: the code is the same. */
#ifndef CUDA_PLANS_H
#define CUDA_PLANS_H

#include <cudnn.h>

#include "cuda.h"

typedef enum plan_kind {
    PLAN_FORWARD, /* x, w -> y */
    PLAN_DATA,    /* y, w -> x */
    PLAN_WEIGHTS, /* x, y -> w */
} plan_kind;

/* x [n,h,w,c], w [k,r,s,c/groups], y [n,p,q,k]; all of one type, dense, channels last. */
typedef struct plan_problem {
    plan_kind kind;
    int64_t n, h, w, c, p, q, k;
    int r, s, stride[2], padding[2], dilation[2], groups;
    int type;  /* CUDA_F32 or CUDA_BF16; sums are f32 */
    bool tf32; /* CUDA_F32: factors may be rounded to 10 bits */
    /* FORWARD: a residual [n,p,q,k] and a bias [k], both of that type, are added, and then negative
     * sums are multiplied by `slope`. */
    bool residual, bias, activated;
    float slope;
} plan_problem;

/* Where plans are made for: a device with its handle, or the properties of one. */
typedef struct plan_target {
    cudnnHandle_t handle;                /* NULL without a device */
    cudnnBackendDescriptor_t properties; /* NULL with one */
} plan_target;

enum { PLAN_KNOBS = 64 };

/* A choice of engine, as it is kept in files. */
typedef struct plan_choice {
    int64_t engine;
    int knobs;
    int64_t knob[PLAN_KNOBS][2]; /* type, value */
    bool timed;                  /* it was the fastest of some */
} plan_choice;

typedef struct plan {
    cudnnBackendDescriptor_t built;
    plan_choice choice;
    int64_t workspace;
    char notes[160]; /* what cuDNN says of the engine's numbers and behaviour */
} plan;

/* "forward n1 h4 w8 ..." : equal for equal problems. */
void plan_text(const plan_problem *p, char *text, size_t size);

/* The best `most` plans with at most `workspace` bytes of scratch, few of a kind, best first by
 * cuDNN's own estimate; returns how many. 0: none, and `err` says for what. */
int plan_find(const plan_target *t, const plan_problem *p, int64_t workspace, int most, plan *out,
              ik_error *err);
/* The plan of a choice kept earlier; false where it does not fit any more. */
bool plan_restore(const plan_target *t, const plan_problem *p, const plan_choice *choice,
                  plan *out);
void plan_free(plan *p);

/* By role, whichever is the result; NULL where the problem has none. */
typedef struct plan_operands {
    void *x, *w, *y, *bias, *residual;
} plan_operands;

ik_status plan_run(const plan *p, cudnnHandle_t handle, const plan_operands *o, void *workspace,
                   ik_error *err);

/* IK_OK, or `what` failed with cuDNN's own words. */
ik_status cudnn_check(cudnnStatus_t code, const char *what, ik_error *err);

#endif
