/* Comparison runs: `compare:` lists variants of a pipeline, each a name and overrides.
 *
 *     compare:
 *       - {name: as_it_is}
 *       - {name: other_norm, set: [norm.plugin=NAME]}
 *
 * `set` takes what --set takes; it is applied after the command line's. Every variant runs in
 * <run folder>/<name>, in a process of its own, with the same data, seed and steps. */
#ifndef INADEKIT_RUN_COMPARE_H
#define INADEKIT_RUN_COMPARE_H

#include "base/path.h"
#include "base/pool.h"
#include "session/options.h"

typedef struct ik__variant {
    const char *name;
    ik__run_options run; /* what its process is told */
    bool ran;            /* its process has ended */
    ik_status status;    /* then, with `problem` where it failed */
    const char *problem;
} ik__variant;

typedef struct ik__compare {
    ik__pool *pool;
    const char *name; /* of the pipeline */
    ik__path out;     /* the run folder; each variant's is <out>/<name> */
    bool report;      /* `stages` has it */
    int n;
    ik__variant *variants;
} ik__compare;

/* Reads the list and checks it: names, overrides, and that data, seed and steps are the same.
 * Gives NULL for a pipeline without `compare:`. Nothing is written. */
ik_status ik__compare_read(const ik__run_options *o, ik__compare **out, ik_error *err);
void ik__compare_free(ik__compare *c);

/* compare_run.c. First all variants are recorded, so that a mistake in any of them is reported
 * before the first has begun. One that fails later is reported and the others go on; the status is
 * IK_FAILED then. A signal stops the running one and all that were to come. With --resume,
 * variants that were finished with the same configuration are not run again. */
ik_status ik__compare_run(ik__compare *c, const ik__run_options *o, ik_error *err);

/* compare_table.c. A line per variant that ran: its generator's size and speed, as publications
 * tell them, from what its run wrote. */
void ik__compare_tell(const ik__compare *c);

#endif
