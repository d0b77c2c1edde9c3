/* What `inadekit run` and `inadekit summary` do. */
#ifndef INADEKIT_RUN_H
#define INADEKIT_RUN_H

#include "inadekit/types.h"

typedef struct ik__run_options {
    const char *pipeline;
    int n_sets;
    const char *const *sets;
    const char *out; /* the run folder; NULL: `out:` of the pipeline, or runs/<name> */
    bool dry_run, resume, quiet, verbose;
    int threads; /* 0: all */
} ik__run_options;

ik_status ik__run(const ik__run_options *o, ik_error *err);
ik_status ik__summary(const ik__run_options *o, bool json, FILE *to, ik_error *err);

#endif
