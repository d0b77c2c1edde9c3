/* The programs of a trace, everything they make named. */
#ifndef INADEKIT_RUN_TRACE_RECORD_H
#define INADEKIT_RUN_TRACE_RECORD_H

#include "session/session.h"
#include "trace_inputs.h"

/* Which program: an update by its number, or one of these. */
enum { IK__TRACE_SAMPLE = -2, IK__TRACE_ENCODE = -1 };

/* Makes the parameters of the other programs known, which are to be saved, too. */
ik_status ik__trace_declare(const ik__session *s, int but, ik_error *err);
ik_status ik__trace_record(ik__session *s, int k, const char *name, const ik__trace_inputs *in,
                           ik__program **out, ik_error *err);
/* Every update that has a loss, as s->update. */
ik_status ik__trace_record_training(ik__session *s, const ik__trace_inputs *in, ik_error *err);

#endif
