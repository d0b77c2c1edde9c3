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
    void *p;
    memcpy(&p, array, sizeof p); /* a pointer of whatever type */
    p = realloc(p, (size_t)more * size);
    if (!p) {
        fail(m, "out of memory");
        return false;
    }
    memcpy(array, &p, sizeof p);
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

static void append(machine *m, ik__value *to, ik__value *const *v, int n) {
    if (to) extend(m, &to->items, &to->n, &to->room, v, n);
}

static void push_container(machine *m, ik__pickle_kind kind, ik__value *const *v, int n) {
    if (m->status) return;
    ik__value *c = ik__value_new(m->pool, kind);
    append(m, c, v, n);
    push(m, c);
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

static void op_global(machine *m, int ignored) {
    (void)ignored;
    size_t module_bytes = 0, name_bytes = 0;
    const char *module = line(m, &module_bytes), *name = module ? line(m, &name_bytes) : NULL;
    if (name) push_global(m, module, module_bytes, name, name_bytes);
}

static void op_stack_global(machine *m, int ignored) {
    (void)ignored;
    const ik__value *name = pop(m), *module = pop(m);
    if (m->status) return;
    if (name->kind != IK__PICKLE_TEXT || module->kind != IK__PICKLE_TEXT)
        fail(m, "names a global by something that is not text");
    else
        push_global(m, module->text, module->bytes, name->text, name->bytes);
}

static void op_call(machine *m, int ignored) {
    (void)ignored;
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

static void op_persistent(machine *m, int ignored) {
    (void)ignored;
    const ik__value *id = pop(m);
    if (m->status) return;
    ik__value *v = ik__torch_persistent(id, m->pool);
    if (v)
        extend(m, &m->out->storages, &m->out->n, &m->out->room, &v->storage, 1);
    else
        fail(m, "refers to something that is not a storage of numbers");
    push(m, v);
}

/* --- the operations: each a function and an argument, most often the bytes of its operand */

static void op_proto(machine *m, int ignored) {
    (void)ignored;
    if (number(m, 1) > 5) fail(m, "is of a newer pickle protocol than 5");
}

/* The length of a frame is of no use here. */
static void op_frame(machine *m, int bytes) {
    take(m, (uint64_t)bytes);
}

static void op_stop(machine *m, int ignored) {
    (void)ignored;
    m->done = true;
}

static void op_mark(machine *m, int ignored) {
    (void)ignored;
    if (grow(m, &m->marks, m->n_marks, &m->mark_room, sizeof *m->marks))
        m->marks[m->n_marks++] = m->n;
}

static void op_pop(machine *m, int marked) {
    int n;
    if (marked)
        above_mark(m, &n);
    else
        pop(m);
}

static void op_dup(machine *m, int ignored) {
    (void)ignored;
    ik__value *v = pop(m);
    push(m, v);
    push(m, v);
}

static void op_none(machine *m, int ignored) {
    (void)ignored;
    push(m, ik__value_new(m->pool, IK__PICKLE_NONE));
}

static void op_bool(machine *m, int value) {
    push_whole(m, IK__PICKLE_BOOL, value);
}

static void op_whole(machine *m, int bytes) {
    push_whole(m, IK__PICKLE_INT, (int64_t)number(m, bytes));
}

static void op_signed(machine *m, int bytes) {
    push_whole(m, IK__PICKLE_INT, (int32_t)number(m, bytes));
}

static void op_long(machine *m, int bytes) {
    push_long(m, number(m, bytes));
}

static void op_real(machine *m, int bytes) {
    take(m, (uint64_t)bytes);
    push(m, ik__value_new(m->pool, IK__PICKLE_REAL));
}

static void op_text(machine *m, int bytes) {
    push_text(m, IK__PICKLE_TEXT, number(m, bytes));
}

static void op_empty(machine *m, int kind) {
    push_container(m, (ik__pickle_kind)kind, NULL, 0);
}

static void op_tuple(machine *m, int n) {
    ik__value *v[3];
    for (int i = n; i-- > 0;) v[i] = pop(m);
    push_container(m, IK__PICKLE_TUPLE, v, n);
}

static void op_from_mark(machine *m, int kind) {
    int n;
    ik__value **v = above_mark(m, &n);
    if (kind == IK__PICKLE_DICT && n % 2) fail(m, "has a key without a value");
    push_container(m, (ik__pickle_kind)kind, v, n);
}

/* What lies on top: an item, or a key and its value. */
static void op_add(machine *m, int kind) {
    ik__value *v[2];
    int n = kind == IK__PICKLE_DICT ? 2 : 1;
    for (int i = n; i-- > 0;) v[i] = pop(m);
    append(m, top(m, (ik__pickle_kind)kind), v, n);
}

static void op_add_marked(machine *m, int kind) {
    int n;
    ik__value **v = above_mark(m, &n);
    if (kind == IK__PICKLE_DICT && n % 2) fail(m, "has a key without a value");
    append(m, top(m, (ik__pickle_kind)kind), v, n);
}

static void op_put(machine *m, int bytes) {
    put(m, number(m, bytes));
}

static void op_memoize(machine *m, int ignored) {
    (void)ignored;
    put(m, (uint64_t)m->memoized);
}

static void op_get(machine *m, int bytes) {
    get(m, number(m, bytes));
}

/* Attributes of an object, as state_dict's _metadata, are of no use here. */
static void op_build(machine *m, int ignored) {
    (void)ignored;
    pop(m);
    if (!m->n) fail(m, "gives attributes to nothing");
}

static const struct operation {
    void (*run)(machine *m, int argument);
    int argument;
} operations[256] = {
    [0x80] = {op_proto, 0},
    [0x95] = {op_frame, 8},
    ['.'] = {op_stop, 0},
    ['('] = {op_mark, 0},
    ['0'] = {op_pop, false},
    ['1'] = {op_pop, true},
    ['2'] = {op_dup, 0},
    ['N'] = {op_none, 0},
    [0x88] = {op_bool, true},
    [0x89] = {op_bool, false},
    ['K'] = {op_whole, 1},
    ['M'] = {op_whole, 2},
    ['J'] = {op_signed, 4},
    [0x8a] = {op_long, 1},
    [0x8b] = {op_long, 4},
    ['G'] = {op_real, 8},
    ['X'] = {op_text, 4}, /* text; Python 2's; bytes */
    ['T'] = {op_text, 4},
    ['B'] = {op_text, 4},
    [0x8c] = {op_text, 1},
    ['U'] = {op_text, 1},
    ['C'] = {op_text, 1},
    [0x8d] = {op_text, 8},
    [')'] = {op_empty, IK__PICKLE_TUPLE},
    [']'] = {op_empty, IK__PICKLE_LIST},
    ['}'] = {op_empty, IK__PICKLE_DICT},
    [0x85] = {op_tuple, 1},
    [0x86] = {op_tuple, 2},
    [0x87] = {op_tuple, 3},
    ['t'] = {op_from_mark, IK__PICKLE_TUPLE},
    ['l'] = {op_from_mark, IK__PICKLE_LIST},
    ['d'] = {op_from_mark, IK__PICKLE_DICT},
    ['a'] = {op_add, IK__PICKLE_LIST},
    ['s'] = {op_add, IK__PICKLE_DICT},
    ['e'] = {op_add_marked, IK__PICKLE_LIST},
    ['u'] = {op_add_marked, IK__PICKLE_DICT},
    ['q'] = {op_put, 1},
    ['r'] = {op_put, 4},
    [0x94] = {op_memoize, 0},
    ['h'] = {op_get, 1},
    ['j'] = {op_get, 4},
    ['c'] = {op_global, 0},
    [0x93] = {op_stack_global, 0},
    ['R'] = {op_call, 0}, /* a function; a class */
    [0x81] = {op_call, 0},
    ['b'] = {op_build, 0},
    ['Q'] = {op_persistent, 0},
};

static void step(machine *m) {
    const struct operation *o = &operations[*m->p];
    if (o->run) {
        m->p++;
        o->run(m, o->argument);
    } else {
        fail(m, "has the pickle operation 0x%02x, which torch.save does not write for tensors",
             *m->p);
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
