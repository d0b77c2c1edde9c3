/* What a program computes from weights alone: once, and again only when the weights have changed.
 *
 * Where weights are fixed (ik__graph.fixed: synthesis, evaluation), a node is constant if all that
 * it is made from is. Constant nodes run before the others, whenever the store's version is another
 * than the one they were computed from; what only they read shares the arena, what the other nodes
 * read is kept in storage of its own. A backend may want a constant laid out in its own way: a
 * `relayout` makes that, and what it is made from is not kept then. */
#include "program.h"

/* Large results of small constants (a row broadcast over a picture) are cheaper made anew. */
static bool grows(const ik__node *n) {
    int64_t in = 0;
    for (int i = 0; i < n->n_in; i++) in += ik_count(n->in[i]->t.shape);
    return ik_count(n->t.shape) > in;
}

static bool is_constant(const ik__node *n) {
    if (n->op == IK_PARAM || n->op == IK_BUFFER) return true;
    /* What a plugin brings may depend on the step. */
    if (!n->n_in || n->op == IK_CUSTOM || (!ik__is_view(n->op) && grows(n))) return false;
    for (int i = 0; i < n->n_in; i++)
        if (!n->in[i]->constant) return false;
    return true;
}

/* The constant `of` as it is wanted, made once for all who want it so. */
static ik__node *laid_out(ik__graph *g, ik__node *of, int storage) {
    ik__node **end = &of->laid;
    for (; *end; end = &(*end)->next_laid)
        if ((*end)->t.storage == storage) return *end;
    ik_tensor *in = &of->t;
    ik__node *n = ik__append(g, IK_RELAYOUT, NULL, 1, &in);
    n->path = of->path;
    n->t.shape = of->t.shape;
    n->t.dtype = of->t.dtype;
    n->t.storage = storage;
    n->constant = true;
    *end = n;
    return n;
}

static void lay_out(const ik__engine *e, ik__graph *g, ik__node *n) {
    ik_node_desc d = ik__node_desc(n);
    for (int i = 0; i < n->n_in; i++) {
        if (!n->in[i]->constant || n->in[i]->t.dtype != IK_F32) continue;
        int storage = e->backend->wanted(e->self, &d, i);
        if (storage) n->in[i] = laid_out(g, n->in[i], storage);
    }
}

void ik__constants_find(const ik__engine *e, ik__graph *g, const bool *live) {
    int recorded = g->n;
    if (!g->fixed || g->assigns.n || e->keep_all) return;
    for (int i = 0; i < recorded; i++) g->nodes[i]->constant = is_constant(g->nodes[i]);
    for (int i = 0; i < recorded && IK__PROVIDES(e->backend, wanted); i++) {
        ik__node *n = g->nodes[i];
        if (live[i] && !n->constant && !ik__is_leaf(n->op) && !ik__is_view(n->op)) lay_out(e, g, n);
    }
}

ik_status ik__constants_settle(ik__engine *e, ik__program *p, const ik_step *step, ik_error *err) {
    if (!p->n_settled || p->settled == e->store->version) return IK_OK;
    ik_status status = e->backend->replay(e->self, p->replayed, p->n_settled, step, err);
    if (!status) p->settled = e->store->version;
    return status;
}
