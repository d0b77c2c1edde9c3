/* The pickle machine: a stack of values, marks on it, a memo. See pickle.h. */
#include "pickle.h"

#include "pickle_torch.h"

#include <stdlib.h>

enum { MAX_STEPS = 1 << 22 }; /* some 200,000 tensors */

typedef struct machine {
    const char *name;
    const unsigned char *start, *p, *end;
    ik__pool *pool;
    ik__value **stack;
    int *marks; /* heights of the stack */
    ik__value **memo;
    ik__pickle *out;
    int n, room, n_marks, mark_room, memo_room, memoized;
    int64_t steps;
    bool done;
    ik_error *err;
    ik_status status;
} machine;

/* --- failing, once */

static void IK_PRINTF(2, 3) fail(machine *m, const char *format, ...) {
    if (m->status) return;
    char what[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(what, sizeof what, format, args);
    va_end(args);
    m->status = ik_errorf(m->err, IK_FAILED, "%s: %s (at byte %zu of its pickle)", m->name, what,
                          (size_t)(m->p - m->start));
}

static void too_long(machine *m) {
    fail(m, "has more than %d operations, too many for a file of tensors", MAX_STEPS);
}

static void cut_short(machine *m) {
    fail(m, "ends in the middle; the file is damaged or cut short");
}

/* Room for one element more; the number of steps bounds all these arrays. */
static bool grow(machine *m, void *array, int count, int *room, size_t size) {
    if (count < *room) return true;
    int more = *room ? *room * 2 : 64;
    void *p = realloc(*(void **)array, (size_t)more * size);
    if (!p) {
        fail(m, "out of memory");
        return false;
    }
    *(void **)array = p;
    *room = more;
    return true;
}

/* --- reading operands */

static const unsigned char *take(machine *m, uint64_t n) {
    if (m->status) return NULL;
    if (n > (uint64_t)(m->end - m->p)) {
        cut_short(m);
        return NULL;
    }
    m->p += n;
    return m->p - n;
}

/* An unsigned number of 1 to 8 bytes. */
static uint64_t number(machine *m, int bytes) {
    const unsigned char *p = take(m, (uint64_t)bytes);
    uint64_t v = 0;
    for (int i = bytes; p && i-- > 0;) v = v << 8 | p[i];
    return v;
}

/* Up to the next line feed, which is eaten. */
static const char *line(machine *m, size_t *n) {
    const unsigned char *from = m->p, *to = memchr(from, '\n', (size_t)(m->end - from));
    if (!to) {
        cut_short(m);
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

static void push(machine *m, ik__value *v) {
    if (m->status || !v || !grow(m, &m->stack, m->n, &m->room, sizeof *m->stack)) return;
    m->stack[m->n++] = v;
}

/* What lies under a mark is out of reach until the mark is used. */
static ik__value *pop(machine *m) {
    int floor = m->n_marks ? m->marks[m->n_marks - 1] : 0;
    if (m->status || m->n <= floor) {
        fail(m, "takes more values than there are");
        return NULL;
    }
    return m->stack[--m->n];
}

static ik__value *top(machine *m, ik__pickle_kind kind) {
    if (m->status) return NULL;
    if (m->n && m->stack[m->n - 1]->kind == kind) return m->stack[m->n - 1];
    fail(m, "adds to something that is not a %s", kind == IK__PICKLE_DICT ? "dictionary" : "list");
    return NULL;
}

static void mark(machine *m) {
    if (grow(m, &m->marks, m->n_marks, &m->mark_room, sizeof *m->marks))
        m->marks[m->n_marks++] = m->n;
}

/* The values above the last mark, which is removed with them. */
static ik__value **above_mark(machine *m, int *count) {
    *count = 0;
    if (m->status) return NULL;
    if (!m->n_marks) {
        fail(m, "uses a mark that was never set");
        return NULL;
    }
    int from = m->marks[--m->n_marks];
    *count = m->n - from;
    m->n = from;
    return m->stack ? m->stack + from : NULL;
}

static void push_whole(machine *m, ik__pickle_kind kind, int64_t whole) {
    ik__value *v = ik__value_new(m->pool, kind);
    v->whole = whole;
    push(m, v);
}

static void push_text(machine *m, ik__pickle_kind kind, uint64_t n) {
    const unsigned char *p = take(m, n);
    if (!p) return;
    ik__value *v = ik__value_new(m->pool, kind);
    v->text = (const char *)p;
    v->bytes = (size_t)n;
    push(m, v);
}

/* Little-endian two's complement of any length. */
static void push_long(machine *m, uint64_t n) {
    if (n > 8) {
        push_text(m, IK__PICKLE_BYTES, n);
        return;
    }
    uint64_t v = number(m, (int)n);
    if (n && n < 8 && v >> (8 * n - 1)) v |= UINT64_MAX << (8 * n);
    push_whole(m, IK__PICKLE_INT, (int64_t)v);
}

/* --- containers */

/* n pointers more at the end of an array in the pool. */
static void extend(machine *m, void *array, int *count, int *room, const void *more, int n) {
    if (m->status || n <= 0) return;
    if (n > MAX_STEPS - *count) {
        fail(m, "has more than %d values in one place", MAX_STEPS);
        return;
    }
    void **items = *(void ***)array;
    if (*count + n > *room) {
        *room = *count + n < 2 * *room ? 2 * *room : *count + n;
        void **larger = ik__pool_alloc(m->pool, (size_t)*room * sizeof *larger);
        if (*count) memcpy(larger, items, (size_t)*count * sizeof *items);
        *(void ***)array = items = larger;
    }
    memcpy(items + *count, more, (size_t)n * sizeof *items);
    *count += n;
}

static void append(machine *m, ik__value *to, ik__value *const *v, int n) {
    if (to) extend(m, &to->items, &to->n, &to->room, v, n);
}

static void push_container(machine *m, ik__pickle_kind kind, ik__value *const *v, int n) {
    if (m->status) return;
    ik__value *c = ik__value_new(m->pool, kind);
    append(m, c, v, n);
    push(m, c);
}

static void from_mark(machine *m, ik__pickle_kind kind) {
    int n;
    ik__value **v = above_mark(m, &n);
    if (kind == IK__PICKLE_DICT && n % 2) fail(m, "has a key without a value");
    push_container(m, kind, v, n);
}

static void short_tuple(machine *m, int n) {
    ik__value *v[3];
    for (int i = n; i-- > 0;) v[i] = pop(m);
    push_container(m, IK__PICKLE_TUPLE, v, n);
}

/* APPEND, SETITEM take what lies on top, APPENDS and SETITEMS what lies above the mark. */
static void add_items(machine *m, ik__pickle_kind kind, bool marked) {
    int n = kind == IK__PICKLE_DICT ? 2 : 1;
    ik__value *one[2], **v = one;
    if (marked)
        v = above_mark(m, &n);
    else
        for (int i = n; i-- > 0;) one[i] = pop(m);
    if (kind == IK__PICKLE_DICT && n % 2) fail(m, "has a key without a value");
    append(m, top(m, kind), v, n);
}

/* --- the memo */

static void put(machine *m, uint64_t at) {
    if (m->status) return;
    if (!m->n) {
        fail(m, "remembers a value where there is none");
        return;
    }
    if (at >= MAX_STEPS) {
        fail(m, "remembers value number %llu; it is damaged", (unsigned long long)at);
        return;
    }
    while (!m->status && (int)at >= m->memo_room) {
        int before = m->memo_room;
        if (!grow(m, &m->memo, before, &m->memo_room, sizeof *m->memo)) return;
        memset(m->memo + before, 0, (size_t)(m->memo_room - before) * sizeof *m->memo);
    }
    m->memo[at] = m->stack[m->n - 1];
    m->memoized++;
}

static void get(machine *m, uint64_t at) {
    if (at < (uint64_t)m->memo_room && m->memo[at])
        push(m, m->memo[at]);
    else
        fail(m, "recalls a value that was never remembered");
}

/* --- globals, calls, persistent ids: what they mean is PyTorch's affair */

static void push_global(machine *m, const char *module, size_t module_bytes, const char *name,
                        size_t name_bytes) {
    if (m->status) return;
    int row = ik__torch_global(module, module_bytes, name, name_bytes);
    if (row < 0) {
        fail(m,
             "asks for \"%.*s.%.*s\", which tensors do not need, so it is refused and nothing was "
             "run; save the tensors alone, with torch.save(model.state_dict(), FILE)",
             (int)(module_bytes < 100 ? module_bytes : 100), module,
             (int)(name_bytes < 100 ? name_bytes : 100), name);
        return;
    }
    ik__value *v = ik__value_new(m->pool, IK__PICKLE_GLOBAL);
    v->n = row;
    push(m, v);
}

static void global(machine *m) {
    size_t module_bytes = 0, name_bytes = 0;
    const char *module = line(m, &module_bytes), *name = module ? line(m, &name_bytes) : NULL;
    if (name) push_global(m, module, module_bytes, name, name_bytes);
}

static void stack_global(machine *m) {
    const ik__value *name = pop(m), *module = pop(m);
    if (m->status) return;
    if (name->kind != IK__PICKLE_TEXT || module->kind != IK__PICKLE_TEXT)
        fail(m, "names a global by something that is not text");
    else
        push_global(m, module->text, module->bytes, name->text, name->bytes);
}

static void call(machine *m) {
    const ik__value *args = pop(m), *function = pop(m);
    if (m->status) return;
    if (function->kind != IK__PICKLE_GLOBAL || args->kind != IK__PICKLE_TUPLE) {
        fail(m, "calls something that is not a function");
        return;
    }
    /* What a call copies counts as steps, or a pickle could have one list copied again and again.
     */
    for (int i = 0; i < args->n; i++) m->steps += args->items[i]->n;
    if (m->steps > MAX_STEPS) {
        too_long(m);
        return;
    }
    const char *why = "it is damaged";
    ik__value *v = ik__torch_call(function->n, args, m->pool, &why);
    if (v)
        push(m, v);
    else
        fail(m, "calls %s with arguments that do not fit: %s", ik__torch_global_name(function->n),
             why);
}

static void persistent(machine *m) {
    const ik__value *id = pop(m);
    if (m->status) return;
    ik__value *v = ik__torch_persistent(id, m->pool);
    if (v)
        extend(m, &m->out->storages, &m->out->n, &m->out->room, &v->storage, 1);
    else
        fail(m, "refers to something that is not a storage of numbers");
    push(m, v);
}

/* --- the loop */

static void step(machine *m) {
    int op = *m->p++;
    switch (op) {
    case 0x80: /* PROTO */
        if (number(m, 1) > 5) fail(m, "is of a newer pickle protocol than 5");
        break;
    case 0x95: /* FRAME: its length is of no use here */
        take(m, 8);
        break;
    case '.':
        m->done = true;
        break;
    case '(':
        mark(m);
        break;
    case '0':
        pop(m);
        break;
    case '1': {
        int n;
        above_mark(m, &n);
        break;
    }
    case '2': {
        ik__value *v = pop(m);
        push(m, v);
        push(m, v);
        break;
    }
    case 'N':
        push(m, ik__value_new(m->pool, IK__PICKLE_NONE));
        break;
    case 0x88:
    case 0x89:
        push_whole(m, IK__PICKLE_BOOL, op == 0x88);
        break;
    case 'K':
        push_whole(m, IK__PICKLE_INT, (int64_t)number(m, 1));
        break;
    case 'M':
        push_whole(m, IK__PICKLE_INT, (int64_t)number(m, 2));
        break;
    case 'J':
        push_whole(m, IK__PICKLE_INT, (int32_t)number(m, 4));
        break;
    case 0x8a:
        push_long(m, number(m, 1));
        break;
    case 0x8b:
        push_long(m, number(m, 4));
        break;
    case 'G':
        take(m, 8);
        push(m, ik__value_new(m->pool, IK__PICKLE_REAL));
        break;
    case 'X': /* text of 4, 1, 8 bytes of length; bytes and Python 2's strings likewise */
    case 'T':
    case 'B':
        push_text(m, IK__PICKLE_TEXT, number(m, 4));
        break;
    case 0x8c:
    case 'U':
    case 'C':
        push_text(m, IK__PICKLE_TEXT, number(m, 1));
        break;
    case 0x8d:
        push_text(m, IK__PICKLE_TEXT, number(m, 8));
        break;
    case ')':
        push_container(m, IK__PICKLE_TUPLE, NULL, 0);
        break;
    case 0x85:
    case 0x86:
    case 0x87:
        short_tuple(m, op - 0x84);
        break;
    case 't':
        from_mark(m, IK__PICKLE_TUPLE);
        break;
    case ']':
        push_container(m, IK__PICKLE_LIST, NULL, 0);
        break;
    case 'l':
        from_mark(m, IK__PICKLE_LIST);
        break;
    case 'a':
    case 'e':
        add_items(m, IK__PICKLE_LIST, op == 'e');
        break;
    case '}':
        push_container(m, IK__PICKLE_DICT, NULL, 0);
        break;
    case 'd':
        from_mark(m, IK__PICKLE_DICT);
        break;
    case 's':
    case 'u':
        add_items(m, IK__PICKLE_DICT, op == 'u');
        break;
    case 'q':
        put(m, number(m, 1));
        break;
    case 'r':
        put(m, number(m, 4));
        break;
    case 0x94:
        put(m, (uint64_t)m->memoized);
        break;
    case 'h':
        get(m, number(m, 1));
        break;
    case 'j':
        get(m, number(m, 4));
        break;
    case 'c':
        global(m);
        break;
    case 0x93:
        stack_global(m);
        break;
    case 'R': /* a function or a class called */
    case 0x81:
        call(m);
        break;
    case 'b': /* attributes of an object, as state_dict's _metadata: of no use here */
        pop(m);
        if (!m->n) fail(m, "gives attributes to nothing");
        break;
    case 'Q':
        persistent(m);
        break;
    default:
        m->p--;
        fail(m, "has the pickle operation 0x%02x, which torch.save does not write for tensors", op);
    }
}

ik_status ik__pickle_read(const char *name, const void *data, size_t size, ik__pool *pool,
                          ik__pickle *out, ik_error *err) {
    machine m = {.name = name, .start = data, .p = data, .pool = pool, .out = out, .err = err};
    m.end = m.start + size;
    *out = (ik__pickle){0};
    while (!m.status && !m.done) {
        if (m.p == m.end)
            cut_short(&m);
        else if (m.steps++ >= MAX_STEPS)
            too_long(&m);
        else
            step(&m);
    }
    m.n_marks = 0;
    if (!m.status) out->root = pop(&m);
    out->used = (size_t)(m.p - m.start);
    free(m.stack);
    free(m.marks);
    free(m.memo);
    return m.status;
}
