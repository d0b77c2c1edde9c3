/* Paths that are put together. None is ever cut: one that is longer than the system takes stays too
 * long, so that whoever opens it is told. */
#ifndef INADEKIT_BASE_PATH_H
#define INADEKIT_BASE_PATH_H

#include "inadekit/types.h"

#include <limits.h>

typedef struct ik__path {
    char text[PATH_MAX + 8];
} ik__path;

ik__path IK_PRINTF(1, 2) ik__path_of(const char *format, ...);

#endif
