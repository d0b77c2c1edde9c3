/* Steps of training on given tensors, before a trace. */
#ifndef INADEKIT_RUN_TRACE_STEPS_H
#define INADEKIT_RUN_TRACE_STEPS_H

#include "trace_inputs.h"

typedef struct ik__trace_loss {
    char name[256]; /* step1.UPDATE.loss.NAME */
    float value;
} ik__trace_loss;

typedef struct ik__trace_losses {
    int n;
    ik__trace_loss *v;
} ik__trace_losses;

/* Whole steps: each update of s->update and the optimiser's after it, at the rates of the first
 * epoch, as a run takes them. The losses are added; the caller frees them. */
ik_status ik__trace_train(ik__session *s, ik__trace_inputs *in, int64_t steps,
                          ik__trace_losses *losses, ik_error *err);

#endif
