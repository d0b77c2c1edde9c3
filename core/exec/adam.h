/* The optimiser's steps. */
#ifndef INADEKIT_EXEC_ADAM_H
#define INADEKIT_EXEC_ADAM_H

#include "graph/store.h"

/* Updates what a player trains by its gradients, or by their sum over batches; `how->t` is each
 * block's own. */
void ik__adam_step(ik__store *s, int player, const ik_adam *how);
/* Steps that the device has held back are not counted. */
void ik__adam_take_back(ik__store *s, int player, int64_t steps);

#endif
