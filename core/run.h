/* What `inadekit run` and `inadekit summary` do. */
#ifndef INADEKIT_RUN_H
#define INADEKIT_RUN_H

#include "run_options.h"

/* Runs a pipeline, or the variants that its `compare:` lists. */
ik_status ik__run(const ik__run_options *o, ik_error *err);
/* Runs it as it stands, whatever it compares. */
ik_status ik__run_one(const ik__run_options *o, ik_error *err);
/* Needs neither data nor weights. instances: of the picture that is counted; 0: the pipeline's
 * `counted_instances`. */
ik_status ik__summary(const ik__run_options *o, bool json, int64_t instances, FILE *to,
                      ik_error *err);

#endif
