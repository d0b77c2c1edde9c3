/* Parameters and buffers, keyed by path, laid out as contiguous blocks per network.
 *
 * Recording declares entries; `ik__store_build` lays them out and fills them by their init rules,
 * each from a random stream named after its path, so creation order never matters. */
#ifndef INADEKIT_GRAPH_STORE_H
#define INADEKIT_GRAPH_STORE_H

#include "base/index.h"
#include "base/pool.h"
#include "inadekit/backend.h"
#include "inadekit/graph.h"

/* A network's storage. `value`, `grad`, `m`, `v` have `learned` elements each. */
typedef struct ik__block {
    char name[64];
    int64_t learned, kept; /* elements of parameters, of buffers */
    void *value, *grad, *m, *v, *sum, *ema, *buffers;
    bool trained;  /* gradients and Adam's moments are wanted, */
    int player;    /* for the steps of this one */
    bool averaged; /* averaged weights, too */
    int64_t t;     /* Adam's steps so far */
} ik__block;

typedef struct ik__entry {
    const char *path;
    ik_shape shape;
    ik_init init;
    bool learned;
    int block;
    int64_t offset; /* in elements, within the block */
    bool reached;   /* by a gradient of some program */
} ik__entry;

typedef struct ik__store {
    ik__pool *pool;
    ik__entry **entries;
    int n, cap;
    ik__index by_path;
    ik__block blocks[16];
    int n_blocks;
    uint64_t version; /* of the values, see ik__store_changed */
    const ik_backend_iface *backend;
    void *self;
} ik__store;

ik__store *ik__store_new(void);
void ik__store_free(ik__store *s);
/* Declares or finds an entry; NULL and a message when the shape differs from before. The block is
 * the path's first component. */
ik__entry *ik__store_entry(ik__store *s, const char *path, ik_shape shape, ik_init init,
                           bool learned, char *why, size_t size);
ik__entry *ik__store_find(const ik__store *s, const char *path);
ik__block *ik__store_block(ik__store *s, const char *name);
/* Allocates and initialises. `accumulate`: a second gradient block; `ema`: averaged weights, in the
 * blocks that ask for them. */
ik_status ik__store_build(ik__store *s, const ik_backend_iface *backend, void *self, uint64_t seed,
                          bool accumulate, bool ema, ik_error *err);
/* What that takes, in elements of `unit` bytes. */
size_t ik__store_bytes(const ik__store *s, size_t unit, bool accumulate, bool ema);
/* To be called by whoever has written values: what was computed from the old ones is void. */
static inline void ik__store_changed(ik__store *s) {
    s->version++;
}
/* What a store keeps of an entry: the value and, of learned ones that are trained, the rest. */
typedef enum ik__part {
    IK__VALUE,
    IK__GRADIENT,
    IK__FIRST_MOMENT,
    IK__SECOND_MOMENT,
    IK__AVERAGE,
    IK__PARTS
} ik__part;
/* Storage of a part; NULL where there is none. */
void *ik__store_at(const ik__store *s, const ik__entry *e, ik__part part);
void *ik__store_value(const ik__store *s, const ik__entry *e);
void *ik__store_grad(const ik__store *s, const ik__entry *e);
/* A host copy, malloc'ed, and the way back; NULL, or a status, after a failure. */
float *ik__store_read(const ik__store *s, const ik__entry *e, ik__part part, ik_error *err);
ik_status ik__store_write(ik__store *s, const ik__entry *e, ik__part part, const float *host,
                          ik_error *err);

#endif
