/* Where the time of a step goes, kernel by kernel, and what the bytes and the operations of each
 * would take at given rates. */
#ifndef BENCH_PROFILE_H
#define BENCH_PROFILE_H

#include "session/session.h"

/* What the device can do: bytes and operations a second; 0: not known. */
typedef struct ceilings {
    double bytes, operations;
} ceilings;

/* Prints the table. `plan`: nothing is run, and kernels are sorted by what they take at least. */
ik_status profile(ik__session *s, bool training, bool plan, const ceilings *c, FILE *to,
                  ik_error *err);

#endif
