/* A case of the op suite: an op with its attributes and inputs, how it is recorded, and the values
 * its inputs hold. Values are multiples of 1/64, exact in every backend's storage, but for factors
 * of products in f32 and tf32. */
#ifndef OP_CASE_H
#define OP_CASE_H

#include <stdlib.h>

#include "graph/graph.h"

#include "inadekit/backend.h"
#include "inadekit/philox.h"

typedef enum op_kind {
    OP_NO_INPUT,
    OP_REAL,     /* -2..2 */
    OP_AWAY,     /* the same without what is close to 0 */
    OP_POSITIVE, /* 0.5..2.5 */
    OP_DISTINCT, /* negative, no two alike: one of them is the largest */
    OP_TIES,     /* -1, 0 or 1 */
    OP_FIRST,    /* 0.5..2, of the sign of the first index: even ones are negative */
    OP_LAST,     /* 0.5..2, of the sign of the last index */
    OP_FAR,      /* 48..52: means that cost digits */
    OP_STATS,    /* [G,2,C]: means, then variances */
    OP_MAP,      /* ids 0..ids-1, in patches of 2x2 */
    OP_MAP_GAPS, /* the same, with -1 strewn in, ids past the end and id 1 absent */
    OP_MAP_ONE,  /* id 0 everywhere but in the first element: the others have vanished */
    OP_MAP_NONE, /* -1 everywhere */
} op_kind;

enum { OP_INPUTS = 8 };

typedef struct op_input {
    op_kind kind;
    ik_shape shape;
    int ids;
} op_input;

typedef struct op_case op_case;
struct op_case {
    const char *what; /* NULL: nothing to add to the op's name */
    ik_opcode op;
    ik_attrs attrs;
    op_input in[OP_INPUTS];
    ik_tensor *(*record)(ik_graph *g, const op_case *c, ik_tensor *const *in); /* NULL: the op */
    bool constant; /* passes no gradient on */
    bool kinks;    /* finite differences would be wrong, or take too long */
};

#define SHAPE(...)                                                                                 \
    {                                                                                              \
        (int)(sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t)), {                               \
            __VA_ARGS__                                                                            \
        }                                                                                          \
    }
#define REAL(...)                                                                                  \
    { OP_REAL, SHAPE(__VA_ARGS__), 0 }
#define AWAY(...)                                                                                  \
    { OP_AWAY, SHAPE(__VA_ARGS__), 0 }
#define POSITIVE(...)                                                                              \
    { OP_POSITIVE, SHAPE(__VA_ARGS__), 0 }
#define DISTINCT(...)                                                                              \
    { OP_DISTINCT, SHAPE(__VA_ARGS__), 0 }
#define TIES(...)                                                                                  \
    { OP_TIES, SHAPE(__VA_ARGS__), 0 }
#define FIRST(...)                                                                                 \
    { OP_FIRST, SHAPE(__VA_ARGS__), 0 }
#define LAST(...)                                                                                  \
    { OP_LAST, SHAPE(__VA_ARGS__), 0 }
#define FAR(...)                                                                                   \
    { OP_FAR, SHAPE(__VA_ARGS__), 0 }
#define STATS(...)                                                                                 \
    { OP_STATS, SHAPE(__VA_ARGS__), 0 }
#define MAP(ids, ...)                                                                              \
    { OP_MAP, SHAPE(__VA_ARGS__), ids }
#define GAPS(ids, ...)                                                                             \
    { OP_MAP_GAPS, SHAPE(__VA_ARGS__), ids }
#define ONE(...)                                                                                   \
    { OP_MAP_ONE, SHAPE(__VA_ARGS__), 2 }
/* A square window. */
#define KERNEL(k, s, p) .kernel = {k, k}, .stride = {s, s}, .padding = {p, p}
#define NONE(...)                                                                                  \
    { OP_MAP_NONE, SHAPE(__VA_ARGS__), 0 }

static inline int op_inputs(const op_case *c) {
    int n = 0;
    while (n < OP_INPUTS && c->in[n].kind) n++;
    return n;
}

static inline bool op_is_map(const op_input *in) {
    return in->kind >= OP_MAP;
}

/* "conv2d: groups of 2; [3,5,7,4] and [6,2,3,3]" */
static inline const char *op_title(const op_case *c) {
    static char title[256];
    size_t at = (size_t)snprintf(title, sizeof title, "%s:%s%s", ik_op_text(c->op),
                                 c->what ? " " : "", c->what ? c->what : "");
    for (int i = 0; i < op_inputs(c); i++) {
        char shape[64];
        ik__shape_text(c->in[i].shape, shape, sizeof shape);
        at += (size_t)snprintf(title + at, sizeof title - at, "%s%s", i ? " and " : " ", shape);
    }
    return title;
}

/* A word that depends on the input's place and the element alone. */
static inline uint64_t op_word(int input, int64_t i) {
    return ik_mix64(ik_mix64((uint64_t)input + 77) + (uint64_t)i) >> 16;
}

