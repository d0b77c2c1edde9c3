/* Which of the tensors in a file are the state dict, and what they are called; see pth.h. */
#include "base/text.h"
#include "pth_internal.h"

#include <stdlib.h>

enum { MAX_DEPTH = 32, MAX_VISITS = 1 << 24, MAX_NAME = 1000, MAX_TENSORS = 200000 };

/* Names that others give the part with the weights, the likeliest first. */
static const char *const parts[] = {"state_dict", "model_state_dict", "model",
                                    "net",        "params",           NULL};
/* And what averages of them over training are called, which are what is to paint. */
static const char *const averages[] = {
    "params_ema", "state_dict_ema", "model_ema", "ema_state_dict", "ema", NULL};

typedef struct walk {
    ik__pth *p;
    ik_error *err;
    ik_status status;
    int visits; /* of items: a dictionary may be inside many others, and inside itself */
    char name[MAX_NAME + 64];
} walk;

static bool enough(walk *w, int depth) {
    if (w->status) return true;
    if (depth > MAX_DEPTH || w->visits++ > MAX_VISITS)
        w->status = ik_errorf(w->err, IK_FAILED,
                              "%s: its dictionaries are nested too deeply, or lie in each other "
                              "too often",
                              w->p->path);
    return w->status;
}

static bool nests(const ik__value *v) {
    return v->kind == IK__PICKLE_DICT || v->kind == IK__PICKLE_LIST || v->kind == IK__PICKLE_TUPLE;
}

/* Lists and tuples have every item as a value, dictionaries every second. */
static int first_value(const ik__value *v) {
    return v->kind == IK__PICKLE_DICT;
}
static int stride(const ik__value *v) {
    return v->kind == IK__PICKLE_DICT ? 2 : 1;
}

static bool holds_tensors(walk *w, const ik__value *v, int depth) {
    if (v->kind == IK__PICKLE_TENSOR) return true;
    if (!nests(v)) return false;
    for (int i = first_value(v); i < v->n && !enough(w, depth); i += stride(v))
        if (holds_tensors(w, v->items[i], depth + 1)) return true;
    return false;
}

/* The number of the item that one of the names has, if it holds tensors; -1. */
static int part_of(walk *w, const ik__value *v, const char *const *names) {
    for (; *names; names++)
        for (int i = 1; i < v->n; i += 2)
            if (ik__value_is(v->items[i - 1], *names) && holds_tensors(w, v->items[i], 0)) return i;
    return -1;
}

static bool same_keys(const ik__value *a, const ik__value *b) {
    if (a->kind != IK__PICKLE_DICT || b->kind != IK__PICKLE_DICT || a->n != b->n) return false;
    for (int i = 0; i < a->n; i += 2) {
        const ik__value *x = a->items[i], *y = b->items[i];
        if (x->kind != IK__PICKLE_TEXT || y->kind != IK__PICKLE_TEXT || x->bytes != y->bytes ||
            memcmp(x->text, y->text, x->bytes))
            return false;
    }
    return true;
}

/* Of several parts: the averages, where they are of the same names. Which it was is noted. */
static const ik__value *choose(walk *w, const ik__value *v) {
    int raw = part_of(w, v, parts), average = part_of(w, v, averages);
    if (raw < 0 && average < 0) return NULL;
    if (average < 0) return v->items[raw];
    bool takes = raw < 0 || same_keys(v->items[raw], v->items[average]);
    const ik__value *name = v->items[(takes ? average : raw) - 1];
    if (raw >= 0)
        snprintf(w->p->choice, sizeof w->p->choice,
                 "of its '%.*s' and '%.*s' the %s weights are taken, '%.*s'%s",
                 (int)v->items[raw - 1]->bytes, v->items[raw - 1]->text,
                 (int)v->items[average - 1]->bytes, v->items[average - 1]->text,
                 takes ? "averaged" : "last", (int)name->bytes, name->text,
                 takes ? "" : "; the others have other names");
    return v->items[takes ? average : raw];
}

