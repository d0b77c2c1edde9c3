/* The globals that tensors need, and nothing else. See pickle_torch.h. */
#include "pickle_torch.h"

typedef enum meaning { DICT, TENSOR, PARAMETER, STORAGE } meaning;

static const struct row {
    const char *module, *name;
    meaning meaning;
    ik__raw raw; /* STORAGE */
} rows[] = {
    {"collections", "OrderedDict", DICT, 0},
    {"torch._utils", "_rebuild_tensor_v2", TENSOR, 0},
    {"torch._utils", "_rebuild_tensor", TENSOR, 0},
    {"torch._utils", "_rebuild_parameter", PARAMETER, 0},
    {"torch", "FloatStorage", STORAGE, IK__F32},
    {"torch", "DoubleStorage", STORAGE, IK__F64},
    {"torch", "HalfStorage", STORAGE, IK__F16},
    {"torch", "BFloat16Storage", STORAGE, IK__BF16},
    {"torch", "IntStorage", STORAGE, IK__I32},
    {"torch", "LongStorage", STORAGE, IK__I64},
    {"torch", "ShortStorage", STORAGE, IK__I16},
    {"torch", "CharStorage", STORAGE, IK__I8},
    {"torch", "ByteStorage", STORAGE, IK__U8},
    {"torch", "BoolStorage", STORAGE, IK__BOOL},
};
enum { ROWS = sizeof rows / sizeof *rows };

static bool is(const char *text, size_t bytes, const char *word) {
    return bytes == strlen(word) && !memcmp(text, word, bytes);
}

int ik__torch_global(const char *module, size_t module_bytes, const char *name, size_t name_bytes) {
    for (int i = 0; i < ROWS; i++)
        if (is(module, module_bytes, rows[i].module) && is(name, name_bytes, rows[i].name))
            return i;
    return -1;
}

const char *ik__torch_global_name(int row) {
    return rows[row].name;
}

/* A tuple of whole numbers from 0, IK__PICKLE_RANK at most; their number, or -1. */
static int sizes(const ik__value *v, int64_t *to) {
    if (v->kind != IK__PICKLE_TUPLE || v->n > IK__PICKLE_RANK) return -1;
    for (int i = 0; i < v->n; i++) {
        if (v->items[i]->kind != IK__PICKLE_INT || v->items[i]->whole < 0) return -1;
        to[i] = v->items[i]->whole;
    }
    return v->n;
}

/* (storage, offset, size, stride, ...): whether gradients are wanted and hooks do not matter. */
static ik__value *tensor(const ik__value *args, ik__pool *pool, const char **why) {
    ik__value *const *a = args->items;
    *why = "a storage, an offset, sizes and strides are wanted";
    if (args->n < 4 || a[0]->kind != IK__PICKLE_STORAGE || a[1]->kind != IK__PICKLE_INT)
        return NULL;
    ik__pickle_tensor *t = ik__pool_alloc(pool, sizeof *t);
    t->storage = a[0]->storage;
    t->offset = a[1]->whole;
    t->rank = sizes(a[2], t->size);
    if (t->offset < 0 || t->rank < 0 || sizes(a[3], t->stride) != t->rank) {
        *why = "offset, sizes and strides are whole numbers from 0, of at most 8 dimensions";
        return NULL;
    }
    ik__value *v = ik__value_new(pool, IK__PICKLE_TENSOR);
    v->tensor = t;
    return v;
}

/* OrderedDict(), filled later; or, from Python 2, OrderedDict([[key, value], ...]). */
static ik__value *dictionary(const ik__value *args, ik__pool *pool, const char **why) {
    const ik__value *pairs = args->n ? args->items[0] : NULL;
    ik__value *v = ik__value_new(pool, IK__PICKLE_DICT);
    *why = "an ordered dictionary is empty, or made of pairs";
    if (!pairs) return v;
    if (args->n > 1 || pairs->kind != IK__PICKLE_LIST) return NULL;
    v->room = 2 * pairs->n;
    v->items = ik__pool_alloc(pool, (size_t)v->room * sizeof *v->items + 1);
    for (int i = 0; i < pairs->n; i++) {
        const ik__value *pair = pairs->items[i];
        if ((pair->kind != IK__PICKLE_LIST && pair->kind != IK__PICKLE_TUPLE) || pair->n != 2)
            return NULL;
        v->items[v->n++] = pair->items[0];
        v->items[v->n++] = pair->items[1];
    }
    return v;
}

ik__value *ik__torch_call(int row, const ik__value *args, ik__pool *pool, const char **why) {
    switch (rows[row].meaning) {
    case DICT:
        return dictionary(args, pool, why);
    case TENSOR:
        return tensor(args, pool, why);
    case PARAMETER:
        *why = "a parameter is made of a tensor";
        return args->n && args->items[0]->kind == IK__PICKLE_TENSOR ? args->items[0] : NULL;
    default:
        *why = "a storage is not made here";
        return NULL;
    }
}

/* ("storage", type, key, location, elements) and, in the stream format, None or the part of it that
 * is meant: (key, offset, elements). The device it once was on does not matter. */
ik__value *ik__torch_persistent(const ik__value *id, ik__pool *pool) {
    if (id->kind != IK__PICKLE_TUPLE || id->n < 5 || id->n > 6) return NULL;
    ik__value *const *a = id->items;
    if (!ik__value_is(a[0], "storage")) return NULL;
    if (a[1]->kind != IK__PICKLE_GLOBAL || rows[a[1]->n].meaning != STORAGE) return NULL;
    if (a[2]->kind != IK__PICKLE_TEXT || a[4]->kind != IK__PICKLE_INT || a[4]->whole < 0)
        return NULL;
    ik__pickle_storage s = {.raw = rows[a[1]->n].raw,
                            .key = a[2]->text,
                            .key_bytes = a[2]->bytes,
                            .total = a[4]->whole,
                            .count = a[4]->whole};
    if (id->n == 6 && a[5]->kind != IK__PICKLE_NONE) {
        int64_t end;
        if (a[5]->kind != IK__PICKLE_TUPLE || a[5]->n != 3) return NULL;
        ik__value *const *view = a[5]->items;
        if (view[1]->kind != IK__PICKLE_INT || view[2]->kind != IK__PICKLE_INT) return NULL;
        s.offset = view[1]->whole;
        s.count = view[2]->whole;
        if (s.offset < 0 || s.count < 0 || __builtin_add_overflow(s.offset, s.count, &end) ||
            end > s.total)
            return NULL;
    }
    ik__value *v = ik__value_new(pool, IK__PICKLE_STORAGE);
    v->storage = ik__pool_alloc(pool, sizeof *v->storage);
    *v->storage = s;
    return v;
}
