/* What `inadekit summary` does: networks, programs and published numbers of a pipeline. */
#ifndef INADEKIT_RUN_SUMMARY_H
#define INADEKIT_RUN_SUMMARY_H

#include "session/options.h"

struct ik__session;

/* Tables of the networks and the programs of an opened session, and the published numbers. */
ik_status ik__summary_print(const struct ik__session *s, int64_t instances, FILE *to,
                            ik_error *err);
/* Needs neither data nor weights. instances: of the picture that is counted; 0: the pipeline's
 * `counted_instances`. */
ik_status ik__summary(const ik__run_options *o, bool json, int64_t instances, FILE *to,
                      ik_error *err);

#endif
