/* Seconds of the monotonic clock, and of the processors that this process was given. */
#ifndef INADEKIT_BASE_CLOCK_H
#define INADEKIT_BASE_CLOCK_H

#include <time.h>

static inline double ik__now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static inline double ik__spent(void) {
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

#endif
