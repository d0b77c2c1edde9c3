/* Feature matching: fakes and pictures shall look alike to the discriminator's inner layers. The
 * mean absolute difference of each feature from index `from` on, the score map left out, summed
 * over features and averaged over scales. The pictures' side is a target and gets no gradient. */
#include "inadekit/plugin.h"

struct feature_matching {
    int64_t from;
};

static ik_tensor *record(const void *self, ik_graph *g, ik_role role) {
    const struct feature_matching *o = self;
    if (role != IK_ROLE_GENERATOR) return NULL;
    const ik_judgement *fake = g->api->judge(g, 0), *real = g->api->judge(g, 1);
    if (!fake || !real) return NULL;

    ik_tensor *total = NULL;
    int terms = 0;
    for (int s = 0; s < fake->scales; s++) {
        for (int i = (int)o->from; i < fake->features[s] - 1; i++) {
            ik_tensor *target = ik_stop_gradient(g, real->feature[s][i]);
            ik_tensor *term = ik_mean(g, ik_abs(g, ik_sub(g, fake->feature[s][i], target)));
            total = terms++ ? ik_add(g, total, term) : term;
        }
    }
    if (!terms) {
        g->api->fail(g,
                     "feature_matching has nothing to compare: `from:` counts from 0 and must be "
                     "below the discriminator's number of layers");
        return NULL;
    }
    return ik_affine(g, total, 1.0 / fake->scales, 0);
}

static const ik_option options[] = {
    {"from", "the first feature compared: 3 is what INADE uses, 0 compares all", IK_OPT_INT,
     offsetof(struct feature_matching, from), "3", 0, IK_MAX_FEATURES - 1},
    {NULL},
};

static const ik_loss_iface iface = {sizeof iface, record};

static const ik_plugin plugin = {
    IK_PLUGIN_HEAD(IK_LOSS, "feature_matching", "0.1.0",
                   "L1 between the discriminator's features of fakes and pictures"),
    .options = options,
    .instance_size = sizeof(struct feature_matching),
    .iface = &iface,
};

IK_EXPORT_PLUGINS(&plugin)
