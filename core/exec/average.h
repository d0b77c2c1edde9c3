/* Exponential moving averages of the weights, in the blocks that have room for them. */
#ifndef INADEKIT_EXEC_AVERAGE_H
#define INADEKIT_EXEC_AVERAGE_H

#include "graph/store.h"

void ik__average_step(ik__store *s, double decay);
/* Puts the averages in the weights' place, and the weights back. Between steps only: the gradients'
 * place is borrowed. Nothing happens where no averages are kept. */
void ik__average_begin(ik__store *s);
void ik__average_end(ik__store *s);

#endif
