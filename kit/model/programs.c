/* The programs of a pipeline: a training step for each player, and synthesis. */
#include "model.h"

#include "plugin/blame.h"
#include "recording.h"

bool ik__plays(const ik__model *m, const char *block, ik__role role) {
    const ik__network *net = ik__model_network(m, block);
    if (net && net->frozen) return false;
    return (role == IK__DISCRIMINATOR) == !strcmp(block, "discriminator");
}

static ik_tensor *generate(ik__graph *g) {
    ik_tensor *y = ik__model_call(&g->pub, "generator", 0, NULL, NULL);
    const ik_scene_info *s = &g->pub.info;
    ik_shape want = IK_SHAPE4(s->batch, s->height, s->width, 3);
    if (y && !ik_same_shape(y->shape, want)) {
        char have[64], text[64];
        ik__shape_text(y->shape, have, sizeof have);
        ik__shape_text(want, text, sizeof text);
        g->at = ik__model_network(ik__recording_of(g)->model, "generator")->conf;
        ik__graph_fail(g, "the generator makes %s, but the dataset's size asks for %s", have, text);
        return NULL;
    }
    return y;
}

void ik__record_step(ik__graph *g, ik__role role, ik_tensor **total) {
    ik_graph *pub = &g->pub;
    ik__recording *r = ik__recording_of(g);
    r->judge_apart = role == IK__GENERATOR;
    *total = NULL;
    ik_tensor *fake = generate(g);
    if (!fake) return;
    if (role == IK__DISCRIMINATOR) fake = ik_stop_gradient(pub, fake);
    ik__names_set(g, &r->values, "fake", fake);
    if (role == IK__GENERATOR) ik__names_set(g, &g->kept, "fake", fake);
    for (int i = 0; i < r->model->n_losses && !g->failed; i++) {
        const ik__loss *l = &r->model->losses[i];
        const ik_loss_iface *iface = l->instance->plugin->iface;
        g->at = l->instance->conf;
        pub->api->push(pub, l->name);
        ik__blame b;
        ik__blame_begin(&b, l->instance->plugin, "recording");
        ik_tensor *loss =
            iface->record(l->instance->self, pub,
                          role == IK__GENERATOR ? IK_ROLE_GENERATOR : IK_ROLE_DISCRIMINATOR);
        ik__blame_end(&b);
        if (loss && ik_count(loss->shape) != 1) ik__graph_fail(g, "a loss must be a scalar");
        pub->api->pop(pub);
        if (!loss || g->failed) continue;
        loss = ik_reshape(pub, loss, IK_SHAPE0());
        ik__names_set(g, &g->outputs, l->name, loss);
        ik_tensor *weighted = l->weight == 1 ? loss : ik_affine(pub, loss, l->weight, 0);
        *total = *total ? ik_add(pub, *total, weighted) : weighted;
    }
    g->at = NULL;
    if (*total) ik__names_set(g, &g->outputs, "total", *total);
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
