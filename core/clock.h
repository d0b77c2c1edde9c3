/* Seconds of the monotonic clock. */
#ifndef INADEKIT_CLOCK_H
#define INADEKIT_CLOCK_H

#include <time.h>

static inline double ik__now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

#endif
