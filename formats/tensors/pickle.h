/* Python's pickles, as much as torch.save writes for tensors: plain data, and tensors as recipes.
 *
 * Nothing is ever run or imported. A pickle names functions and classes ("globals"); those in one
 * short table are understood as data, any other is refused by its name. Memory is bounded by a
 * limit on the number of operations, and nothing here recurses. */
#ifndef INADEKIT_TENSORS_PICKLE_H
#define INADEKIT_TENSORS_PICKLE_H

#include "base/pool.h"
#include "raw.h"

enum { IK__PICKLE_RANK = 8 }; /* dimensions kept; more are refused */

typedef enum ik__pickle_kind {
    IK__PICKLE_NONE,
    IK__PICKLE_BOOL,
    IK__PICKLE_INT,
    IK__PICKLE_REAL,
    IK__PICKLE_BYTES, /* a whole number beyond 64 bits, as its bytes */
    IK__PICKLE_TEXT,
    IK__PICKLE_TUPLE,
    IK__PICKLE_LIST,
    IK__PICKLE_DICT, /* keys and values in turn */
    IK__PICKLE_GLOBAL,
    IK__PICKLE_STORAGE,
    IK__PICKLE_TENSOR,
} ik__pickle_kind;

typedef struct ik__value ik__value;

/* Numbers as they lie in a file, by the key under which the file keeps them. `offset` and `count`
 * are in elements; a view takes part of what is there. */
typedef struct ik__pickle_storage {
    ik__raw raw;
    const char *key; /* not ended by a NUL */
    size_t key_bytes;
    int64_t total, offset, count;
} ik__pickle_storage;

/* Nothing of it was checked against the storage. Strides are in elements. */
typedef struct ik__pickle_tensor {
    const ik__pickle_storage *storage;
    int64_t offset, size[IK__PICKLE_RANK], stride[IK__PICKLE_RANK];
    int rank;
} ik__pickle_tensor;

struct ik__value {
    ik__pickle_kind kind;
    int n, room; /* TUPLE, LIST, DICT: of `items`; GLOBAL: its row */
    union {
        int64_t whole;
        const char *text; /* of `bytes`; lies in the pickle */
        ik__value **items;
        ik__pickle_storage *storage;
        ik__pickle_tensor *tensor;
    };
    size_t bytes;
};

/* Is it this text? */
bool ik__value_is(const ik__value *v, const char *text);

ik__value *ik__value_new(ik__pool *pool, ik__pickle_kind kind);

typedef struct ik__pickle {
    const ik__value *root;
    int n, room; /* the storages referred to, as often as they are */
    ik__pickle_storage **storages;
    size_t used; /* bytes */
} ik__pickle;

/* Reads one pickle at the start of `data`. All of it lives in the pool, its texts in `data`. Errors
 * read `NAME: what is wrong`. */
ik_status ik__pickle_read(const char *name, const void *data, size_t size, ik__pool *pool,
                          ik__pickle *out, ik_error *err);

#endif
