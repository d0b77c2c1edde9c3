/* A piece of work in a child process: its memory use is its own, and if it crashes, this process
 * hears of it and lives on. */
#ifndef INADEKIT_BASE_CHILD_H
#define INADEKIT_BASE_CHILD_H

#include "inadekit/types.h"

/* Runs `work` in a child and gives its status and error. A signal that ends the child is an
 * IK__CRASHED that names it. SIGINT and SIGTERM are passed on to the child, once each, and
 * `stopped` says that one came; the child decides what it does then. The child gets SIGTERM when
 * this process dies. Call it before anything here has started threads or opened a device. */
ik_status ik__child_run(ik_status (*work)(void *user, ik_error *err), void *user, bool *stopped,
                        ik_error *err);

#endif
