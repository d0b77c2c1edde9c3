/* Where a name stands in a list: found in one step, however long the list. */
#ifndef INADEKIT_BASE_INDEX_H
#define INADEKIT_BASE_INDEX_H

#include "inadekit/types.h"
#include "pool.h"

/* All zero: empty. Names are borrowed; the rest lives in the pool that is given. */
typedef struct ik__index {
    struct ik__index_slot *slots;
    size_t room, n;
} ik__index;

int ik__index_find(const ik__index *index, const char *name); /* -1: nowhere */
/* A name that is not there yet. */
void ik__index_add(ik__pool *pool, ik__index *index, const char *name, int at);

#endif
