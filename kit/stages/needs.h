/* What the stages of a run will need, looked at before the first of them begins. */
#ifndef INADEKIT_STAGES_NEEDS_H
#define INADEKIT_STAGES_NEEDS_H

#include "session/session.h"

/* Everything is recorded, nothing allocated yet. Is there enough data, and an item of each split
 * that can be read? Do the layouts hold what shall vary, and the references whose style is wanted?
 * Will the metrics measure, and the grids be made? Tells what is left out for want of data.
 * `many`: a few hundred items of training are read, spread over all, not only the first. */
ik_status ik__stages_need(ik__session *s, bool many, ik_error *err);

#endif
