/* The key `weights:` of a network, or of the whole pipeline: where it starts from. */
#ifndef INADEKIT_MODEL_WEIGHTS_KEY_H
#define INADEKIT_MODEL_WEIGHTS_KEY_H

#include "base/pool.h"
#include "config/config.h"

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

#endif
