/* Memory planning: spans that overlap in time must not overlap in space. Largest first, each into
 * the lowest gap that holds it; within a few per cent of the peak for networks of this kind. */
#include "program.h"

#include <stdlib.h>

static int by_size(const void *a, const void *b) {
    const ik__span *x = *(ik__span *const *)a, *y = *(ik__span *const *)b;
    if (x->bytes != y->bytes) return x->bytes < y->bytes ? 1 : -1;
    return x->from - y->from;
}

static int by_offset(const void *a, const void *b) {
    const ik__span *x = *(ik__span *const *)a, *y = *(ik__span *const *)b;
    return x->offset < y->offset ? -1 : x->offset > y->offset;
}

size_t ik__plan(ik__span *spans, int n) {
    ik__span **order = malloc(sizeof *order * ((size_t)n + 1));
    ik__span **clash = malloc(sizeof *clash * ((size_t)n + 1));
    size_t total = 0;
    for (int i = 0; order && clash && i < n; i++) order[i] = &spans[i];
    if (!order || !clash) {
        /* Without room to plan, nothing is shared: correct, only larger. */
        for (int i = 0; i < n; i++) spans[i].offset = total, total += (spans[i].bytes + 63) & ~63ul;
        n = 0;
    }
    if (n) qsort(order, (size_t)n, sizeof *order, by_size);
    for (int i = 0; i < n; i++) {
        ik__span *s = order[i];
        int m = 0;
        for (int k = 0; k < i; k++)
            if (order[k]->from <= s->to && s->from <= order[k]->to) clash[m++] = order[k];
        qsort(clash, (size_t)m, sizeof *clash, by_offset);
        size_t at = 0;
        for (int k = 0; k < m && at + s->bytes > clash[k]->offset; k++) {
            size_t end = (clash[k]->offset + clash[k]->bytes + 63) & ~63ul;
            if (end > at) at = end;
        }
        s->offset = at;
        if (at + s->bytes > total) total = at + s->bytes;
    }
    free(order);
    free(clash);
    return (total + 63) & ~63ul;
}
