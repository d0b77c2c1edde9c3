/* Recording: nodes, paths, parameters and the first error. */
#include "ops/rules.h"

#include <stdlib.h>

static const struct {
    int least, most;
} arity[] = {
#define IK_OP(code, name, least, most) {least, most},
    IK_OPS(IK_OP)
#undef IK_OP
};

const char *ik__op_name(const ik__node *n) {
    return n->custom ? n->custom->name : ik_op_text(n->op);
}

bool ik__is_view(ik_opcode op) {
    return op == IK_RESHAPE || op == IK_STOP || op == IK_ROWS;
}

bool ik__is_leaf(ik_opcode op) {
    return op == IK_INPUT || op == IK_PARAM || op == IK_BUFFER;
}

static void fail(ik__graph *g, ik_status status, const char *format, va_list args) {
    if (g->failed) return;
    g->failed = true;
    char what[1024];
    vsnprintf(what, sizeof what, format, args);
    if (g->at)
        ik__conf_fail(g->at, &g->error, "%s%s%s", g->path, g->path[0] ? ": " : "", what);
    else
        ik_errorf(&g->error, IK_USAGE, "%s%s%s", g->path, g->path[0] ? ": " : "", what);
    g->status = status;
}

void ik__graph_fail(ik__graph *g, const char *format, ...) {
    va_list args;
    va_start(args, format);
    fail(g, IK_USAGE, format, args);
    va_end(args);
}

void ik__graph_fail_as(ik__graph *g, ik_status status, const char *format, ...) {
    va_list args;
    va_start(args, format);
    fail(g, status, format, args);
    va_end(args);
}

ik__node *ik__names_get(const ik__names *l, const char *name) {
    int at = ik__index_find(&l->index, name);
    return at < 0 ? NULL : l->v[at].node;
}

void ik__names_set(ik__graph *g, ik__names *l, const char *name, ik_tensor *t) {
    int at = ik__index_find(&l->index, name);
    if (at >= 0) {
        l->v[at].node = ik__node_of(t);
        return;
    }
    if (l->n == l->cap) {
        ik__named *grown = ik__pool_alloc(g->pool, sizeof *grown * (size_t)(l->cap * 2 + 16));
        if (l->n) memcpy(grown, l->v, sizeof *grown * (size_t)l->n);
        l->v = grown;
        l->cap = l->cap * 2 + 16;
    }
    const char *kept = ik__pool_strdup(g->pool, name);
    ik__index_add(g->pool, &l->index, kept, l->n);
    l->v[l->n++] = (ik__named){kept, ik__node_of(t)};
}

const char *ik__path_join(ik__graph *g, const char *name) {
    char text[768];
    snprintf(text, sizeof text, "%s%s%s", g->path, g->path[0] ? "." : "", name);
    return ik__pool_strdup(g->pool, text);
}

ik__node *ik__append(ik__graph *g, ik_opcode op, const ik_attrs *attrs, int n,
                     ik_tensor *const *in) {
    if (g->n == g->cap) {
        int cap = g->cap ? 2 * g->cap : 1024;
        ik__node **nodes = realloc(g->nodes, (size_t)cap * sizeof *nodes);
        if (!nodes) {
            ik__graph_fail_as(g, IK_FAILED, "out of memory for more than %d nodes", g->n);
            return &g->spare;
        }
        g->nodes = nodes;
        g->cap = cap;
    }
    ik__node *node = ik__pool_alloc(g->pool, sizeof *node);
    memset(node, 0, sizeof *node);
    node->op = op;
    if (attrs) node->attrs = *attrs;
    node->n_in = n;
    node->in = n ? ik__pool_alloc(g->pool, sizeof *node->in * (size_t)n) : NULL;
    for (int i = 0; i < n; i++) node->in[i] = ik__node_of(in[i]);
    node->path = ik__pool_strdup(g->pool, g->path);
    node->t.id = g->n;
    g->nodes[g->n++] = node;
    return node;
}

bool ik__fits(ik__graph *g, const char *what, ik_shape s) {
    int64_t room = (int64_t)1 << 40;
    for (int i = 0; i < s.rank; i++) {
        if (s.d[i] <= room) {
            room /= s.d[i] > 0 ? s.d[i] : 1;
            continue;
        }
        char text[128];
        ik__shape_text(s, text, sizeof text);
        ik__graph_fail(g, "%s: a tensor %s is too large; make it smaller", what, text);
        return false;
    }
    return true;
}

void ik__misfit(ik__graph *g, const char *op, const char *why, int n, ik_tensor *const *in) {
    char shapes[512] = "", one[64];
    for (int i = 0; i < n && i < 4; i++) {
        ik__shape_text(in[i]->shape, one, sizeof one);
        size_t at = strlen(shapes);
        snprintf(shapes + at, sizeof shapes - at, "%s%s", i ? " and " : "", one);
    }
    ik__graph_fail(g, "%s: %s; the inputs are %s", op, why, shapes);
}

/* Whether such a node may be recorded, with so many inputs. */
static bool recordable(ik__graph *g, ik_opcode op, int n) {
    bool known = op >= 0 && op < IK_OP_COUNT;
    if (op == IK_CUSTOM)
        ik__graph_fail(g, "op custom is recorded with a descriptor, by api->custom");
    else if (known && ik__rule_of(op)->infer == NOT_INFERRED)
        ik__graph_fail(g, "op %s is not for recording", ik_op_text(op));
    else if (!known || n < arity[op].least || n > arity[op].most)
        ik__graph_fail(g, "op %s cannot take %d inputs", known ? ik_op_text(op) : "?", n);
    return !g->failed;
}

