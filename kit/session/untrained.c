/* See untrained.h. What a gradient reaches was noted while the backward passes were recorded. */
#include "untrained.h"

enum { NAMED = 4 }; /* of many */

static bool trained(const ik__session *s, const ik__entry *e) {
    const char *network = s->engine->store->blocks[e->block].name;
    return e->learned && ik__player_of(s->model, network) >= 0;
}

int ik__untrained_words(const ik__session *s, char *text, size_t size) {
    const ik__store *st = s->engine->store;
    int all = 0, n = 0;
    *text = 0;
    for (int i = 0; i < st->n; i++) {
        all += trained(s, st->entries[i]);
        n += trained(s, st->entries[i]) && !st->entries[i]->reached;
    }
    if (!n) return 0;
    size_t at =
        (size_t)snprintf(text, size, "%d of %d parameters, which no loss reaches: ", n, all);
    for (int i = 0, k = 0; i < st->n && k < NAMED && at < size; i++) {
        if (!trained(s, st->entries[i]) || st->entries[i]->reached) continue;
        at += (size_t)snprintf(text + at, size - at, "%s%s", k++ ? ", " : "", st->entries[i]->path);
    }
    if (n > NAMED && at < size) snprintf(text + at, size - at, " and %d more", n - NAMED);
    return n;
}
