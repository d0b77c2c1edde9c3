/* The stage `evaluate`: metrics over the validation set. */
#ifndef INADEKIT_EVALUATE_H
#define INADEKIT_EVALUATE_H

#include "session.h"

typedef struct ik__evaluation ik__evaluation;

/* `evaluate:` of a pipeline, a list of {plugin: NAME, id: NAME, ...options}. NULL where there is
 * none. */
ik_status ik__evaluation_read(const ik__conf *root, ik__evaluation **out, ik_error *err);
void ik__evaluation_free(ik__evaluation *v);

/* Records the features that metrics ask for, where the pipeline evaluates: the program `features`.
 */
ik_status ik__evaluation_record(ik__session *s, ik_error *err);

/* Synthesises `synthesize.samples` pictures of every validation layout, the ones that the stage
 * `synthesize` would paint, and shows them to the metrics. The results are a line of log.jsonl, as
 * {"stage":"evaluate","items":16,"samples":4,"pixels.l1":0.1}, and unless `quiet` are printed. */
ik_status ik__evaluate(ik__session *s, bool quiet, ik_error *err);

#endif
