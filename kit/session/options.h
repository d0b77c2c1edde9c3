/* What a command asks of a pipeline. */
#ifndef INADEKIT_SESSION_OPTIONS_H
#define INADEKIT_SESSION_OPTIONS_H

#include "inadekit/types.h"

typedef struct ik__run_options {
    const char *pipeline;
    int n_sets;
    const char *const *sets;
    const char *out; /* the run folder; NULL: `out:` of the pipeline, or runs/<name> */
    bool dry_run, resume, verbose;
    bool no_data;       /* the dataset only describes itself */
    bool skip_finished; /* with `resume`: nothing is done where the folder holds the whole run */
    int threads;        /* 0: all */
} ik__run_options;

#endif
