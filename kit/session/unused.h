/* Keys of a pipeline that change nothing beside the others. */
#ifndef INADEKIT_SESSION_UNUSED_H
#define INADEKIT_SESSION_UNUSED_H

#include "session.h"

/* Tells each that is written, and not as its default, with its place and why. Everything is
 * recorded; `resume` as for that: stages that are left out then were for the run before. */
void ik__tell_unused(const ik__session *s, bool resume);

#endif
