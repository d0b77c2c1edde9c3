/* `weights:` of a network, or of the whole pipeline: where it starts from. */
#ifndef IK_CORE_WEIGHTS_H
#define IK_CORE_WEIGHTS_H

#include "config.h"
#include "pool.h"

/* `weights: FILE`, `weights: {file: FILE, map: MAP, from: URL}`, `weights: random`; all empty where
 * there is no such key, which means random, too, unless somebody insists on a decision. */
typedef struct ik__weights_key {
    const ik__conf *at;
    const char *file;
    const char *map;  /* a name or a path */
    const char *from; /* where the file is to be had, for who lacks it; or NULL */
    bool random;
} ik__weights_key;

/* Reads the key `weights` of a map. Texts live in the pool or in the configuration. */
ik_status ik__weights_key_read(const ik__conf *of, ik__pool *pool, ik__weights_key *out,
                               ik_error *err);

struct ik__session;

/* Fills the networks that name a file, or that the pipeline's file holds. The store is built. */
ik_status ik__weights_start(struct ik__session *s, ik_error *err);
/* For a dry run: prints where networks would start from, checks what is there. */
ik_status ik__weights_try(struct ik__session *s, FILE *to, ik_error *err);

/* Fills one network from the file that it names itself; nothing where it names none. */
ik_status ik__weights_start_network(struct ik__session *s, const char *network, ik_error *err);

/* Fills all networks from one file, whatever the pipeline says, or from a checkpoint's folder;
 * there averaged weights, where training kept them, go before: `averaged` says so. */
ik_status ik__weights_fill(struct ik__session *s, const char *path, bool *averaged, ik_error *err);

#endif
