/* Which value was the first that is no finite number. */
#ifndef INADEKIT_EXEC_FINITE_H
#define INADEKIT_EXEC_FINITE_H

#include "program.h"

/* Replays a program whose state was not committed yet, and describes in `text` the first value that
 * is not finite, with the path of the node that made it; an empty text if there is none. */
void ik__check_finite(ik__engine *e, ik__program *p, const ik_step *step, char *text, size_t size);

#endif
