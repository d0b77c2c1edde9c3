/* One run at a time works in a folder. */
#ifndef INADEKIT_FOLDER_LOCK_H
#define INADEKIT_FOLDER_LOCK_H

#include "inadekit/types.h"

typedef struct ik__lock ik__lock;

/* Fails, and says who it is, where somebody holds the folder. The system lets go of it when the
 * process that took it is gone, however it ended. Where files cannot be locked that is told, and
 * *out stays NULL. */
ik_status ik__lock_take(const char *run, ik__lock **out, ik_error *err);
void ik__lock_free(ik__lock *lock);

#endif
