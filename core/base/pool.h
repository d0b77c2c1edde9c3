/* A tiny arena: many small allocations, freed at once. Not for tensors. */
#ifndef INADEKIT_BASE_POOL_H
#define INADEKIT_BASE_POOL_H

#include <stddef.h>

typedef struct ik__pool ik__pool;

ik__pool *ik__pool_new(void);

/* Zeroed memory, aligned for any type. Never NULL: pools hold configuration, a few kilobytes, and a
 * machine that cannot spare those ends the process with a message and status 1. */
void *ik__pool_alloc(ik__pool *pool, size_t size);
char *ik__pool_strdup(ik__pool *pool, const char *text);
void ik__pool_free(ik__pool *pool); /* NULL is fine */

#endif
