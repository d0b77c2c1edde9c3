/* What a pipeline takes of the device's memory, known once it is recorded. */
#ifndef INADEKIT_EXEC_MEMORY_H
#define INADEKIT_EXEC_MEMORY_H

#include "program.h"

/* Bytes. Programs share one arena and one workspace, so these are the largest of any program. */
typedef struct ik__memory {
    int64_t values;    /* parameters and buffers */
    int64_t gradients; /* and their sums, with train.accumulate */
    int64_t moments;   /* Adam's */
    int64_t averages;  /* with train.ema */
    int64_t arena, workspace, inputs;
} ik__memory;

/* With a sum of gradients over batches, with averaged weights. */
ik__memory ik__memory_of(const ik__engine *e, bool accumulate, bool ema);

#endif
