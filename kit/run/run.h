/* What `inadekit run` does. */
#ifndef INADEKIT_RUN_RUN_H
#define INADEKIT_RUN_RUN_H

#include "session/options.h"

/* Runs a pipeline, or the variants that its `compare:` lists. */
ik_status ik__run(const ik__run_options *o, ik_error *err);

#endif
