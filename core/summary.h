/* What a pipeline builds, in numbers: networks, programs, memory. */
#ifndef INADEKIT_SUMMARY_H
#define INADEKIT_SUMMARY_H

#include "session.h"

/* A network's own numbers; multiply-adds and activations per picture. */
typedef struct ik__totals {
    int64_t params, macs, bytes;
    bool pruned; /* nobody asks for what it provides */
} ik__totals;
ik__totals ik__summary_totals(const ik__session *s, const char *network);

/* A table of the networks and the programs of an opened session. */
void ik__summary_print(const ik__session *s, FILE *to);

#endif
