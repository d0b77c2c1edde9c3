/* What a session's run.json begins with. */
#ifndef INADEKIT_SESSION_FACTS_H
#define INADEKIT_SESSION_FACTS_H

#include "session.h"

/* Fills s->facts with all that is known before anything was computed. */
void ik__session_facts(ik__session *s, const ik__run_options *o);

#endif
