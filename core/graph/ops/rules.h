/* The rules of the ops: what shape comes of the inputs, and what the gradient of the output gives
 * to each input. The files of this folder hold them by subject, and a row for each op at their end:
 *
 *     RULE(ADD, infer_binary, grad_add);
 *
 * Every op of inadekit/ops.h has one: without it, the library does not link. */
#ifndef INADEKIT_GRAPH_OPS_RULES_H
#define INADEKIT_GRAPH_OPS_RULES_H

#include "graph/graph.h"

/* What a rule for a shape is asked: it fills `out`, or says why not and returns false. */
typedef struct ik__shaping {
    const ik_attrs *a;
    int n;
    ik_tensor *const *in;
    ik_tensor *out; /* shape and type, f32 unless the rule says otherwise */
    char *why;
    size_t size;
} ik__shaping;

/* A backward pass on its way; gradients.c walks. */
typedef struct ik__pass {
    ik__graph *g;
    int n;            /* nodes that existed when the pass began */
    bool *needs;      /* does a gradient with respect to this node lead to a wanted one? */
    ik_tensor **grad; /* accumulated so far, by node id */
} ik__pass;

typedef struct ik__rule {
    bool (*infer)(ik__shaping *s);
    void (*gradient)(ik__pass *p, ik__node *y, ik_tensor *dy);
} ik__rule;

#define IK_OP(code, name, least, most) extern const ik__rule ik__rule_##code;
IK_OPS(IK_OP)
#undef IK_OP

const ik__rule *ik__rule_of(ik_opcode op);

/* A row. Where an op has no gradient, or no shape of its inputs, it names one of the markers below
 * and says why. */
#define RULE(code, infer, gradient)                                                                \
    _Static_assert(IK_##code < IK_OP_COUNT, "no op");                                              \
    const ik__rule ik__rule_##code = {infer, gradient}

/* Elementwise, and adjoints shaped as their first input: reals, of its shape. */
#define SAME_SHAPE ik__infer_same
bool ik__infer_same(ik__shaping *s);

/* The core makes such nodes itself and knows their shapes: never called. */
#define NOT_INFERRED ik__infer_none
bool ik__infer_none(ik__shaping *s);

/* The gradient stops here: never called. */
#define NO_GRADIENT ik__grad_none
void ik__grad_none(ik__pass *p, ik__node *y, ik_tensor *dy);

/* --- for rules of shapes, whose argument is `s` */

#define REQUIRE(condition, ...)                                                                    \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            snprintf(s->why, s->size, __VA_ARGS__);                                                \
            return false;                                                                          \
        }                                                                                          \
    } while (0)

/* The shape that a window by the attributes makes of pictures [B,H,W,...]. */
bool ik__windowed(ik__shaping *s, ik_shape x, int64_t channels, ik_shape *out);

/* --- for gradients, whose pass is `p` */

ik_tensor *ik__pass_op(ik__pass *p, ik_opcode code, const ik_attrs *a, int n, ik_tensor *const *in);
#define OP(code, attrs, ...)                                                                       \
    ik__pass_op(p, code, attrs, (int)(sizeof((ik_tensor *[]){__VA_ARGS__}) / sizeof(ik_tensor *)), \
                (ik_tensor *[]){__VA_ARGS__})

/* Does somebody want the gradient with respect to input i? */
static inline bool ik__wants(const ik__pass *p, const ik__node *y, int i) {
    return i < y->n_in && p->needs[y->in[i]->t.id];
}

/* Adds to the gradient of a node, if somebody wants that. */
void ik__give(ik__pass *p, ik__node *to, ik_tensor *grad);

/* Sums a broadcast operand's gradient back to the operand's shape. */
ik_tensor *ik__unbroadcast(ik__pass *p, ik_tensor *grad, ik_shape shape);

#endif
