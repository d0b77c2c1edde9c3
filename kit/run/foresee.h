/* Everything that a run will meet later, looked at before it begins. */
#ifndef INADEKIT_RUN_FORESEE_H
#define INADEKIT_RUN_FORESEE_H

#include "session/session.h"

/* Bytes on the disk. */
typedef struct ik__disk {
    int64_t checkpoint; /* one */
    int64_t n;          /* how many are there at a time, one of them being written */
    int64_t pictures;   /* the most that all may take: PNG files are smaller */
    int64_t free;       /* for this user, where the run folder is; -1: not known */
} ik__disk;
ik__disk ik__run_disk(const ik__session *s, const ik__run_options *o);

/* Can the run folder be made, or written to? */
ik_status ik__run_folder_usable(const char *run, ik_error *err);
/* Everything is recorded. What the stages need (stages/needs.h), and that what is kept of it fits
 * on the disk. Nothing is written. */
ik_status ik__run_foresee(ik__session *s, const ik__run_options *o, ik_error *err);

#endif
