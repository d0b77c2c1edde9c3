/* Discriminators with one thing wrong each: FAULT says which. Built once per fault, for
 * test_check.c. */
#include "inadekit/plugin.h"

enum fault { BY_THE_BATCH, NONE };

/* BY_THE_BATCH takes statistics over all pictures, and says that it does not. */
static void record(const void *self, ik_graph *g, ik_tensor *x, ik_judgement *out) {
    const ik_conv conv = {.out = 4, .kernel = 4, .stride = 4, .padding = 0, .bias = true};
    const ik_conv score = {.out = 1, .kernel = 3, .padding = -1, .bias = true};
    (void)self;
    x = ik_conv2d(g, "conv", x, &conv);
    ik_tensor *stats = ik_op1(g, IK_MOMENTS, IK_ATTRS(.per_sample = FAULT != BY_THE_BATCH), x);
    x = ik_tanh(g, ik_op2(g, IK_NORMALIZE, IK_ATTRS(.eps = 1e-5), x, stats));
    out->scales = 1;
    out->features[0] = 2;
    out->feature[0][0] = x;
    out->feature[0][1] = ik_conv2d(g, "score", x, &score);
}

static const ik_discriminator_iface iface = {sizeof iface, true, record};

static const ik_plugin plugin = {
    IK_PLUGIN_HEAD(IK_DISCRIMINATOR, NAME, "1", "wrong on purpose"),
    .iface = &iface,
};

IK_EXPORT_PLUGINS(&plugin)
