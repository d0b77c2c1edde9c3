/* The recorded graph, as the core sees it: nodes in recording order, which is a topological order.
 * One node makes one tensor; a node begins with its public tensor, so the two convert by a cast. */
#ifndef INADEKIT_GRAPH_GRAPH_H
#define INADEKIT_GRAPH_GRAPH_H

#include "base/pool.h"
#include "base/shape.h"
#include "config/config.h"
#include "inadekit/graph.h"
#include "store.h"

typedef struct ik__node ik__node;
struct ik__node {
    ik_tensor t; /* first: an ik_tensor * is an ik__node * */
    ik_opcode op;
    ik_attrs attrs;
    int n_in;
    ik__node **in;
    const char *path;           /* of the scope it was recorded in */
    const char *name;           /* INPUT: the scene's name for it */
    ik__entry *entry;           /* PARAM, BUFFER */
    const ik_custom_op *custom; /* CUSTOM */
    const void *custom_attrs;
    bool constant; /* made from weights alone, while those are fixed; see exec/constants.c */
    bool kept;     /* constant, and read at every run */
    /* Of a program: layouts made of a constant, the first, and the next of them; what a view shows.
     */
    ik__node *laid, *next_laid, *root;
};

typedef struct ik__named {
    const char *name;
    ik__node *node;
} ik__named;

/* Named nodes, in the order of their naming; names live in the graph's pool. */
typedef struct ik__names {
    int n, cap;
    ik__named *v;
    ik__index index;
} ik__names;

typedef struct ik__graph {
    ik_graph pub; /* first */
    ik__pool *pool;
    ik__store *store;
    ik__node **nodes;
    int n, cap;
    char path[512];
    size_t scopes[64]; /* lengths of `path` to return to */
    int depth;
    const ik__conf *at; /* the YAML node being recorded */
    bool failed;
    ik_status status; /* of the failure */
    ik_error error;
    ik__node spare;    /* handed out when there is no memory for another; the graph has failed */
    ik__names states;  /* current value of each parameter and buffer, by path */
    ik__names assigns; /* final value of each assigned buffer */
    ik__names outputs; /* named results of the program; in training, the losses */
    ik__names kept;    /* other values that can be read after a run */
    bool fixed;        /* weights change between runs only, and ik__store_changed tells */
} ik__graph;

/* A graph recorded by the calls of `api`, at the head of `size` zeroed bytes: the recorder's own
 * are behind it, and freed with it. */
ik__graph *ik__graph_new(const ik_graph_api *api, size_t size, ik__store *store,
                         const ik_scene_info *info);
void ik__graph_free(ik__graph *g);

static inline ik__graph *ik__of(ik_graph *g) {
    return (ik__graph *)g;
}
static inline ik__node *ik__node_of(ik_tensor *t) {
    return (ik__node *)t;
}

/* Calls of the interface that need nothing but the graph. */
ik_tensor *ik__graph_op(ik_graph *g, ik_opcode op, const ik_attrs *attrs, int n,
                        ik_tensor *const *in);
void ik__graph_refuse(ik_graph *g, const char *message);
void ik__graph_push(ik_graph *g, const char *name);
void ik__graph_pop(ik_graph *g);
ik_tensor *ik__graph_param(ik_graph *g, const char *name, ik_shape shape, ik_init init);
ik_tensor *ik__graph_buffer(ik_graph *g, const char *name, ik_shape shape, ik_init init);
void ik__graph_assign(ik_graph *g, const char *name, ik_tensor *value);

/* graph.c */
ik_tensor *ik__record(ik__graph *g, ik_opcode op, const ik_attrs *attrs, int n,
                      ik_tensor *const *in);
ik_tensor *ik__input(ik__graph *g, const char *name, ik_shape shape, ik_dtype dtype);
/* A node without a rule for its shape, which the caller sets. */
ik__node *ik__append(ik__graph *g, ik_opcode op, const ik_attrs *attrs, int n,
                     ik_tensor *const *in);
/* Whether a tensor of that shape is allowed: at most 2^40 elements, so that sizes never overflow.
 */
bool ik__fits(ik__graph *g, const char *what, ik_shape s);
/* Fails with why the inputs do not fit, and their shapes. */
void ik__misfit(ik__graph *g, const char *op, const char *why, int n, ik_tensor *const *in);
/* The first failure is kept, as a mistake of usage, or with a status of its own. */
void IK_PRINTF(2, 3) ik__graph_fail(ik__graph *g, const char *format, ...);
void IK_PRINTF(3, 4) ik__graph_fail_as(ik__graph *g, ik_status status, const char *format, ...);
ik__node *ik__names_get(const ik__names *l, const char *name);
void ik__names_set(ik__graph *g, ik__names *l, const char *name, ik_tensor *t);
const char *ik__path_join(ik__graph *g, const char *name); /* in the pool */
const char *ik__op_name(const ik__node *n);                /* a custom op's own */
bool ik__is_view(ik_opcode op);
/* May a plugin record it; and does a gradient pass through it? A custom op says that itself. */
bool ik__op_recordable(ik_opcode op);
bool ik__op_differentiable(ik_opcode op);
bool ik__is_leaf(ik_opcode op);

/* ops/rules.c: the output's shape and type; a message and false when the inputs do not fit. */
bool ik__infer(ik_opcode op, const ik_attrs *a, int n, ik_tensor *const *in, ik_tensor *out,
               char *why, size_t size);

/* gradients.c: records the backward pass of a scalar. grads[i] belongs to wrt[i]; NULL where the
 * loss does not depend on it. */
void ik__backward(ik__graph *g, ik_tensor *loss, int n, ik__node *const *wrt, ik_tensor **grads);

/* custom.c: ops that plugins bring. */
ik_tensor *ik__custom_record(ik_graph *g, const ik_custom_op *op, const void *attrs, int n,
                             ik_tensor *const *in);

/* fuse.c: rewrites known patterns into one node; run before the backward pass is recorded. `minor`
 * is that of the interface the backend was built for: newer ops are not made. */
void ik__fuse(ik__graph *g, int minor);

#endif
