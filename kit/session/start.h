/* Networks start from the files that `weights:` names. */
#ifndef INADEKIT_SESSION_START_H
#define INADEKIT_SESSION_START_H

#include "session.h"

/* Fills the networks that name a file, or that the pipeline's file holds. The store is built. */
ik_status ik__weights_start(ik__session *s, ik_error *err);
/* For a dry run: prints where networks would start from, checks what is there. */
ik_status ik__weights_try(ik__session *s, FILE *to, ik_error *err);

/* Fills one network from the file that it names itself; nothing where it names none. */
ik_status ik__weights_start_network(ik__session *s, const char *network, ik_error *err);

/* Fills all networks from one file, whatever the pipeline says, or from a checkpoint's folder;
 * there averaged weights, where training kept them, go before: `averaged` says so. */
ik_status ik__weights_fill(ik__session *s, const char *path, bool *averaged, ik_error *err);

#endif
