/* The inputs of a trace: from a file's tensors to what a program reads. */
#ifndef INADEKIT_RUN_TRACE_INPUTS_H
#define INADEKIT_RUN_TRACE_INPUTS_H

#include "session/session.h"
#include "tensors/safetensors.h"

typedef struct ik__trace_inputs {
    const char *path;
    ik__st *file;
    int64_t batch;      /* the first axis of all of them */
    const char **names; /* of the file's tensors; NULL-terminated */
} ik__trace_inputs;

ik_status ik__trace_inputs_open(const char *path, ik__trace_inputs *out, ik_error *err);
void ik__trace_inputs_close(ik__trace_inputs *in);
/* Fills everything that the program reads: from the file, by deriving segments from label and
 * instance, by drawing latents. */
ik_status ik__trace_inputs_feed(const ik__trace_inputs *in, ik__session *s, ik__program *p,
                                ik_error *err);

#endif
