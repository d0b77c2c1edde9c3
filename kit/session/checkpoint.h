/* Checkpoints: folders <run>/checkpoints/step-<n>, written aside and renamed. */
#ifndef INADEKIT_SESSION_CHECKPOINT_H
#define INADEKIT_SESSION_CHECKPOINT_H

#include "data/course.h"
#include "session.h"

typedef struct ik__position {
    ik__course course; /* entered where training stands */
    int64_t log_bytes;
} ik__position;

ik_status ik__checkpoint_save(ik__session *s, const ik__position *at, ik_error *err);
/* The newest whole checkpoint, with the course that it was trained on; where there is none, that of
 * the pipeline, at step 0. Settings that differ are told, some refused. */
ik_status ik__checkpoint_resume(ik__session *s, ik__position *at, ik_error *err);
/* For a dry run: would that succeed? */
ik_status ik__checkpoint_try(ik__session *s, ik_error *err);

/* The weights of all networks alone, as one file. */
ik_status ik__weights_save(ik__session *s, const char *path, ik_error *err);

#endif
