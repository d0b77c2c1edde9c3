/* Statuses of our own, for whoever has to tell failures apart without reading their text. At the
 * edge of the program, and of a process, each is one of ik_status. */
#ifndef INADEKIT_BASE_STATUS_H
#define INADEKIT_BASE_STATUS_H

#include "inadekit/types.h"

enum {
    IK__CRASHED = 64, /* a child process was ended by a signal */
    IK__NO_NETWORK,   /* something asks for a network that the pipeline does not have */
};

static inline ik_status ik__status_outside(ik_status s) {
    return (int)s == IK__CRASHED ? IK_FAILED : (int)s == IK__NO_NETWORK ? IK_USAGE : s;
}

#endif
