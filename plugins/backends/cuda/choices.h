/* Which engine computes which convolution, kept in lines
 *
 *   device <tab> cuDNN's version <tab> problem <tab> engine <tab> knobs <tab> workspace <tab> notes
 *
 * with <tab> timed behind where candidates competed. A file of them is read when the backend is
 * opened; when it is closed, what was found goes into it: read again under a lock, written aside
 * and renamed, so that processes that end together keep each other's lines. Lines of other devices
 * and versions stay. A checkpoint has lines as well, those of its run, and they come before the
 * file's. */
#ifndef CUDA_CHOICES_H
#define CUDA_CHOICES_H

#include "plans.h"

typedef struct choices choices;

/* `path` may be NULL: nothing is read or written. A file that cannot be read counts as empty, a
 * line that cannot be understood is dropped. */
choices *choices_open(const char *path, const char *device);
/* Where `choices: auto` keeps them: in the user's folder for caches. malloc'ed; NULL: nowhere. */
char *choices_default_path(void);
/* Takes a checkpoint's lines, which hold from now on. Fails if some were ignored, and says why. */
ik_status choices_recall(choices *c, const char *text, ik_error *err);
/* False where there is none. `timed`: the file's count only if they were; `recalled` tells whether
 * it is a checkpoint's. */
bool choices_find(const choices *c, const char *problem, bool timed, plan_choice *out,
                  bool *recalled);
void choices_add(choices *c, const char *problem, const plan *p);
/* The line of a plan, without the newline, cut where the room ends. */
void choices_line(const choices *c, const char *problem, const plan *p, char *line, size_t size);
/* Writes, if there is a path and something new, and frees. */
ik_status choices_close(choices *c, ik_error *err);

#endif
