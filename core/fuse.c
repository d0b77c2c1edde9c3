/* Fusion: patterns that cost memory traffic become one node.
 *
 * normalize(x) * lookup(scale, map) + lookup(shift, map), and a leaky ReLU after it, is `modulate`.
 * The last node of a pattern is rewritten where it stands, so that whoever reads it need not know.
 */
#include "ir.h"

#include <stdlib.h>

static bool named(const ik__names *l, const ik__node *n) {
    for (int i = 0; i < l->n; i++)
        if (l->v[i].node == n) return true;
    return false;
}

static int *count_uses(const ik__graph *g) {
    int *uses = calloc((size_t)g->n + 1, sizeof *uses);
    for (int i = 0; uses && i < g->n; i++) {
        for (int k = 0; k < g->nodes[i]->n_in; k++) uses[g->nodes[i]->in[k]->t.id]++;
        if (named(&g->outputs, g->nodes[i]) || named(&g->assigns, g->nodes[i]) ||
            named(&g->kept, g->nodes[i]))
            uses[i]++;
    }
    return uses;
}

static bool once(const int *uses, const ik__node *n, ik_opcode op) {
    return n->op == op && uses[n->t.id] == 1;
}

static bool fuse_affine(ik__graph *g, ik__node *add, const int *uses) {
    if (add->op != IK_ADD) return false;
    for (int side = 0; side < 2; side++) {
        ik__node *mul = add->in[side], *shift = add->in[!side];
        if (!once(uses, mul, IK_MUL) || !once(uses, shift, IK_LOOKUP)) continue;
        for (int flip = 0; flip < 2; flip++) {
            ik__node *norm = mul->in[flip], *scale = mul->in[!flip];
            if (!once(uses, norm, IK_NORMALIZE) || !once(uses, scale, IK_LOOKUP)) continue;
            if (scale->in[1] != shift->in[1] || scale->in[1]->t.shape.rank != 3 ||
                !ik_same_shape(scale->in[0]->t.shape, shift->in[0]->t.shape) ||
                !ik_same_shape(scale->t.shape, norm->t.shape)) /* the node does not broadcast */
                continue;
            int64_t groups = norm->in[1]->t.shape.d[0];
            if (groups > 1 && groups != scale->in[0]->t.shape.d[0]) continue;
            ik__node *in[] = {norm->in[0], norm->in[1], scale->in[0], shift->in[0], scale->in[1]};
            add->op = IK_MODULATE;
            add->attrs = (ik_attrs){.eps = norm->attrs.eps, .slope = 1};
            add->n_in = 5;
            add->in = ik__pool_alloc(g->pool, sizeof in);
            memcpy(add->in, in, sizeof in);
            return true;
        }
    }
    return false;
}

static void fuse_activation(ik__graph *g, ik__node *act, const int *uses) {
    if (act->op != IK_LEAKY_RELU || !once(uses, act->in[0], IK_MODULATE)) return;
    ik__node *m = act->in[0];
    /* slope 0 is a ReLU and fits as well; an activation already fused does not. */
    if (m->attrs.slope != 1) return;
    double slope = act->attrs.slope;
    act->op = IK_MODULATE;
    act->attrs = m->attrs;
    act->attrs.slope = slope;
    act->n_in = m->n_in;
    act->in = ik__pool_alloc(g->pool, sizeof *act->in * (size_t)m->n_in);
    memcpy(act->in, m->in, sizeof *act->in * (size_t)m->n_in);
}

void ik__fuse(ik__graph *g) {
    int *uses = count_uses(g);
    if (!uses) return;
    for (int i = 0; i < g->n; i++) fuse_affine(g, g->nodes[i], uses);
    for (int i = 0; i < g->n; i++) fuse_activation(g, g->nodes[i], uses);
    free(uses);
}
