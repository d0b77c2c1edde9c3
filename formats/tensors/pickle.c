/* Running a pickle: its operations, one by one. See pickle.h. */
#include "pickle_machine.h"

#include "pickle_torch.h"

#include <stdlib.h>

/* --- globals, calls, persistent ids: what they mean is PyTorch's affair */

static void push_global(ik__pm *m, const char *module, size_t module_bytes, const char *name,
                        size_t name_bytes) {
    if (m->status) return;
    int row = ik__torch_global(module, module_bytes, name, name_bytes);
    if (row < 0) {
        ik__pm_fail(
            m,
            "asks for \"%.*s.%.*s\", which tensors do not need, so it is refused and nothing was "
            "run; save the tensors alone, with torch.save(model.state_dict(), FILE)",
            (int)(module_bytes < 100 ? module_bytes : 100), module,
            (int)(name_bytes < 100 ? name_bytes : 100), name);
        return;
    }
    ik__value *v = ik__value_new(m->pool, IK__PICKLE_GLOBAL);
    v->n = row;
    ik__pm_push(m, v);
}

static void op_global(ik__pm *m, int ignored) {
    (void)ignored;
    size_t module_bytes = 0, name_bytes = 0;
    const char *module = ik__pm_line(m, &module_bytes),
               *name = module ? ik__pm_line(m, &name_bytes) : NULL;
    if (name) push_global(m, module, module_bytes, name, name_bytes);
}

static void op_stack_global(ik__pm *m, int ignored) {
    (void)ignored;
    const ik__value *name = ik__pm_pop(m), *module = ik__pm_pop(m);
    if (m->status) return;
    if (name->kind != IK__PICKLE_TEXT || module->kind != IK__PICKLE_TEXT)
        ik__pm_fail(m, "names a global by something that is not text");
    else
        push_global(m, module->text, module->bytes, name->text, name->bytes);
}

static void op_call(ik__pm *m, int ignored) {
    (void)ignored;
    const ik__value *args = ik__pm_pop(m), *function = ik__pm_pop(m);
    if (m->status) return;
    if (function->kind != IK__PICKLE_GLOBAL || args->kind != IK__PICKLE_TUPLE) {
        ik__pm_fail(m, "calls something that is not a function");
        return;
    }
    /* What a call copies counts as steps, or a pickle could have one list copied again and again.
     */
    for (int i = 0; i < args->n; i++) m->steps += args->items[i]->n;
    if (m->steps > IK__PM_STEPS) {
        ik__pm_too_long(m);
        return;
    }
    const char *why = "it is damaged";
    ik__value *v = ik__torch_call(function->n, args, m->pool, &why);
    if (v)
        ik__pm_push(m, v);
    else
        ik__pm_fail(m, "calls %s with arguments that do not fit: %s",
                    ik__torch_global_name(function->n), why);
}

static void op_persistent(ik__pm *m, int ignored) {
    (void)ignored;
    const ik__value *id = ik__pm_pop(m);
    if (m->status) return;
    ik__value *v = ik__torch_persistent(id, m->pool);
    if (v)
        ik__pm_extend(m, &m->out->storages, &m->out->n, &m->out->room, &v->storage, 1);
    else
        ik__pm_fail(m, "refers to something that is not a storage of numbers");
    ik__pm_push(m, v);
}

/* --- the operations: each a function and an argument, most often the bytes of its operand */

static void op_proto(ik__pm *m, int ignored) {
    (void)ignored;
    if (ik__pm_number(m, 1) > 5) ik__pm_fail(m, "is of a newer pickle protocol than 5");
}

/* The length of a frame is of no use here. */
static void op_frame(ik__pm *m, int bytes) {
    ik__pm_take(m, (uint64_t)bytes);
}

static void op_stop(ik__pm *m, int ignored) {
    (void)ignored;
    m->done = true;
}

static void op_mark(ik__pm *m, int ignored) {
    (void)ignored;
    if (ik__pm_grow(m, &m->marks, m->n_marks, &m->mark_room, sizeof *m->marks))
        m->marks[m->n_marks++] = m->n;
}

static void op_pop(ik__pm *m, int marked) {
    int n;
    if (marked)
        ik__pm_above_mark(m, &n);
    else
        ik__pm_pop(m);
}

static void op_dup(ik__pm *m, int ignored) {
    (void)ignored;
    ik__value *v = ik__pm_pop(m);
    ik__pm_push(m, v);
    ik__pm_push(m, v);
}

