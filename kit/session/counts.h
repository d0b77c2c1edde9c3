/* What a pipeline builds, in numbers: parameters, multiply-adds, activations. */
#ifndef INADEKIT_SESSION_COUNTS_H
#define INADEKIT_SESSION_COUNTS_H

#include "session.h"

/* A network's own numbers; multiply-adds and activations per picture: where losses
 * have a network look at the fake and at the picture, both count. */
typedef struct ik__totals {
    int64_t params, macs, bytes;
    bool pruned; /* nobody asks for what it provides */
} ik__totals;
ik__totals ik__summary_totals(const ik__session *s, const char *network);

/* Has the loss a term for any player that trains? */
bool ik__summary_loss_counts(const ik__session *s, const char *loss);

/* Multiply-adds of a step of training, backward passes included. */
int64_t ik__summary_step_macs(const ik__session *s);

/* The generator as publications count it (in the authors' tables P and F): its parameters, and the
 * multiply-accumulates of its convolutions with their bias adds and of its linear maps, for one
 * picture; norms, activations and upsampling are left out, one-hot maps are dense. */
typedef struct ik__published {
    int64_t instances, params, macs;
} ik__published;
/* For a picture of that many instances; 0: the pipeline's `counted_instances`. */
ik_status ik__summary_published(const ik__session *s, int64_t instances, ik__published *out,
                                ik_error *err);

#endif
