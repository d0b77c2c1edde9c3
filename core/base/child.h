/* A piece of work in a child process: its memory use is its own, and if it crashes, this process
 * hears of it and lives on. */
#ifndef INADEKIT_BASE_CHILD_H
#define INADEKIT_BASE_CHILD_H

#include "inadekit/types.h"

/* Runs `work` in a child and gives its status and error. A signal that ends the child is an
 * IK__CRASHED that names it. SIGINT and SIGTERM are passed on to the child, once each, and
 * `stopped` says that one came; the child decides what it does then. The child gets SIGTERM when
 * this process dies. Call it before anything here has started threads or opened a device. */
typedef ik_status ik__child_work(void *user, ik_error *err);
ik_status ik__child_run(ik__child_work *work, void *user, bool *stopped, ik_error *err);

/* How a child came to its end that was not trusted. */
typedef struct ik__child_end {
    bool stopped; /* this process was told to stop */
    bool late;    /* `patient` had enough */
    bool halted;  /* it had stopped itself before */
    int left;     /* processes that it had started and left behind */
} ik__child_end;

/* The same of work that is not trusted. `patient` is asked about every tenth of a second; when it
 * has enough, or a signal comes, the child is killed, whatever signals it blocks. Nothing that it
 * started outlives it. */
ik_status ik__child_try(ik__child_work *work, void *user, bool (*patient)(void *user),
                        ik__child_end *end, ik_error *err);

#endif
