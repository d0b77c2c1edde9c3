/* The hinge loss. Averaged over scales,
 *
 *     discriminator: mean(max(0, 1 - D(real))) + mean(max(0, 1 + D(fake)))     generator:
 * -mean(D(fake))
 */
#include "inadekit/plugin.h"

static ik_tensor *score(const ik_judgement *j, int scale) {
    return j->feature[scale][j->features[scale] - 1];
}

/* mean(max(0, 1 + sign * score)) */
static ik_tensor *margin(ik_graph *g, ik_tensor *scores, double sign) {
    return ik_mean(g, ik_relu(g, ik_affine(g, scores, sign, 1)));
}

static ik_tensor *record(const void *self, ik_graph *g, ik_role role) {
    (void)self;
    const ik_judgement *fake = g->api->judge(g, 0), *real = NULL;
    if (!fake) return NULL;
    if (role == IK_ROLE_DISCRIMINATOR && !(real = g->api->judge(g, 1))) return NULL;

    ik_tensor *total = NULL;
    for (int s = 0; s < fake->scales; s++) {
        ik_tensor *term;
        if (role == IK_ROLE_GENERATOR)
            term = ik_affine(g, ik_mean(g, score(fake, s)), -1, 0);
        else
            term = ik_add(g, margin(g, score(real, s), -1), margin(g, score(fake, s), 1));
        total = s ? ik_add(g, total, term) : term;
    }
    return ik_affine(g, total, 1.0 / fake->scales, 0);
}

static const ik_loss_iface iface = {sizeof iface, record};

static const ik_plugin plugin = {
    IK_PLUGIN_HEAD(IK_LOSS, "hinge", "0.1.0", "the hinge loss of both players"),
    .iface = &iface,
};

IK_EXPORT_PLUGINS(&plugin)
