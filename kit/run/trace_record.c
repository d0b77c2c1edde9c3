/* Recording programs so that everything they make has a name; see trace_record.h. */
#include "trace_record.h"

#include "exec/compile.h"
#include "model/recording.h"

/* The graph itself is not wanted, only the parameters that it makes known; `any`: has it a loss? */
static ik_status try_update(const ik__session *s, int k, bool *any, ik_error *err) {
    const ik__update *u = &s->model->players.updates[k];
    ik_tensor *totals[IK__MOST_PLAYERS];
    ik_status status = IK_OK;
    ik__graph *g = ik__session_graph(s, true);
    if (!g) return ik_errorf(err, IK_FAILED, "out of memory");
    ik__record_update(g, u, totals);
    *any = false;
    for (int i = 0; i < u->n; i++) *any |= totals[i] != NULL;
    if (g->failed) {
        *err = g->error;
        status = g->status;
    }
    ik__graph_free(g);
    return status;
}

ik_status ik__trace_declare(const ik__session *s, int but, ik_error *err) {
    bool trains = ik__settings_stage(&s->set, "train"), any = false;
    ik_status status = IK_OK;
    for (int k = 0; trains && k < s->model->players.n_updates && !status; k++)
        if (k != but) status = try_update(s, k, &any, err);
    return status;
}

static void name_features(ik__graph *g) {
    static const char *const which[] = {"fake", "real"};
    const ik__recording *r = ik__recording_of(g);
    for (int w = 0; r->has_judged && w < 2; w++)
        for (int s = 0; s < r->judged[w].scales; s++)
            for (int i = 0; i < r->judged[w].features[s]; i++) {
                char name[64];
                snprintf(name, sizeof name, "feature.%s.%d.%d", which[w], s, i);
                ik__names_set(g, &g->outputs, name, r->judged[w].feature[s][i]);
            }
}

/* The program's outputs so far are losses. */
static void name_results(ik__graph *g) {
    for (int i = 0; i < g->outputs.n; i++) {
        char name[160];
        snprintf(name, sizeof name, "loss.%s", g->outputs.v[i].name);
        g->outputs.v[i].name = ik__pool_strdup(g->pool, name);
    }
    ik__node *fake = ik__names_get(&ik__recording_of(g)->values, "fake");
    if (fake) ik__names_set(g, &g->outputs, "fake", &fake->t);
    name_features(g);
}

static void name_latents(ik__graph *g) {
    const ik__names *latents = &ik__recording_of(g)->latents;
    for (int i = 0; i < latents->n; i++)
        ik__names_set(g, &g->outputs, latents->v[i].name, &latents->v[i].node->t);
}

/* Fills the losses to differentiate of an update. */
static void record_graph(ik__graph *g, int k, ik_tensor **totals) {
    bool any = k < 0;
    if (k == IK__TRACE_SAMPLE) {
        ik__record_sample(g);
    } else if (k == IK__TRACE_ENCODE) {
        ik__record_encode(g);
    } else {
        const ik__update *u = &ik__recording_of(g)->model->players.updates[k];
        ik__record_update(g, u, totals);
        for (int i = 0; i < u->n; i++) any |= totals[i] != NULL;
        if (!g->failed && !any)
            ik__graph_fail(g,
                           "no loss has a term for %s; add `{plugin: NAME}` to `losses:`; "
                           "`inadekit plugins list losses` shows the names",
                           u->name);
        if (!g->failed) name_results(g);
    }
    if (g->failed || k == IK__TRACE_ENCODE) return;
    name_latents(g);
    ik__name_posteriors(g);
}

typedef struct losses {
    ik__session *s;
    int k;
    ik_tensor *totals[IK__MOST_PLAYERS];
} losses;

static int derive(void *user, ik__graph *g, ik__gradient *out) {
    const losses *l = user;
    const ik__update *u = &l->s->model->players.updates[l->k];
    return ik__session_gradients(l->s, g, u, l->totals, out);
}

ik_status ik__trace_record(ik__session *s, int k, const char *name, const ik__trace_inputs *in,
                           ik__program **out, ik_error *err) {
    losses l = {.s = s, .k = k};
    ik__graph *g = ik__session_graph(s, k >= 0);
    if (g) {
        ik__recording_of(g)->supplied = ik__trace_inputs_supplied(in, s, k);
        record_graph(g, k, l.totals);
    }
    return ik__compile(s->engine, name, g, k >= 0 ? derive : NULL, &l, out, err);
}

ik_status ik__trace_record_training(ik__session *s, const ik__trace_inputs *in, ik_error *err) {
    const ik__players *p = &s->model->players;
    ik_status status = IK_OK;
    for (int k = 0; k < p->n_updates && !status; k++) {
        bool any = false;
        status = try_update(s, k, &any, err);
        if (!status && any)
            status = ik__trace_record(s, k, p->updates[k].name, in, &s->update[k], err);
    }
    return status;
}
