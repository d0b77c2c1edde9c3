/* See unused.h. */
#include "unused.h"

#include "base/watch.h"
#include "counts.h"

static void tell(const ik__conf *at, const char *what, const char *why) {
    ik_error text;
    if (!at) return;
    ik__conf_fail(at, &text, "%s has no effect: %s", what, why);
    ik__tell(IK__NOTED, "%s", text.text);
}

/* Is it written as it would be without a word? A resolved file has every key. */
static bool usual(const char *section, const char *key, const ik__conf *c) {
    for (const ik__settings_table *t = ik__settings_tables; t->rows; t++)
        for (const ik_option *row = t->rows; !strcmp(t->key, section) && row->name; row++)
            if (!strcmp(row->name, key) && row->fallback && c->kind == IK_CONF_SCALAR)
                return !strcmp(row->fallback, c->text);
    return false;
}

/* A key of a section, if it is written. */
static void tell_key(const ik__session *s, const char *section, const char *key, const char *why) {
    const ik__conf *at = ik__conf_get(ik__conf_get(s->conf, section), key);
    char what[96];
    snprintf(what, sizeof what, "%s.%s", section, key);
    if (at && !usual(section, key, at)) tell(at, what, why);
}

static bool has(const ik__session *s, const char *stage) {
    return ik__settings_stage(&s->set, stage);
}

/* --- training */

static bool moves(const ik__session *s, int player) {
    const ik__store *st = s->engine->store;
    for (int i = 0; i < st->n_blocks; i++)
        if (st->blocks[i].trained && st->blocks[i].player == player) return true;
    return false;
}

static void rates(const ik__session *s) {
    const ik__conf *lr = ik__conf_get(ik__conf_get(s->conf, "train"), "lr");
    for (int i = 0; i < s->model->players.n; i++) {
        const char *name = s->model->players.v[i].name;
        char what[96];
        snprintf(what, sizeof what, "train.lr.%s", name);
        const ik__conf *at = ik__conf_get(lr, name);
        if (at && !moves(s, i) && !usual("train.lr", name, at))
            tell(at, what, "no loss has a term for it");
    }
}

/* A player whose losses are computed for nothing, since its networks are frozen or its rate is 0.
 */
static void players(const ik__session *s) {
    const ik__players *all = &s->model->players;
    for (int u = 0; u < all->n_updates; u++)
        for (int i = 0; s->update[u] && i < all->updates[u].n; i++) {
            int k = all->updates[u].players[i];
            const char *name = all->v[k].name;
            if (!moves(s, k))
                ik__tell(IK__NOTED, "not trained: the %s, whose networks are all frozen", name);
            else if ((float)all->v[k].adam.lr == 0)
                ik__tell(IK__NOTED, "not trained: the %s, since train.lr.%s is %s0", name, name,
                         all->v[k].adam.lr == 0 ? "" : "as good as ");
        }
}

static void training(const ik__session *s) {
    const struct ik__train *t = &s->set.train;
    if (t->steps) {
        tell_key(s, "train", "epochs", "train.steps says how long");
        tell_key(s, "train", "decay_epochs",
                 "train.steps says how long, at one rate; leave it out to train by epochs");
    }
    if (!t->checkpoint_every)
        tell_key(s, "train", "keep", "train.checkpoint_every is 0: only the last is written");
    rates(s);
    players(s);
    for (int i = 0; i < s->model->n_losses; i++) {
        const ik__loss *l = &s->model->losses[i];
        char what[160];
        snprintf(what, sizeof what, "the loss %s", l->name);
        if (!ik__summary_loss_counts(s, l->name))
            tell(l->instance->conf, what, "it has no term: what it measures is not published");
        else if ((float)l->weight == 0)
            tell(l->instance->conf, what,
                 l->weight == 0 ? "its weight is 0" : "its weight is as good as 0");
    }
    for (int i = 0; i < s->model->n_networks; i++) {
        const ik__network *net = &s->model->networks[i];
        char what[160];
        snprintf(what, sizeof what, "the network %s", net->name);
        if (ik__summary_totals(s, net->name).pruned)
            tell(net->conf, what, "nothing asks for what it makes");
    }
}

/* --- painting */

static void painting(const ik__session *s, bool resume) {
    static const char why[] = "`stages` does not name synthesize";
    const struct ik__synthesize *y = &s->set.synthesize;
    int64_t count = s->info->count[IK_VALIDATION];
    char text[128];
    if (!has(s, "synthesize")) {
        if (resume) return;
        tell_key(s, "synthesize", "items", why);
        tell_key(s, "synthesize", "vary", why);
        tell_key(s, "synthesize", "style", why);
        if (!has(s, "evaluate")) tell_key(s, "synthesize", "samples", why);
        return;
    }
    snprintf(text, sizeof text, "the dataset has %lld validation items, and all are painted",
             (long long)count);
    if (count && count < y->items) tell_key(s, "synthesize", "items", text);
}

/* --- networks */

/* Random values that no node takes. */
static void inputs(const ik__network *net) {
    for (int i = 0; i < net->n_inputs; i++) {
        bool read = false;
        for (int k = 0; k < net->n_nodes; k++)
            for (int m = 0; m < net->nodes[k].n_in; m++)
                read |= !strcmp(net->nodes[k].in[m], net->input[i]);
        char what[160];
        snprintf(what, sizeof what, "the input %s of the network %s", net->input[i], net->name);
        if (!read)
            tell(ik__conf_get(ik__conf_get(net->conf, "inputs"), net->input[i]), what,
                 "no node takes it");
    }
}

static void networks(const ik__session *s) {
    const ik__model *m = s->model;
    bool shared = false;
    for (int i = 0; i < m->n_networks; i++) {
        const ik__network *net = &m->networks[i];
        bool pruned = ik__summary_totals(s, net->name).pruned;
        char what[160];
        snprintf(what, sizeof what, "weights of the network %s", net->name);
        if (pruned && net->weights.file)
            tell(ik__conf_get(net->conf, "weights"), what, "nothing asks for the network");
        if (!pruned) inputs(net);
        shared |= !pruned && !net->weights.file && !net->weights.random;
    }
    if (m->weights.file && !shared)
        tell(ik__conf_get(s->conf, "weights"), "weights", "each network names its own");
}

/* --- norms */

static void norms(const ik__session *s) {
    const ik__model *m = s->model;
    static const char why[] = "nothing that takes a norm uses it";
    if (m->norm && !*m->norm->used) tell(ik__conf_get(s->conf, "norm"), "norm", why);
    for (int i = 0; i < m->n_networks; i++)
        for (int k = 0; k < m->networks[i].n_nodes; k++) {
            const ik__step_of *node = &m->networks[i].nodes[k];
            char what[160];
            snprintf(what, sizeof what, "norm of the node %s", node->id);
            if (node->norm && node->norm != m->norm && !*node->norm->used &&
                !ik__summary_totals(s, m->networks[i].name).pruned)
                tell(ik__conf_get(node->conf, "norm"), what, why);
        }
}

void ik__tell_unused(const ik__session *s, bool resume) {
    if (has(s, "train")) {
        training(s);
    } else if (!resume) {
        tell(ik__conf_get(s->conf, "train"), "train", "`stages` does not name train");
        tell(ik__conf_get(s->conf, "losses"), "losses", "`stages` does not name train");
    }
    painting(s, resume);
    if (!has(s, "evaluate") && !resume)
        tell(ik__conf_get(s->conf, "evaluate"), "evaluate", "`stages` does not name evaluate");
    networks(s);
    norms(s);
}
