/* One pipeline from its beginning to its end. */
#ifndef INADEKIT_RUN_PIPELINE_H
#define INADEKIT_RUN_PIPELINE_H

#include "session/options.h"

/* Runs it as it stands, whatever it compares. */
ik_status ik__run_one(const ik__run_options *o, ik_error *err);

#endif
