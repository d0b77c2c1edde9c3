/* How a painted picture is painted again. */
#ifndef INADEKIT_STAGES_REPEAT_H
#define INADEKIT_STAGES_REPEAT_H

#include "synthesize.h"

#define IK__REPEAT_RUN "RUN"

/* The command that does it, to the same pixels, where RUN is the run folder, whose name must not
 * change a picture: with the run's newest checkpoint, or, where nothing was trained, from what its
 * pipeline starts with; its last picture is the one. malloc'ed; NULL without memory. */
char *ik__repeat_text(const ik__session *s, const ik__painted *p);

#endif
