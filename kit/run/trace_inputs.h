/* The inputs of a trace: from a file's tensors to what a program reads. */
#ifndef INADEKIT_RUN_TRACE_INPUTS_H
#define INADEKIT_RUN_TRACE_INPUTS_H

#include "session/session.h"
#include "tensors/safetensors.h"

/* A tensor is called NAME; or stepN.NAME or stepN.UPDATE.NAME, which go before it, the last one
 * first, in the N-th step of training. */
typedef struct ik__trace_inputs {
    const char *path;
    ik__st *file;
    int64_t batch;      /* the first axis of all of them */
    const char **names; /* of the file's tensors; NULL-terminated */
    int64_t step;       /* which is to be fed; 0: none, it is no training */
    int64_t steps;      /* how many there will be */
} ik__trace_inputs;

ik_status ik__trace_inputs_open(const char *path, ik__trace_inputs *out, ik_error *err);
void ik__trace_inputs_close(ik__trace_inputs *in);
/* The names that are given to an update in any step, or to another program (-1): as the recording
 * of it wants them. They live in the session's pool. */
const char *const *ik__trace_inputs_supplied(const ik__trace_inputs *in, ik__session *s,
                                             int update);
/* Fills everything that the program reads: from the file, by deriving segments from label and
 * instance, by drawing latents. */
ik_status ik__trace_inputs_feed(const ik__trace_inputs *in, ik__session *s, ik__program *p,
                                ik_error *err);

#endif
