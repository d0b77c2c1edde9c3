/* From a recording to a program. */
#ifndef INADEKIT_EXEC_COMPILE_H
#define INADEKIT_EXEC_COMPILE_H

#include "program.h"

/* Records backward passes into the fused graph and fills `out`, which has room for one gradient
 * per node of it as it is when this is called; gives how many there are. */
typedef int ik__derive(void *user, ik__graph *g, ik__gradient *out);

/* Fuses, derives (`derive` NULL: nothing) and makes the program of that name. Takes the graph,
 * which is freed with its engine or, after a failure, at once; NULL means no memory. A failed
 * recording gives its status and error. */
ik_status ik__compile(ik__engine *e, const char *name, ik__graph *g, ik__derive *derive, void *user,
                      ik__program **out, ik_error *err);

#endif
