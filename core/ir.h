/* The recorded graph, as the core sees it: nodes in recording order, which is a topological order.
 * One node makes one tensor; a node begins with its public tensor, so the two convert by a cast. */
#ifndef INADEKIT_IR_H
#define INADEKIT_IR_H

#include "config.h"
#include "inadekit/graph.h"
#include "pool.h"
#include "shape.h"
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
    bool constant; /* made from weights alone, while those are fixed; see constants.c */
    bool kept;     /* constant, and read at every run */
};

typedef struct ik__named {
    const char *name;
    ik__node *node;
} ik__named;

/* A short list of named nodes; names live in the graph's pool. */
typedef struct ik__names {
    int n, cap;
    ik__named *v;
} ik__names;

struct ik__model;

typedef struct ik__graph {
    ik_graph pub; /* first */
    ik__pool *pool;
    ik__store *store;
    struct ik__model *model; /* networks and norms that calls, latents and judgements reach */
    ik__node **nodes;
    int n, cap;
    char path[512];
    size_t scopes[64]; /* lengths of `path` to return to */
    int depth;
    const ik__conf *at; /* the YAML node being recorded */
    bool failed;
    ik_error error;
    ik__names states;    /* current value of each parameter and buffer, by path */
    ik__names assigns;   /* final value of each assigned buffer */
    ik__names values;    /* the scene */
    ik__names maps;      /* "label@16x16" */
    ik__names spectral;  /* normalised weights, for a judgement in two halves */
    ik__names latents;   /* random values that were asked for */
    ik__names outputs;   /* named results of the program; in training, the losses */
    ik__names kept;      /* other values that can be read after a run */
    bool reuse_spectral; /* second half of one forward pass */
    bool judge_apart;    /* fakes and pictures may be judged in two halves */
    bool xavier;         /* initialises spectrally normalised weights, too */
    bool host_latents;   /* latents are inputs that the host fills */
    bool encodes;        /* latents are encoded though this is no training */
    bool fixed;          /* weights change between runs only, and ik__store_changed tells */
    /* Latents, or their standard normals as "NAME.eps", that the host fills; NULL-terminated. */
    const char *const *supplied;
    int n_posteriors;
    ik_posterior posteriors[8];
    ik_judgement judged[2];
    bool has_judged;
} ik__graph;

ik__graph *ik__graph_new(ik__store *store, struct ik__model *model, const ik_scene_info *info);
void ik__graph_free(ik__graph *g);

static inline ik__graph *ik__of(ik_graph *g) {
    return (ik__graph *)g;
}
static inline ik__node *ik__node_of(ik_tensor *t) {
    return (ik__node *)t;
}

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
void IK_PRINTF(2, 3) ik__graph_fail(ik__graph *g, const char *format, ...);
ik__node *ik__names_get(const ik__names *l, const char *name);
void ik__names_set(ik__graph *g, ik__names *l, const char *name, ik_tensor *t);
const char *ik__path_join(ik__graph *g, const char *name); /* in the pool */
extern const char *const ik__op_names[];
const char *ik__op_name(const ik__node *n); /* a custom op's own */
bool ik__is_view(ik_opcode op);
bool ik__is_leaf(ik_opcode op);

/* shapes.c: the output's shape and type; a message and false when the inputs do not fit. */
bool ik__infer(ik_opcode op, const ik_attrs *a, int n, ik_tensor *const *in, ik_tensor *out,
               char *why, size_t size);

/* scene.c */
/* The inputs that a batch fills, in order; NULL past the last. */
const char *ik__scene_input(int i);
bool ik__scene_has(const char *input);
ik_tensor *ik__scene_value(ik_graph *g, const char *name);
ik_tensor *ik__scene_map(ik_graph *g, const char *name, int64_t height, int64_t width);
ik_tensor *ik__scene_latent(ik_graph *g, const char *name, ik_shape shape);
void ik__scene_publish(ik_graph *g, const char *name, ik_tensor *mu, ik_tensor *logvar);
const ik_posterior *ik__scene_posterior(ik_graph *g, int i);

/* layers.c */
ik_tensor *ik__layer_conv(ik_graph *g, const char *name, ik_tensor *x, const ik_conv *c);
ik_tensor *ik__layer_linear(ik_graph *g, const char *name, ik_tensor *x, int64_t out);
ik_tensor *ik__layer_label_conv(ik_graph *g, const char *name, const char *map, int halvings,
                                ik_tensor *x, const ik_conv *c);
ik_tensor *ik__layer_batch_norm(ik_graph *g, const char *name, ik_tensor *x);

/* The same with their parameters directly in the current scope. */
ik_tensor *ik__layer_conv_here(ik_graph *g, ik_tensor *x, const ik_conv *c);
ik_tensor *ik__layer_linear_here(ik_graph *g, ik_tensor *x, int64_t out);

/* gradients.c: records the backward pass of a scalar. grads[i] belongs to wrt[i]; NULL where the
 * loss does not depend on it. */
void ik__backward(ik__graph *g, ik_tensor *loss, int n, ik__node *const *wrt, ik_tensor **grads);

/* custom.c: ops that plugins bring. */
ik_tensor *ik__custom_record(ik_graph *g, const ik_custom_op *op, const void *attrs, int n,
                             ik_tensor *const *in);
/* Records the gradient by the op's own rule; dx[i] stays NULL where it stops. */
void ik__custom_gradient(ik__graph *g, ik__node *y, ik_tensor *dy, const bool *wanted,
                         ik_tensor **dx);

/* fuse.c: rewrites known patterns into one node; run before the backward pass is recorded. `minor`
 * is that of the interface the backend was built for: newer ops are not made. */
void ik__fuse(ik__graph *g, int minor);

#endif
