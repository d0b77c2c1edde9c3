/* What a pipeline builds, in numbers: networks, programs, memory. */
#ifndef INADEKIT_SUMMARY_H
#define INADEKIT_SUMMARY_H

#include "session.h"

/* A table of the networks and the programs of an opened session. */
void ik__summary_print(const ik__session *s, FILE *to);

#endif