/* The part of `v` to go on in, NULL to stay. */
static const ik__value *inner(walk *w, const ik__value *v) {
    const ik__value *only = NULL;
    int n = 0;
    if (v->kind != IK__PICKLE_DICT) return NULL;
    for (int i = 1; i < v->n; i += 2) {
        if (v->items[i]->kind == IK__PICKLE_TENSOR) return NULL;
        if (!holds_tensors(w, v->items[i], 0)) continue;
        only = v->items[i];
        n++;
    }
    return n == 1 ? only : n ? choose(w, v) : NULL;
}

static bool good_name(const char *s, size_t n) {
    for (size_t i = 0, k; i < n; i += k) {
        char one[5] = {0};
        memcpy(one, s + i, n - i < 4 ? n - i : 4);
        k = (size_t)ik__utf8_length(one);
        if (!k || k > n - i || !*one) return false;
    }
    return true;
}

/* Puts the key of `v`'s item i at the end of the name. */
static void add_key(walk *w, const ik__value *v, int i, size_t at) {
    const char *dot = at ? "." : "";
    const ik__value *key = v->kind == IK__PICKLE_DICT ? v->items[i - 1] : NULL;
    if (!key || key->kind == IK__PICKLE_INT) {
        snprintf(w->name + at, sizeof w->name - at, "%s%lld", dot, key ? (long long)key->whole : i);
    } else if (key->kind == IK__PICKLE_TEXT && key->bytes && key->bytes + at < MAX_NAME &&
               good_name(key->text, key->bytes)) {
        snprintf(w->name + at, sizeof w->name - at, "%s%.*s", dot, (int)key->bytes, key->text);
    } else {
        w->status =
            ik_errorf(w->err, IK_FAILED, "%s: a tensor's name is not text of at most %d bytes",
                      w->p->path, MAX_NAME);
    }
}

static void add_tensor(walk *w, const ik__pickle_tensor *t) {
    ik__pth *p = w->p;
    if (p->n == p->room) {
        int room = p->room ? 2 * p->room : 64;
        ik__pth_tensor *more = realloc(p->tensors, (size_t)room * sizeof *more);
        if (!more || p->n == MAX_TENSORS) {
            w->status = ik_errorf(w->err, IK_FAILED, "%s: more than %d tensors, or out of memory",
                                  p->path, p->n);
            if (more) p->tensors = more;
            return;
        }
        p->tensors = more;
        p->room = room;
    }
    p->tensors[p->n++] =
        (ik__pth_tensor){.entry = {.name = ik__pool_strdup(p->pool, w->name)}, .recipe = t};
}

static void collect(walk *w, const ik__value *v, size_t at, int depth) {
    for (int i = first_value(v); i < v->n && !enough(w, depth); i += stride(v)) {
        const ik__value *item = v->items[i];
        bool tensor = item->kind == IK__PICKLE_TENSOR;
        if (!tensor && (!nests(item) || !holds_tensors(w, item, depth + 1))) continue;
        add_key(w, v, i, at);
        if (w->status) break;
        if (tensor)
            add_tensor(w, item->tensor);
        else
            collect(w, item, strlen(w->name), depth + 1);
    }
    w->name[at] = 0;
}

/* torch.nn.DataParallel leads every name with `module.`. */
static void drop_module(ik__pth *p) {
    static const char lead[] = "module.";
    for (int i = 0; i < p->n; i++)
        if (strncmp(p->tensors[i].entry.name, lead, sizeof lead - 1) != 0) return;
    for (int i = 0; i < p->n; i++) p->tensors[i].entry.name += sizeof lead - 1;
}

const char *ik__pth_choice(const ik__pth *p) {
    return *p->choice ? p->choice : NULL;
}

ik_status ik__pth_state(ik__pth *p, ik_error *err) {
    walk w = {.p = p, .err = err};
    const ik__value *at = p->root, *in;
    for (int depth = 0; depth < MAX_DEPTH && (in = inner(&w, at)); depth++) at = in;
    if (nests(at)) collect(&w, at, 0, 0);
    if (!w.status && !p->n)
        w.status = ik_errorf(err, IK_FAILED,
                             "%s: holds no named tensors; save them with "
                             "torch.save(model.state_dict(), FILE)",
                             p->path);
    if (!w.status) drop_module(p);
    return w.status;
}
