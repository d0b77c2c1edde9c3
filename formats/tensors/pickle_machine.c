/* A stack of values, marks on it, a memo, and reading operands; see pickle_machine.h. */
#include "pickle_machine.h"

#include "pickle_torch.h"

#include <stdlib.h>

/* --- failing, once */

void ik__pm_fail(ik__pm *m, const char *format, ...) {
    if (m->status) return;
    char what[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(what, sizeof what, format, args);
    va_end(args);
    m->status = ik_errorf(m->err, IK_FAILED, "%s: %s (at byte %zu of its pickle)", m->name, what,
                          (size_t)(m->p - m->start));
}

void ik__pm_too_long(ik__pm *m) {
    ik__pm_fail(m, "has more than %d operations, too many for a file of tensors", IK__PM_STEPS);
}

void ik__pm_cut_short(ik__pm *m) {
    ik__pm_fail(m, "ends in the middle; the file is damaged or cut short");
}

bool ik__pm_grow(ik__pm *m, void *array, int count, int *room, size_t size) {
    if (count < *room) return true;
    int more = *room ? *room * 2 : 64;
    void *p;
    memcpy(&p, array, sizeof p); /* a pointer of whatever type */
    p = realloc(p, (size_t)more * size);
    if (!p) {
        ik__pm_fail(m, "out of memory");
        return false;
    }
    memcpy(array, &p, sizeof p);
    *room = more;
    return true;
}

/* --- reading operands */

const unsigned char *ik__pm_take(ik__pm *m, uint64_t n) {
    if (m->status) return NULL;
    if (n > (uint64_t)(m->end - m->p)) {
        ik__pm_cut_short(m);
        return NULL;
    }
    m->p += n;
    return m->p - n;
}

uint64_t ik__pm_number(ik__pm *m, int bytes) {
    const unsigned char *p = ik__pm_take(m, (uint64_t)bytes);
    uint64_t v = 0;
    for (int i = bytes; p && i-- > 0;) v = v << 8 | p[i];
    return v;
}

const char *ik__pm_line(ik__pm *m, size_t *n) {
    const unsigned char *from = m->p, *to = memchr(from, '\n', (size_t)(m->end - from));
    if (!to) {
        ik__pm_cut_short(m);
        return NULL;
    }
    *n = (size_t)(to - from);
    m->p = to + 1;
    return (const char *)from;
}

/* --- the stack */

ik__value *ik__value_new(ik__pool *pool, ik__pickle_kind kind) {
    ik__value *v = ik__pool_alloc(pool, sizeof *v);
    v->kind = kind;
    return v;
}

bool ik__value_is(const ik__value *v, const char *text) {
    return v->kind == IK__PICKLE_TEXT && v->bytes == strlen(text) &&
           !memcmp(v->text, text, v->bytes);
}

void ik__pm_push(ik__pm *m, ik__value *v) {
    if (m->status || !v || !ik__pm_grow(m, &m->stack, m->n, &m->room, sizeof *m->stack)) return;
    m->stack[m->n++] = v;
}

ik__value *ik__pm_pop(ik__pm *m) {
    int floor = m->n_marks ? m->marks[m->n_marks - 1] : 0;
    if (m->status || m->n <= floor) {
        ik__pm_fail(m, "takes more values than there are");
        return NULL;
    }
    return m->stack[--m->n];
}

ik__value *ik__pm_top(ik__pm *m, ik__pickle_kind kind) {
    if (m->status) return NULL;
    if (m->n && m->stack[m->n - 1]->kind == kind) return m->stack[m->n - 1];
    ik__pm_fail(m, "adds to something that is not a %s",
                kind == IK__PICKLE_DICT ? "dictionary" : "list");
    return NULL;
}

ik__value **ik__pm_above_mark(ik__pm *m, int *count) {
    *count = 0;
    if (m->status) return NULL;
    if (!m->n_marks) {
        ik__pm_fail(m, "uses a mark that was never set");
        return NULL;
    }
    int from = m->marks[--m->n_marks];
    *count = m->n - from;
    m->n = from;
    return m->stack ? m->stack + from : NULL;
}

void ik__pm_push_whole(ik__pm *m, ik__pickle_kind kind, int64_t whole) {
    ik__value *v = ik__value_new(m->pool, kind);
    v->whole = whole;
    ik__pm_push(m, v);
}

void ik__pm_push_text(ik__pm *m, ik__pickle_kind kind, uint64_t n) {
    const unsigned char *p = ik__pm_take(m, n);
    if (!p) return;
    ik__value *v = ik__value_new(m->pool, kind);
    v->text = (const char *)p;
    v->bytes = (size_t)n;
    ik__pm_push(m, v);
}

void ik__pm_push_long(ik__pm *m, uint64_t n) {
    if (n > 8) {
        ik__pm_push_text(m, IK__PICKLE_BYTES, n);
        return;
    }
    uint64_t v = ik__pm_number(m, (int)n);
    if (n && n < 8 && v >> (8 * n - 1)) v |= UINT64_MAX << (8 * n);
    ik__pm_push_whole(m, IK__PICKLE_INT, (int64_t)v);
}

/* --- containers */

void ik__pm_extend(ik__pm *m, void *array, int *count, int *room, const void *more, int n) {
    if (m->status || n <= 0) return;
    if (n > IK__PM_STEPS - *count) {
        ik__pm_fail(m, "has more than %d values in one place", IK__PM_STEPS);
        return;
    }
    char *items;
    memcpy(&items, array, sizeof items);
    if (*count + n > *room) {
        *room = *count + n < 2 * *room ? 2 * *room : *count + n;
        char *larger = ik__pool_alloc(m->pool, (size_t)*room * sizeof(void *));
        if (*count) memcpy(larger, items, (size_t)*count * sizeof(void *));
        items = larger;
        memcpy(array, &items, sizeof items);
    }
    memcpy(items + (size_t)*count * sizeof(void *), more, (size_t)n * sizeof(void *));
    *count += n;
}

void ik__pm_append(ik__pm *m, ik__value *to, ik__value *const *v, int n) {
    if (to) ik__pm_extend(m, &to->items, &to->n, &to->room, v, n);
}

void ik__pm_push_container(ik__pm *m, ik__pickle_kind kind, ik__value *const *v, int n) {
    if (m->status) return;
    ik__value *c = ik__value_new(m->pool, kind);
    ik__pm_append(m, c, v, n);
    ik__pm_push(m, c);
}

/* --- the memo */

void ik__pm_put(ik__pm *m, uint64_t at) {
    if (m->status) return;
    if (!m->n) {
        ik__pm_fail(m, "remembers a value where there is none");
        return;
    }
    if (at >= IK__PM_STEPS) {
        ik__pm_fail(m, "remembers value number %llu; it is damaged", (unsigned long long)at);
        return;
    }
    while (!m->status && (int)at >= m->memo_room) {
        int before = m->memo_room;
        if (!ik__pm_grow(m, &m->memo, before, &m->memo_room, sizeof *m->memo)) return;
        memset(m->memo + before, 0, (size_t)(m->memo_room - before) * sizeof *m->memo);
    }
    m->memo[at] = m->stack[m->n - 1];
    m->memoized++;
}

void ik__pm_get(ik__pm *m, uint64_t at) {
    if (at < (uint64_t)m->memo_room && m->memo[at])
        ik__pm_push(m, m->memo[at]);
    else
        ik__pm_fail(m, "recalls a value that was never remembered");
}
