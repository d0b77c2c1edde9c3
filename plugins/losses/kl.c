/* The Kullback-Leibler divergence of every published posterior from N(0,1), summed over everything:
 *
 *     -1/2 sum(1 + logvar - mu^2 - exp(logvar))
 *
 * `noise` holds two posteriors, one for scale and one for shift, and their mean is taken. Instances
 * that a picture lacks have mu = logvar = 0 and add nothing. */
#include "inadekit/plugin.h"

static ik_tensor *divergence(ik_graph *g, const ik_posterior *p) {
    ik_tensor *inside = ik_sub(g, ik_affine(g, p->logvar, 1, 1), ik_mul(g, p->mu, p->mu));
    ik_tensor *sum = ik_sum(g, ik_sub(g, inside, ik_exp(g, p->logvar)));
    return ik_affine(g, sum, strcmp(p->name, "noise") == 0 ? -0.25 : -0.5, 0);
}

static ik_tensor *record(const void *self, ik_graph *g, ik_role role) {
    (void)self;
    if (role != IK_ROLE_GENERATOR) return NULL;
    ik_tensor *total = NULL;
    const ik_posterior *p;
    for (int i = 0; (p = g->api->posterior(g, i)); i++) {
        ik_tensor *term = divergence(g, p);
        total = i ? ik_add(g, total, term) : term;
    }
    return total;
}

static const ik_loss_iface iface = {sizeof iface, record};

static const ik_plugin plugin = {
    IK_PLUGIN_HEAD(IK_LOSS, "kl", "0.1.0", "how far encoded latents lie from the prior, summed"),
    .iface = &iface,
};

IK_EXPORT_PLUGINS(&plugin)
