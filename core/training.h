/* What training is made of, besides its loop. */
#ifndef INADEKIT_TRAINING_H
#define INADEKIT_TRAINING_H

#include "session.h"

/* check.c. Replays a program whose state was not committed yet, and describes in `text` the first
 * value that is not finite, with the path of the node that made it; an empty text if there is none.
 */
void ik__check_finite(ik__engine *e, ik__program *p, const ik_step *step, char *text, size_t size);

/* adam.c. Updates what a player trains by its gradients, or by their sum over batches. */
void ik__adam_step(ik__session *s, ik__role role, double lr);
/* Steps that the device has held back are not counted. */
void ik__adam_take_back(ik__session *s, ik__role role, int64_t steps);

/* average.c: exponential moving averages of the weights, in the blocks that have room for them. */
void ik__average_step(ik__store *s, double decay);
/* Puts the averages in the weights' place, and the weights back. Between steps only: the gradients'
 * place is borrowed. Nothing happens where no averages are kept. */
void ik__average_begin(ik__store *s);
void ik__average_end(ik__store *s);

/* choices.c: what the backend chose, as a file of a checkpoint's folder. `recall` comes before any
 * program is made; a file that is not there is none, and one that does not fit is said to be
 * ignored. */
ik_status ik__choices_save(const ik__engine *e, const char *folder, ik_error *err);
void ik__choices_recall(const ik__engine *e, const char *folder);

/* Is there a checkpoint in the run folder? */
bool ik__checkpoint_exists(const ik__session *s);

/* The step of a run folder's newest checkpoint, and its folder; -1 where there is none. */
int64_t ik__checkpoint_newest(const char *run, char *path, size_t size);

#endif
