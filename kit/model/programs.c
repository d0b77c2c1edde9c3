/* The programs of a pipeline: a training step for each player, and synthesis. */
#include "model.h"

#include "plugin/blame.h"
#include "recording.h"

static ik_tensor *generate(ik__graph *g) {
    ik_tensor *y = ik__model_call(&g->pub, IK__PAINTER, 0, NULL, NULL);
    const ik_scene_info *s = &g->pub.info;
    ik_shape want = IK_SHAPE4(s->batch, s->height, s->width, 3);
    if (y && !ik_same_shape(y->shape, want)) {
        char have[64], text[64];
        ik__shape_text(y->shape, have, sizeof have);
        ik__shape_text(want, text, sizeof text);
        g->at = ik__model_network(ik__recording_of(g)->model, IK__PAINTER)->conf;
        ik__graph_fail(g, "the " IK__PAINTER " makes %s, but the dataset's size asks for %s", have,
                       text);
        return NULL;
    }
    return y;
}

/* One loss's term for a player; NULL: it has none. */
static ik_tensor *record_loss(ik__graph *g, const ik__loss *l, ik_role role) {
    const ik_loss_iface *iface = l->instance->plugin->iface;
    ik_graph *pub = &g->pub;
    ik__blame b;
    g->at = l->instance->conf;
    pub->api->push(pub, l->name);
    ik__blame_begin(&b, l->instance->plugin, "recording");
    ik_tensor *loss = iface->record(l->instance->self, pub, role);
    ik__blame_end(&b);
    if (loss && ik_count(loss->shape) != 1) ik__graph_fail(g, "a loss must be a scalar");
    pub->api->pop(pub);
    return loss && !g->failed ? ik_reshape(pub, loss, IK_SHAPE0()) : NULL;
}

/* Under the loss's name, or PLAYER.LOSS among several players. */
static void name_result(ik__graph *g, const ik__update *u, const ik__player *p, const char *loss,
                        ik_tensor *t) {
    char name[256];
    snprintf(name, sizeof name, "%s%s%s", u->n > 1 ? p->name : "", u->n > 1 ? "." : "", loss);
    ik__names_set(g, &g->outputs, name, t);
}

static ik_tensor *record_losses(ik__graph *g, const ik__update *u, const ik__player *p) {
    const ik__model *m = ik__recording_of(g)->model;
    ik_tensor *total = NULL;
    for (int i = 0; i < m->n_losses && !g->failed; i++) {
        const ik__loss *l = &m->losses[i];
        ik_tensor *loss = record_loss(g, l, p->role);
        if (!loss) continue;
        name_result(g, u, p, l->name, loss);
        ik_tensor *weighted = l->weight == 1 ? loss : ik_affine(&g->pub, loss, l->weight, 0);
        total = total ? ik_add(&g->pub, total, weighted) : weighted;
    }
    g->at = NULL;
    if (total) name_result(g, u, p, "total", total);
    return total;
}

void ik__record_update(ik__graph *g, const ik__update *u, ik_tensor **totals) {
    ik__recording *r = ik__recording_of(g);
    const ik__players *all = &r->model->players;
    bool paints = ik__update_plays(all, u, IK_ROLE_GENERATOR);
    r->judge_apart = paints;
    for (int i = 0; i < u->n; i++) totals[i] = NULL;
    ik_tensor *fake = generate(g);
    if (!fake) return;
    if (!paints) fake = ik_stop_gradient(&g->pub, fake);
    ik__names_set(g, &r->values, "fake", fake);
    if (paints) ik__names_set(g, &g->kept, "fake", fake);
    for (int i = 0; i < u->n; i++) totals[i] = record_losses(g, u, &all->v[u->players[i]]);
}

void ik__record_sample(ik__graph *g) {
    ik__recording_of(g)->host_latents = true;
    ik_tensor *fake = generate(g);
    if (fake) ik__names_set(g, &g->outputs, "fake", fake);
}

void ik__name_posteriors(ik__graph *g) {
    const ik__recording *r = ik__recording_of(g);
    for (int i = 0; i < r->n_posteriors; i++) {
        char name[160];
        snprintf(name, sizeof name, "mu.%s", r->posteriors[i].name);
        ik__names_set(g, &g->outputs, name, r->posteriors[i].mu);
        snprintf(name, sizeof name, "logvar.%s", r->posteriors[i].name);
        ik__names_set(g, &g->outputs, name, r->posteriors[i].logvar);
    }
}

/* The generator is recorded only to learn which latents it asks for; what it makes is dropped. */
void ik__record_encode(ik__graph *g) {
    ik__recording_of(g)->encodes = true;
    generate(g);
    if (!g->failed && !ik__recording_of(g)->n_posteriors)
        ik__graph_fail(g, "there is nothing to encode with; add an encoder, as "
                          "`networks: {encoder: {plugin: NAME}}`; `inadekit plugins list "
                          "encoders` shows the names");
    ik__name_posteriors(g);
}
