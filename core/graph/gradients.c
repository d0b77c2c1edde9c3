/* Reverse-mode differentiation: walks the nodes from the loss back and records, with the same ops,
 * what each passes on to its inputs. What that is, the rules of the ops say (ops/rules.h); an op
 * without a gradient stops it (maps, random numbers, power iterations). */
#include "ops/rules.h"

#include <stdlib.h>

ik_tensor *ik__pass_op(ik__pass *p, ik_opcode code, const ik_attrs *a, int n,
                       ik_tensor *const *in) {
    return p->g->pub.api->op(&p->g->pub, code, a, n, in);
}

void ik__give(ik__pass *p, ik__node *to, ik_tensor *grad) {
    if (!grad || !p->needs[to->t.id]) return;
    ik_tensor **sum = &p->grad[to->t.id];
    *sum = *sum ? OP(IK_ADD, NULL, *sum, grad) : grad;
}

ik_tensor *ik__unbroadcast(ik__pass *p, ik_tensor *grad, ik_shape shape) {
    if (!grad) return NULL;
    uint32_t axes = 0;
    for (int i = 0; i < shape.rank; i++)
        if (shape.d[i] != grad->shape.d[i]) axes |= 1u << i;
    return axes ? OP(IK_SUM, IK_ATTRS(.axes = axes), grad) : grad;
}

static ik__node *reshaped(ik__node *n) {
    while (n->op == IK_RESHAPE) n = n->in[0];
    return n;
}

/* A gradient is written straight into its parameter's slot, so it must be a node's own storage,
 * whatever its shape, and serve one parameter only. */
static ik_tensor *own(ik__pass *p, ik_tensor *grad, bool *taken) {
    ik__node *n = reshaped(ik__node_of(grad));
    bool shared = ik__is_view(n->op) || ik__is_leaf(n->op) || n->t.id < p->n || taken[n->t.id];
    taken[n->t.id] = true;
    return shared ? ik_affine(&p->g->pub, grad, 1, 0) : grad;
}

static void own_all(ik__pass *p, int n, ik__node *const *wrt, ik_tensor **grads) {
    bool *taken = calloc((size_t)p->g->n + 1, sizeof *taken); /* by node, of those so far */
    if (!taken) {
        ik__graph_fail(p->g, "out of memory while deriving gradients");
        return;
    }
    for (int i = 0; i < n; i++)
        if (p->grad[wrt[i]->t.id]) grads[i] = own(p, p->grad[wrt[i]->t.id], taken);
    free(taken);
}

void ik__backward(ik__graph *g, ik_tensor *loss, int n, ik__node *const *wrt, ik_tensor **grads) {
    for (int i = 0; i < n; i++) grads[i] = NULL;
    if (g->failed || !loss) return;
    ik__pass state = {g, g->n, calloc((size_t)g->n, sizeof(bool)),
                      calloc((size_t)g->n, sizeof(ik_tensor *))};
    ik__pass *p = &state;
    if (!p->needs || !p->grad) {
        ik__graph_fail(g, "out of memory while deriving gradients");
        goto end;
    }
    for (int i = 0; i < n; i++) p->needs[wrt[i]->t.id] = true;
    for (int id = 0; id < p->n; id++) {
        const ik__node *y = g->nodes[id];
        if (!ik__op_differentiable(y->op)) continue;
        for (int k = 0; k < y->n_in; k++) p->needs[id] |= p->needs[y->in[k]->t.id];
    }
    if (p->needs[loss->id])
        p->grad[loss->id] =
            ik__record(g, IK_FILL, IK_ATTRS(.shape = loss->shape, .alpha = 1), 0, NULL);
    for (int id = p->n - 1; id >= 0; id--) {
        ik__node *y = g->nodes[id];
        if (!p->grad[id] || !ik__op_differentiable(y->op) || !p->needs[id]) continue;
        ik__rule_of(y->op)->gradient(p, y, p->grad[id]);
    }
    own_all(p, n, wrt, grads);
end:
    free(p->needs);
    free(p->grad);
}
