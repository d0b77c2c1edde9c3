/* Parameters that are to be trained and that no loss reaches. */
#ifndef INADEKIT_SESSION_UNTRAINED_H
#define INADEKIT_SESSION_UNTRAINED_H

#include "session.h"

/* After the training programs were recorded: "3 of 40 parameters, which no loss reaches:
 * generator.a.weight, ..."; gives how many there are, 0 with an empty text. */
int ik__untrained_words(const ik__session *s, char *text, size_t size);

#endif
