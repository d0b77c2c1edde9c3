/* Which engine computes which convolution, kept in a file of lines
 *
 *   device <tab> cuDNN's version <tab> problem <tab> engine <tab> knobs <tab> workspace <tab> notes
 *
 * that is read when the backend is opened and written anew, aside and renamed, when it is closed.
 * Lines of other devices and versions stay. */
#ifndef CUDA_CHOICES_H
#define CUDA_CHOICES_H

#include "plans.h"

typedef struct choices choices;

/* `path` may be NULL: nothing is read or written. A file that cannot be read counts as empty, a
 * line that cannot be understood is dropped. */
choices *choices_open(const char *path, const char *device);
/* False where there is none. */
bool choices_find(const choices *c, const char *problem, plan_choice *out);
void choices_add(choices *c, const char *problem, const plan *p);
/* Writes, if there is a path and something new, and frees. */
ik_status choices_close(choices *c, ik_error *err);

#endif
