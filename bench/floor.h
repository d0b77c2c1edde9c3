/* The floor under a program: its convolutions and matrix products, each by the fastest of oneDNN's
 * algorithms and layouts, bare: no conversion of layouts, nothing between them. */
#ifndef BENCH_FLOOR_H
#define BENCH_FLOOR_H

#include "exec/program.h"

typedef struct floor_of {
    double seconds; /* the sum of the least times */
    double macs;    /* multiply-accumulates */
    int nodes, distinct;
    int winograd; /* nodes that a Winograd algorithm was tried for: with oneDNN 3 on x86, none */
} floor_of;

/* Times each distinct shape once in this process and adds it as often as the program has it. */
ik_status floor_add(const ik__program *p, floor_of *f, ik_error *err);

#endif
