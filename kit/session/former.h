/* The pipeline that a checkpoint was written with, beside the one at hand. */
#ifndef INADEKIT_SESSION_FORMER_H
#define INADEKIT_SESSION_FORMER_H

#include "session.h"

/* Tells what the pipeline says otherwise by now than in a checkpoint's folder. */
void ik__former_tell(const ik__session *s, const char *folder);
/* Pictures of a step there; those of the pipeline at hand where it is not told. */
int64_t ik__former_batch(const ik__session *s, const char *folder);

#endif
