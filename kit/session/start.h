/* Networks start from the files that `weights:` names. */
#ifndef INADEKIT_SESSION_START_H
#define INADEKIT_SESSION_START_H

#include "session.h"
#include "weights/file.h"

/* Fills the networks that name a file, or that the pipeline's file holds. The store is built. */
ik_status ik__weights_start(ik__session *s, ik_error *err);
/* For a dry run: prints where networks would start from (NULL: to nobody), checks what is there. */
ik_status ik__weights_try(ik__session *s, FILE *to, ik_error *err);

/* Which networks paint, or measure, before anything has trained them: "generator: random, ...";
 * false where there are none. After `start` or `try`. */
bool ik__weights_random_words(const ik__session *s, char *text, size_t size);

/* Fills one network from the file that it names itself; nothing where it names none. */
ik_status ik__weights_start_network(ik__session *s, const char *network, ik_error *err);

/* Fills one network from a file, whatever the pipeline says. `strict`: its entries there are called
 * NETWORK.*; else they are all that the file holds. */
ik_status ik__weights_take(ik__session *s, const ik__network *net, const char *path, bool strict,
                           ik_error *err);

/* fill.c. Fills what the programs need from files or checkpoints' folders, each network from one of
 * them; one that none of them holds starts as it says itself. Of a folder averaged weights, where
 * training kept them, go before: `averaged` says so; NULL: never. */
ik_status ik__weights_fill(ik__session *s, ik_strings files, bool *averaged, ik_error *err);
/* fill.c. Would the file fill the networks that it is for, and nothing else? `session`, of recorded
 * programs, is an ik__session. */
ik_status ik__weights_fit(void *session, const ik__wfile *file, ik_error *err);

#endif
