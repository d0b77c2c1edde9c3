/* What a run would be and do, without computing or writing anything. */
#ifndef INADEKIT_RUN_DRY_RUN_H
#define INADEKIT_RUN_DRY_RUN_H

#include "session/session.h"

/* Of a recorded session: the whole configuration with the origin of every value, networks and
 * programs, what is left out and why, memory, and what would be written where. */
ik_status ik__dry_run(ik__session *s, const ik__run_options *o, ik_error *err);

#endif
