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
    bool no_data;       /* the dataset only describes itself; a dry run is content with that, too */
    bool skip_finished; /* with `resume`: nothing is done where the folder holds the whole run */
    int threads;        /* 0: all */
} ik__run_options;

/* Runs a pipeline, or the variants that its `compare:` lists. */
ik_status ik__run(const ik__run_options *o, ik_error *err);
/* Runs it as it stands, whatever it compares. */
ik_status ik__run_one(const ik__run_options *o, ik_error *err);
/* Needs neither data nor weights. instances: of the picture that is counted; 0: the pipeline's
 * `counted_instances`. */
ik_status ik__summary(const ik__run_options *o, bool json, int64_t instances, FILE *to,
                      ik_error *err);

#endif
