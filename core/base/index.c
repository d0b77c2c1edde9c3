/* Open addressing, at most half full; see index.h. */
#include "index.h"

struct ik__index_slot {
    const char *name; /* NULL: free */
    uint64_t hash;
    int at;
};

/* FNV-1a, and its bits mixed once more. */
static uint64_t hash_of(const char *name) {
    uint64_t h = 0xcbf29ce484222325u;
    for (; *name; name++) h = (h ^ (unsigned char)*name) * 0x100000001b3u;
    return h ^ h >> 32;
}

static struct ik__index_slot *slot_of(const ik__index *x, const char *name, uint64_t hash) {
    size_t i = hash & (x->room - 1);
    for (; x->slots[i].name; i = (i + 1) & (x->room - 1))
        if (x->slots[i].hash == hash && !strcmp(x->slots[i].name, name)) break;
    return &x->slots[i];
}

int ik__index_find(const ik__index *x, const char *name) {
    if (!x->n) return -1;
    const struct ik__index_slot *s = slot_of(x, name, hash_of(name));
    return s->name ? s->at : -1;
}

void ik__index_add(ik__pool *pool, ik__index *x, const char *name, int at) {
    if (2 * (x->n + 1) > x->room) {
        ik__index larger = {.room = x->room ? 4 * x->room : 16, .n = x->n};
        larger.slots = ik__pool_alloc(pool, larger.room * sizeof *larger.slots);
        for (size_t i = 0; i < x->room; i++)
            if (x->slots[i].name)
                *slot_of(&larger, x->slots[i].name, x->slots[i].hash) = x->slots[i];
        *x = larger;
    }
    uint64_t hash = hash_of(name);
    *slot_of(x, name, hash) = (struct ik__index_slot){name, hash, at};
    x->n++;
}