static void op_none(ik__pm *m, int ignored) {
    (void)ignored;
    ik__pm_push(m, ik__value_new(m->pool, IK__PICKLE_NONE));
}

static void op_bool(ik__pm *m, int value) {
    ik__pm_push_whole(m, IK__PICKLE_BOOL, value);
}

static void op_whole(ik__pm *m, int bytes) {
    ik__pm_push_whole(m, IK__PICKLE_INT, (int64_t)ik__pm_number(m, bytes));
}

static void op_signed(ik__pm *m, int bytes) {
    ik__pm_push_whole(m, IK__PICKLE_INT, (int32_t)ik__pm_number(m, bytes));
}

static void op_long(ik__pm *m, int bytes) {
    ik__pm_push_long(m, ik__pm_number(m, bytes));
}

static void op_real(ik__pm *m, int bytes) {
    ik__pm_take(m, (uint64_t)bytes);
    ik__pm_push(m, ik__value_new(m->pool, IK__PICKLE_REAL));
}

static void op_text(ik__pm *m, int bytes) {
    ik__pm_push_text(m, IK__PICKLE_TEXT, ik__pm_number(m, bytes));
}

static void op_empty(ik__pm *m, int kind) {
    ik__pm_push_container(m, (ik__pickle_kind)kind, NULL, 0);
}

static void op_tuple(ik__pm *m, int n) {
    ik__value *v[3];
    for (int i = n; i-- > 0;) v[i] = ik__pm_pop(m);
    ik__pm_push_container(m, IK__PICKLE_TUPLE, v, n);
}

static void op_from_mark(ik__pm *m, int kind) {
    int n;
    ik__value **v = ik__pm_above_mark(m, &n);
    if (kind == IK__PICKLE_DICT && n % 2) ik__pm_fail(m, "has a key without a value");
    ik__pm_push_container(m, (ik__pickle_kind)kind, v, n);
}

/* What lies on top: an item, or a key and its value. */
static void op_add(ik__pm *m, int kind) {
    ik__value *v[2];
    int n = kind == IK__PICKLE_DICT ? 2 : 1;
    for (int i = n; i-- > 0;) v[i] = ik__pm_pop(m);
    ik__pm_append(m, ik__pm_top(m, (ik__pickle_kind)kind), v, n);
}

static void op_add_marked(ik__pm *m, int kind) {
    int n;
    ik__value **v = ik__pm_above_mark(m, &n);
    if (kind == IK__PICKLE_DICT && n % 2) ik__pm_fail(m, "has a key without a value");
    ik__pm_append(m, ik__pm_top(m, (ik__pickle_kind)kind), v, n);
}

static void op_put(ik__pm *m, int bytes) {
    ik__pm_put(m, ik__pm_number(m, bytes));
}

static void op_memoize(ik__pm *m, int ignored) {
    (void)ignored;
    ik__pm_put(m, (uint64_t)m->memoized);
}

static void op_get(ik__pm *m, int bytes) {
    ik__pm_get(m, ik__pm_number(m, bytes));
}

/* Attributes of an object, as state_dict's _metadata, are of no use here. */
static void op_build(ik__pm *m, int ignored) {
    (void)ignored;
    ik__pm_pop(m);
    if (!m->n) ik__pm_fail(m, "gives attributes to nothing");
}

static const struct operation {
    void (*run)(ik__pm *m, int argument);
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

static void step(ik__pm *m) {
    const struct operation *o = &operations[*m->p];
    if (o->run) {
        m->p++;
        o->run(m, o->argument);
    } else {
        ik__pm_fail(m,
                    "has the pickle operation 0x%02x, which torch.save does not write for tensors",
                    *m->p);
    }
}

ik_status ik__pickle_read(const char *name, const void *data, size_t size, ik__pool *pool,
                          ik__pickle *out, ik_error *err) {
    ik__pm m = {.name = name, .start = data, .p = data, .pool = pool, .out = out, .err = err};
    m.end = m.start + size;
    *out = (ik__pickle){0};
    while (!m.status && !m.done) {
        if (m.p == m.end)
            ik__pm_cut_short(&m);
        else if (m.steps++ >= IK__PM_STEPS)
            ik__pm_too_long(&m);
        else
            step(&m);
    }
    m.n_marks = 0;
    if (!m.status) out->root = ik__pm_pop(&m);
    out->used = (size_t)(m.p - m.start);
    free(m.stack);
    free(m.marks);
    free(m.memo);
    return m.status;
}
