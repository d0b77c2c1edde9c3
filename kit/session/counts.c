/* Counting parameters, multiply-adds and activations; see counts.h. */
#include "counts.h"

static double macs_of(const ik__node *n) {
    ik_node_desc d = ik__node_desc(n);
    return ik__macs(&d);
}

/* The same as publications count it: one-hot maps are dense, and a convolution's bias adds count.
 */
static double published_macs_of(const ik__node *n) {
    double out = (double)ik_count(n->t.shape);
    bool bias = n->n_in > 2 && n->in[2]->t.shape.rank == 1;
    if ((n->op == IK_CONV2D || n->op == IK_CONV2D_ACT) && bias) return macs_of(n) + out;
    if (n->op == IK_LABEL_CONV) return macs_of(n) * (double)n->in[1]->t.shape.d[1];
    return macs_of(n);
}

static bool within(const char *path, const char *network) {
    size_t n = strlen(network);
    return !strncmp(path, network, n) && (path[n] == 0 || path[n] == '.');
}

static const ik__program *forward_of(const ik__session *s, const char *network) {
    if (!strcmp(network, IK__PAINTER)) return s->sample;
    for (int i = 0; i < s->model->players.n_updates; i++)
        if (s->update[i]) return s->update[i]; /* the first looks at everything */
    return NULL;
}

static bool pruned(const ik__session *s, const char *network) {
    for (int i = 0; i < s->engine->store->n; i++)
        if (within(s->engine->store->entries[i]->path, network)) return false;
    return true;
}

static int64_t params_of(const ik__store *store, const char *network) {
    int64_t n = 0;
    for (int i = 0; i < store->n; i++)
        if (store->entries[i]->learned && within(store->entries[i]->path, network))
            n += ik_count(store->entries[i]->shape);
    return n;
}

/* From the program in which the network's forward pass stands: before the backward pass begins. */
ik__totals ik__summary_totals(const ik__session *s, const char *network) {
    ik__totals t = {.pruned = pruned(s, network)};
    double macs = 0;
    const ik__program *p = forward_of(s, network);
    t.params = params_of(s->engine->store, network);
    for (int i = 0; p && i < p->n; i++) {
        const ik__node *n = p->order[i];
        if (!within(n->path, network)) continue;
        macs += macs_of(n);
        if (!ik__is_leaf(n->op) && !ik__is_view(n->op)) t.bytes += (int64_t)p->bytes[n->t.id];
    }
    int64_t batch = p ? p->graph->pub.info.batch : 1;
    t.macs = (int64_t)(macs / (double)batch);
    t.bytes /= batch;
    return t;
}

bool ik__summary_loss_counts(const ik__session *s, const char *loss) {
    const ik__players *p = &s->model->players;
    for (int u = 0; u < p->n_updates; u++) {
        const ik__names *results = s->update[u] ? &s->update[u]->graph->outputs : NULL;
        for (int i = 0; results && i < results->n; i++) {
            const char *name;
            ik__result_player(p, &p->updates[u], results->v[i].name, &name);
            if (!strcmp(name, loss)) return true;
        }
    }
    return false;
}

int64_t ik__summary_step_macs(const ik__session *s) {
    double macs = 0;
    for (int u = 0; u < s->model->players.n_updates; u++)
        for (int i = 0; s->update[u] && i < s->update[u]->n; i++)
            macs += macs_of(s->update[u]->order[i]);
    return (int64_t)(macs * (double)s->set.train.accumulate);
}

/* A synthesis for that many instances is recorded, and then only counted. */
ik_status ik__summary_published(const ik__session *s, int64_t instances, ik__published *out,
                                ik_error *err) {
    ik__graph *g = ik__session_graph(s, false);
    if (!g) return ik_errorf(err, IK_FAILED, "out of memory");
    if (!instances) instances = s->set.counted_instances;
    if (instances) g->pub.info.max_instances = instances;
    ik__record_sample(g);
    double macs = 0;
    for (int i = 0; i < g->n; i++)
        if (within(g->nodes[i]->path, IK__PAINTER)) macs += published_macs_of(g->nodes[i]);
    *out = (ik__published){.instances = g->pub.info.max_instances,
                           .params = params_of(s->engine->store, IK__PAINTER),
                           .macs = (int64_t)(macs / (double)g->pub.info.batch)};
    ik_status status = g->failed ? g->status : IK_OK;
    if (status) *err = g->error;
    ik__graph_free(g);
    return status;
}
