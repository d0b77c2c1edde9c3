/* Memory planning: spans that overlap in time must not overlap in space. Largest first, each into
 * the lowest gap that holds it; within a few per cent of the peak for networks of this kind. That
 * looks at all pairs, so programs of very many nodes are planned as they run instead: a span takes
 * the lowest gap that is free at its beginning, and gives it back at its end. */
#include "program.h"

#include <stdlib.h>

static size_t up(size_t bytes) {
    return (bytes + 63) & ~63ul;
}

static int by_size(const void *a, const void *b) {
    const ik__span *x = *(ik__span *const *)a, *y = *(ik__span *const *)b;
    if (x->bytes != y->bytes) return x->bytes < y->bytes ? 1 : -1;
    return x->from - y->from;
}

/* --- largest first */

/* The placed ones are sorted by offset, so that the gaps between those that live beside a span are
 * met from the lowest on. */
static size_t lowest(const ik__span *s, ik__span *const *placed, int n) {
    size_t at = 0;
    for (int k = 0; k < n && at + s->bytes > placed[k]->offset; k++) {
        if (placed[k]->from > s->to || s->from > placed[k]->to) continue;
        size_t end = up(placed[k]->offset + placed[k]->bytes);
        if (end > at) at = end;
    }
    return at;
}

static size_t plan_by_size(ik__span **order, ik__span **placed, int n) {
    size_t total = 0;
    qsort(order, (size_t)n, sizeof *order, by_size);
    for (int i = 0; i < n; i++) {
        ik__span *s = order[i];
        s->offset = lowest(s, placed, i);
        if (s->offset + s->bytes > total) total = s->offset + s->bytes;
        int k = i;
        for (; k > 0 && placed[k - 1]->offset > s->offset; k--) placed[k] = placed[k - 1];
        placed[k] = s;
    }
    return total;
}

/* --- as they run */

static int by_from(const void *a, const void *b) {
    const ik__span *x = *(ik__span *const *)a, *y = *(ik__span *const *)b;
    return x->from != y->from ? (x->from > y->from) - (x->from < y->from) : by_size(a, b);
}

static int by_to(const void *a, const void *b) {
    const ik__span *x = *(ik__span *const *)a, *y = *(ik__span *const *)b;
    return (x->to > y->to) - (x->to < y->to);
}

/* What is free below the end of all that is taken, sorted, no two touching. */
typedef struct gap {
    size_t at, bytes;
} gap;
typedef struct gaps {
    gap *v;
    int n;
    size_t end;
} gaps;

static void drop(gaps *g, int k) {
    memmove(g->v + k, g->v + k + 1, (size_t)(--g->n - k) * sizeof *g->v);
}

static size_t take(gaps *g, size_t bytes) {
    for (int k = 0; k < g->n; k++) {
        if (g->v[k].bytes < bytes) continue;
        size_t at = g->v[k].at;
        g->v[k].at += bytes, g->v[k].bytes -= bytes;
        if (!g->v[k].bytes) drop(g, k);
        return at;
    }
    g->end += bytes;
    return g->end - bytes;
}

static void give_back(gaps *g, size_t at, size_t bytes) {
    int low = 0, high = g->n; /* the first gap behind it */
    while (low < high) {
        int middle = (low + high) / 2;
        if (g->v[middle].at < at)
            low = middle + 1;
        else
            high = middle;
    }
    bool before = low > 0 && g->v[low - 1].at + g->v[low - 1].bytes == at;
    bool behind = low < g->n && at + bytes == g->v[low].at;
    if (before) {
        g->v[low - 1].bytes += bytes + (behind ? g->v[low].bytes : 0);
        if (behind) drop(g, low);
    } else if (behind) {
        g->v[low].at = at, g->v[low].bytes += bytes;
    } else {
        memmove(g->v + low + 1, g->v + low, (size_t)(g->n++ - low) * sizeof *g->v);
        g->v[low] = (gap){at, bytes};
    }
}

static size_t plan_by_time(ik__span **begin, ik__span **end, int n, gap *room) {
    gaps g = {room, 0, 0};
    memcpy(end, begin, (size_t)n * sizeof *end);
    qsort(begin, (size_t)n, sizeof *begin, by_from);
    qsort(end, (size_t)n, sizeof *end, by_to);
    for (int i = 0, over = 0; i < n; i++) {
        for (; over < n && end[over]->to < begin[i]->from; over++)
            give_back(&g, end[over]->offset, up(end[over]->bytes));
        begin[i]->offset = take(&g, up(begin[i]->bytes));
    }
    return g.end;
}

size_t ik__plan(ik__span *spans, int n) {
    ik__span **order = malloc(sizeof *order * ((size_t)n + 1));
    ik__span **other = malloc(sizeof *other * ((size_t)n + 1));
    gap *room = malloc(sizeof *room * ((size_t)n + 1));
    size_t total = 0;
    for (int i = 0; order && i < n; i++) order[i] = &spans[i];
    if (!order || !other || !room) /* nothing is shared: correct, only larger */
        for (int i = 0; i < n; i++) spans[i].offset = total, total += up(spans[i].bytes);
    else if (n <= IK__FEW_SPANS)
        total = plan_by_size(order, other, n);
    else
        total = plan_by_time(order, other, n, room);
    free(order);
    free(other);
    free(room);
    return up(total);
}
