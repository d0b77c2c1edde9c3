/* Checkpoints: folders <run>/checkpoints/step-<n>, written aside and renamed. */
#ifndef INADEKIT_SESSION_CHECKPOINT_H
#define INADEKIT_SESSION_CHECKPOINT_H

#include "session.h"

typedef struct ik__position {
    int64_t step, log_bytes;
} ik__position;

ik_status ik__checkpoint_save(ik__session *s, const ik__position *at, ik_error *err);
/* The newest whole checkpoint; at->step stays 0 when there is none. */
ik_status ik__checkpoint_resume(ik__session *s, ik__position *at, ik_error *err);

/* The weights of all networks alone, as one file. */
ik_status ik__weights_save(ik__session *s, const char *path, ik_error *err);

/* Is there a checkpoint in the run folder? */
bool ik__checkpoint_exists(const ik__session *s);

/* The step of a run folder's newest checkpoint; -1 where there is none. */
int64_t ik__checkpoint_newest(const char *run);

#endif