static inline float op_real(const op_input *in, int which, int64_t i, int64_t n) {
    uint64_t word = op_word(which, i);
    double unit = (double)(word % 129) / 64; /* 0..2 in steps of 1/64 */
    switch (in->kind) {
    case OP_AWAY:
        return (float)((word >> 20 & 1 ? -1 : 1) * (0.5 + 0.75 * unit));
    case OP_POSITIVE:
        return (float)(0.5 + unit);
    case OP_DISTINCT: /* a permutation: 7919 is prime and divides no size used */
        return (float)(-(double)(1 + i * 7919 % n) / 64);
    case OP_FIRST:
        return (float)((i / (n / in->shape.d[0]) % 2 ? 1 : -1) * (0.5 + 0.75 * unit));
    case OP_LAST:
        return (float)((i % in->shape.d[in->shape.rank - 1] % 2 ? 1 : -1) * (0.5 + 0.75 * unit));
    case OP_FAR:
        return (float)(48 + 2 * unit);
    case OP_TIES:
        return (float)((int)(word % 3) - 1);
    case OP_STATS:
        return i / in->shape.d[2] % 2 ? (float)(0.5 + unit) : (float)(unit - 1);
    default:
        return (float)(2 * unit - 2);
    }
}

static inline int32_t op_id(const op_input *in, int which, int64_t i) {
    ik_shape s = in->shape;
    if (in->kind == OP_MAP_NONE) return -1;
    if (in->kind == OP_MAP_ONE) return i == 0;
    int64_t patch = i;
    if (s.rank == 3) {
        int64_t row = i / s.d[2] % s.d[1], column = i % s.d[2], b = i / (s.d[1] * s.d[2]);
        patch = (b * 64 + row / 2) * 64 + column / 2;
    }
    int32_t id = (int32_t)(op_word(which + 16, patch) % (uint64_t)in->ids);
    if (in->kind != OP_MAP_GAPS) return id;
    uint64_t chance = op_word(which + 32, i) % 9;
    if (chance == 0) return -1;
    if (chance == 1) return in->ids + (int32_t)(i % 3);
    return id == 1 ? 0 : id;
}

/* OPS_PRECISION: what backends that can are asked to compute in. */
static inline ik_precision op_precision(void) {
    const char *p = getenv("OPS_PRECISION");
    if (p && !strcmp(p, "tf32")) return IK_PRECISION_TF32;
    return p && !strcmp(p, "bf16") ? IK_PRECISION_BF16 : IK_PRECISION_F32;
}

/* Is it a sum of products, which tensor cores compute? */
static inline bool op_multiplies(const op_case *c) {
    return c->op == IK_CONV2D || c->op == IK_CONV2D_DX || c->op == IK_CONV2D_DW ||
           c->op == IK_MATMUL || c->op == IK_LINEAR;
}

/* A little more or less: factors with more digits than tensor cores take. */
static inline float op_finer(int which, int64_t i, float x) {
    return x * (1 + (float)(op_word(which + 64, i) % 1024) / (1 << 20));
}

/* Fills n = ik_count(shape) floats or int32_t. */
static inline void op_values(const op_case *c, int which, void *to) {
    const op_input *in = &c->in[which];
    int64_t n = ik_count(in->shape);
    for (int64_t i = 0; i < n; i++)
        if (op_is_map(in))
            ((int32_t *)to)[i] = op_id(in, which, i);
        else if (op_multiplies(c) && in->kind == OP_REAL && op_precision() != IK_PRECISION_BF16)
            ((float *)to)[i] = op_finer(which, i, op_real(in, which, i, n));
        else
            ((float *)to)[i] = op_real(in, which, i, n);
}

/* The same values, made by an op: a backend that stores pictures in fewer bits does so now. */
static inline ik_tensor *op_stored(ik_graph *g, ik_tensor *x) {
    if (op_precision() != IK_PRECISION_BF16 || x->dtype != IK_F32 || x->shape.rank != 4) return x;
    return ik_op1(g, IK_AVG_POOL, IK_ATTRS(KERNEL(1, 1, 0)), x);
}

static inline void op_weights(int64_t n, float *to) {
    for (int64_t i = 0; i < n; i++) to[i] = (float)((double)(op_word(99, i) % 129) / 64 - 1);
}

/* Records the case's inputs, parameters and maps, and its result. */
static inline ik_tensor *op_record(ik__graph *g, const op_case *c, ik_tensor **in) {
    int n = op_inputs(c);
    ik_tensor *used[OP_INPUTS];
    for (int i = 0; i < n; i++) {
        char name[16];
        snprintf(name, sizeof name, op_is_map(&c->in[i]) ? "map%d" : "case.x%d", i);
        in[i] = op_is_map(&c->in[i])
                    ? ik__input(g, name, c->in[i].shape, IK_I32)
                    : ik_param(&g->pub, name, c->in[i].shape, (ik_init){IK_INIT_ZEROS, 0, 0});
        used[i] = op_stored(&g->pub, in[i]);
    }
    return c->record ? c->record(&g->pub, c, used) : ik__record(g, c->op, &c->attrs, n, used);
}

#endif
