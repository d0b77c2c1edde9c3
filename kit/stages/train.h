/* The stage `train`. */
#ifndef INADEKIT_STAGES_TRAIN_H
#define INADEKIT_STAGES_TRAIN_H

#include "session/session.h"

/* Of the validation set, shown as training goes on. */
enum { IK__TRAIN_LAYOUTS = 4 };

/* After a checkpoint and run.json were written. */
typedef ik_status ik__saved(ik__session *s, ik_error *err);

/* `saved` may be NULL. */
ik_status ik__train(ik__session *s, const ik__run_options *o, ik__saved *saved, ik_error *err);

#endif