/* The spare node is nobody's value. */
static ik_tensor *made(const ik__graph *g, ik__node *node) {
    return g->failed ? NULL : &node->t;
}

ik_tensor *ik__record(ik__graph *g, ik_opcode op, const ik_attrs *attrs, int n,
                      ik_tensor *const *in) {
    if (g->failed || !recordable(g, op, n)) return NULL;
    for (int i = 0; i < n; i++)
        if (!in[i]) {
            ik__graph_fail(g, "%s: input %d is missing", ik_op_text(op), i);
            return NULL;
        }
    static const ik_attrs none;
    ik_tensor out = {.dtype = IK_F32};
    char why[256] = "";
    if (!ik__infer(op, attrs ? attrs : &none, n, in, &out, why, sizeof why)) {
        ik__misfit(g, ik_op_text(op), why, n, in);
        return NULL;
    }
    if (!ik__fits(g, ik_op_text(op), out.shape)) return NULL;
    ik__node *node = ik__append(g, op, attrs, n, in);
    node->t.shape = out.shape;
    node->t.dtype = out.dtype;
    return made(g, node);
}

ik_tensor *ik__input(ik__graph *g, const char *name, ik_shape shape, ik_dtype dtype) {
    if (g->failed || !ik__fits(g, name, shape)) return NULL;
    ik__node *node = ik__append(g, IK_INPUT, NULL, 0, NULL);
    node->name = ik__pool_strdup(g->pool, name);
    node->t.shape = shape;
    node->t.dtype = dtype;
    return made(g, node);
}

/* --- the calls of a plugin */

ik_tensor *ik__graph_op(ik_graph *g, ik_opcode op, const ik_attrs *attrs, int n,
                        ik_tensor *const *in) {
    for (int i = 0; i < n; i++)
        if (!in[i]) return NULL;
    return ik__record(ik__of(g), op, attrs, n, in);
}

void ik__graph_refuse(ik_graph *g, const char *message) {
    ik__graph_fail(ik__of(g), "%s", message);
}

void ik__graph_push(ik_graph *pub, const char *name) {
    ik__graph *g = ik__of(pub);
    size_t at = strlen(g->path);
    int most = (int)(sizeof g->scopes / sizeof *g->scopes);
    if (g->depth == most || at + strlen(name) + 2 > sizeof g->path) {
        ik__graph_fail(g, "nodes are nested too deep, or a path is too long");
        return;
    }
    g->scopes[g->depth++] = at;
    snprintf(g->path + at, sizeof g->path - at, "%s%s", at ? "." : "", name);
}

void ik__graph_pop(ik_graph *pub) {
    ik__graph *g = ik__of(pub);
    if (g->depth) g->path[g->scopes[--g->depth]] = 0;
}

/* The current value of a parameter or buffer; its leaf on the first use. */
static ik_tensor *state(ik__graph *g, const char *name, ik_shape shape, ik_init init,
                        bool learned) {
    if (g->failed || !ik__fits(g, name, shape)) return NULL;
    const char *path = ik__path_join(g, name);
    char why[768];
    ik__entry *e = ik__store_entry(g->store, path, shape, init, learned, why, sizeof why);
    if (!e) {
        ik__graph_fail(g, "%s", why);
        return NULL;
    }
    ik__node *now = ik__names_get(&g->states, path);
    if (now) return &now->t;
    ik__node *leaf = ik__append(g, learned ? IK_PARAM : IK_BUFFER, NULL, 0, NULL);
    leaf->entry = e;
    leaf->t.shape = shape;
    ik__names_set(g, &g->states, path, &leaf->t);
    return made(g, leaf);
}

ik_tensor *ik__graph_param(ik_graph *g, const char *name, ik_shape shape, ik_init init) {
    return state(ik__of(g), name, shape, init, true);
}

ik_tensor *ik__graph_buffer(ik_graph *g, const char *name, ik_shape shape, ik_init init) {
    return state(ik__of(g), name, shape, init, false);
}

void ik__graph_assign(ik_graph *pub, const char *name, ik_tensor *value) {
    ik__graph *g = ik__of(pub);
    if (!value || g->failed) return;
    const char *path = ik__path_join(g, name);
    ik__entry *e = ik__store_find(g->store, path);
    if (!e || e->learned || ik_count(e->shape) != ik_count(value->shape)) {
        ik__graph_fail(g, "assign to %s: it is no buffer of that size", path);
        return;
    }
    ik__names_set(g, &g->states, path, value);
    ik__names_set(g, &g->assigns, path, value);
}

ik__graph *ik__graph_new(const ik_graph_api *api, size_t size, ik__store *store,
                         const ik_scene_info *info) {
    ik__graph *g = calloc(1, size);
    if (!g) return NULL;
    g->pub.api = api;
    g->pub.info = *info;
    g->pool = ik__pool_new();
    g->store = store;
    return g;
}

void ik__graph_free(ik__graph *g) {
    if (!g) return;
    free(g->nodes);
    ik__pool_free(g->pool);
    free(g);
}
