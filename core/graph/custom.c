/* Ops that plugins bring: what they say of themselves is checked where they are recorded, so that
 * backends may rely on it. */
#include "ops/rules.h"

#include <stdlib.h>

/* The descriptors as of 1.1: the least they hold. */
#define LEAST_OP (offsetof(ik_custom_op, kernels) + sizeof(void *))
#define LEAST_KERNEL (offsetof(ik_custom_kernel, workspace) + sizeof(void *))

static const char *malformed(const ik_custom_op *op) {
    if (op->struct_size < LEAST_OP) return "its struct_size is too small";
    if (!op->name || !*op->name) return "it has no name";
    if (op->least < 0 || op->most < op->least || op->most > IK_MAX_INPUTS)
        return "its number of inputs cannot be";
    if (!op->shape) return "it has no rule for its shape";
    if (!op->kernels || !op->kernels[0]) return "it has no kernels";
    for (int i = 0; op->kernels[i]; i++) {
        const ik_custom_kernel *k = op->kernels[i];
        if (k->struct_size < LEAST_KERNEL) return "a kernel's struct_size is too small";
        if (!k->memory || !k->run) return "a kernel lacks its memory or its function";
        if (k->reals < IK_REAL_F32 || k->reals > IK_REAL_BF16)
            return "a kernel's type of number is unknown";
    }
    return NULL;
}

static bool usable(ik__graph *g, const ik_custom_op *op, int n) {
    const char *what = op ? malformed(op) : "there is none";
    const char *name = op && op->struct_size >= LEAST_OP && op->name ? op->name : "?";
    if (what)
        ik__graph_fail(g, "the custom op '%s' is wrong: %s; correct and rebuild the plugin", name,
                       what);
    else if (n < op->least || n > op->most)
        ik__graph_fail(g, "op %s cannot take %d inputs; it takes %d to %d", name, n, op->least,
                       op->most);
    return !g->failed;
}

static const void *copy_attrs(ik__graph *g, const ik_custom_op *op, const void *attrs) {
    void *copy = ik__pool_alloc(g->pool, op->attrs_size + 1);
    memset(copy, 0, op->attrs_size + 1);
    if (attrs) memcpy(copy, attrs, op->attrs_size);
    return copy;
}

ik_tensor *ik__custom_record(ik_graph *pub, const ik_custom_op *op, const void *attrs, int n,
                             ik_tensor *const *in) {
    ik__graph *g = ik__of(pub);
    for (int i = 0; i < n; i++)
        if (!in[i]) return NULL;
    if (g->failed || !usable(g, op, n)) return NULL;
    const ik_tensor *inputs[IK_MAX_INPUTS] = {NULL};
    for (int i = 0; i < n; i++) inputs[i] = in[i];
    attrs = copy_attrs(g, op, attrs);
    ik_shape shape = {0};
    ik_dtype dtype = IK_F32;
    ik_error why = {"the inputs do not fit"};
    if (op->shape(attrs, n, inputs, &shape, &dtype, &why)) {
        ik__misfit(g, op->name, why.text, n, in);
        return NULL;
    }
    bool possible = shape.rank >= 0 && shape.rank <= IK_MAX_RANK;
    for (int i = 0; possible && i < shape.rank; i++) possible = shape.d[i] > 0;
    if (!possible || (dtype != IK_F32 && dtype != IK_I32)) {
        ik__misfit(g, op->name, "its rule gives a shape or a type that cannot be", n, in);
        return NULL;
    }
    if (!ik__fits(g, op->name, shape)) return NULL;
    ik__node *node = ik__append(g, IK_CUSTOM, NULL, n, in);
    node->custom = op;
    node->custom_attrs = attrs;
    node->t.shape = shape;
    node->t.dtype = dtype;
    return g->failed ? NULL : &node->t;
}

/* Records the gradient by the op's own rule; dx[i] stays NULL where it stops. */
static void own_gradient(ik__graph *g, ik__node *y, ik_tensor *dy, const bool *wanted,
                         ik_tensor **dx) {
    const ik_custom_op *op = y->custom;
    if (!op->gradient) return;
    ik_tensor *in[IK_MAX_INPUTS];
    for (int i = 0; i < y->n_in; i++) in[i] = &y->in[i]->t;
    const ik_custom_gradient c = {.struct_size = sizeof c,
                                  .attrs = y->custom_attrs,
                                  .n_in = y->n_in,
                                  .in = in,
                                  .y = &y->t,
                                  .dy = dy,
                                  .wanted = wanted,
                                  .dx = dx};
    op->gradient(&g->pub, &c);
    for (int i = 0; i < y->n_in && !g->failed; i++) {
        if (!wanted[i] || !dx[i] || ik_same_shape(dx[i]->shape, in[i]->shape)) continue;
        char have[64], want[64];
        ik__shape_text(dx[i]->shape, have, sizeof have);
        ik__shape_text(in[i]->shape, want, sizeof want);
        ik__graph_fail(g, "op %s: its gradient for input %d is %s, the input %s", op->name, i, have,
                       want);
    }
}

static void grad_custom(ik__pass *p, ik__node *y, ik_tensor *dy) {
    bool wanted[IK_MAX_INPUTS];
    ik_tensor *dx[IK_MAX_INPUTS] = {NULL};
    for (int i = 0; i < y->n_in; i++) wanted[i] = ik__wants(p, y, i);
    own_gradient(p->g, y, dy, wanted, dx);
    for (int i = 0; i < y->n_in; i++)
        if (wanted[i]) ik__give(p, y->in[i], dx[i]);
}

RULE(CUSTOM, NOT_INFERRED, grad_custom); /* its shape: ik__custom_record */
