/* Which checkpoints a run folder has. */
#ifndef INADEKIT_FOLDER_CHECKPOINTS_H
#define INADEKIT_FOLDER_CHECKPOINTS_H

#include "inadekit/types.h"

/* The step of the newest; -1 where there is none. What cannot be looked at is a failure. */
ik_status ik__checkpoints_newest(const char *run, int64_t *step, ik_error *err);
/* Removes all but the newest `keep`. */
ik_status ik__checkpoints_keep(const char *run, int64_t keep, ik_error *err);
/* Removes what writes that were cut short have left. */
ik_status ik__checkpoints_tidy(const char *run, ik_error *err);
/* Removes the folder of one, with its files. */
void ik__checkpoint_remove(const char *path);

#endif
