/* A pool is a list of blocks. Allocations are cut from the newest; a block that is full stays
 * behind until the pool is freed. Blocks grow, so that small pools stay small and large ones stay
 * short. */
#include "pool.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FIRST_BLOCK = 1024, LARGEST_BLOCK = 65536 };

typedef struct block {
    struct block *next;
    size_t used, size;
    _Alignas(max_align_t) char bytes[];
} block;

struct ik__pool {
    block *blocks;
    size_t next_size;
};

static _Noreturn void give_up(size_t size) {
    fprintf(stderr, "inadekit: error: no memory left for %zu bytes; free some and retry\n", size);
    _exit(EXIT_FAILURE); /* nothing that is half done is flushed or mended */
}

static void *get(size_t size) {
    void *p = calloc(1, size);
    if (!p) give_up(size);
    return p;
}

ik__pool *ik__pool_new(void) {
    ik__pool *pool = get(sizeof *pool);
    pool->next_size = FIRST_BLOCK;
    return pool;
}

void *ik__pool_alloc(ik__pool *pool, size_t size) {
    const size_t align = _Alignof(max_align_t);
    if (size > PTRDIFF_MAX - sizeof(block) - align) give_up(size);
    size = (size + align - 1) / align * align;
    block *b = pool->blocks;
    if (!b || b->size - b->used < size) {
        size_t room = size > pool->next_size ? size : pool->next_size;
        b = get(sizeof *b + room);
        b->size = room;
        b->next = pool->blocks;
        pool->blocks = b;
        if (pool->next_size < LARGEST_BLOCK) pool->next_size *= 2;
    }
    void *p = b->bytes + b->used;
    b->used += size;
    return p;
}

char *ik__pool_strdup(ik__pool *pool, const char *text) {
    size_t size = strlen(text) + 1;
    return memcpy(ik__pool_alloc(pool, size), text, size);
}

void ik__pool_free(ik__pool *pool) {
    if (!pool) return;
    for (block *b = pool->blocks, *next; b; b = next) {
        next = b->next;
        free(b);
    }
    free(pool);
}
