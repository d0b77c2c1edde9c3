/* A dry run in about ten lines. */
#ifndef INADEKIT_RUN_BRIEF_H
#define INADEKIT_RUN_BRIEF_H

#include "session/session.h"

/* Data, networks, training, memory, time, disk, the run folder, and a verdict; `ready`: nothing
 * stands against the run. */
void ik__brief_print(ik__session *s, const ik__run_options *o, bool ready, FILE *to);

#endif
