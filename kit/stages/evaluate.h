/* The stage `evaluate`: metrics over the validation set. */
#ifndef INADEKIT_STAGES_EVALUATE_H
#define INADEKIT_STAGES_EVALUATE_H

#include "session/session.h"

/* Synthesises `synthesize.samples` pictures of every validation layout, the ones that the stage
 * `synthesize` would paint, and shows them to the metrics. The results are a line of log.jsonl, as
 * {"stage":"evaluate","items":16,"samples":4,"pixels.l1":0.1}, and each is told as a result. */
ik_status ik__evaluate(ik__session *s, ik_error *err);

#endif
