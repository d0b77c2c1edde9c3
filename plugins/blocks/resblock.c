/* The residual block of SPADE's generator, with any norm:
 *
 *     y = conv_1(act(norm_1(conv_0(act(norm_0(x)))))) + s,   act = leaky ReLU(0.2)
 *
 * s is x where the channels agree, else conv_s(norm_s(x)), 1x1 without bias or activation. */
#include "inadekit/plugin.h"

struct resblock {
    int64_t out, groups;
    bool spectral;
};

static const double slope = 0.2;

static ik_tensor *normed_conv(ik_graph *g, const char *norm_name, const ik_norm_ref *norm,
                              const char *conv_name, const ik_conv *conv, ik_tensor *x) {
    x = ik_leaky_relu(g, ik_norm(g, norm_name, norm, x), slope);
    return ik_conv2d(g, conv_name, x, conv);
}

static ik_tensor *record(const void *self, ik_graph *g, const ik_norm_ref *norm, int n,
                         ik_tensor *const *in) {
    const struct resblock *o = self;
    if (n != 1) {
        g->api->fail(g, "resblock takes one input: name one node in `in:`, or concatenate first");
        return NULL;
    }
    if (!norm) {
        g->api->fail(g,
                     "resblock needs a norm: give the node a `norm:`, or the file one at the top");
        return NULL;
    }
    ik_tensor *x = in[0];
    if (!x) return NULL;
    if (x->shape.rank != 4) {
        g->api->fail(g,
                     "resblock takes pictures [B,H,W,C]: give the `linear` before it an `out:` of "
                     "three numbers");
        return NULL;
    }
    const int64_t fin = x->shape.d[3], mid = fin < o->out ? fin : o->out;
    ik_conv conv = {.out = mid,
                    .kernel = 3,
                    .padding = -1,
                    .groups = (int)o->groups,
                    .bias = true,
                    .spectral = o->spectral};

    ik_tensor *y = normed_conv(g, "norm_0", norm, "conv_0", &conv, x);
    conv.out = o->out;
    y = normed_conv(g, "norm_1", norm, "conv_1", &conv, y);
    if (fin == o->out) return ik_add(g, y, x);

    const ik_conv shortcut = {.out = o->out,
                              .kernel = 1,
                              .padding = -1,
                              .groups = (int)o->groups,
                              .spectral = o->spectral};
    return ik_add(g, y, ik_conv2d(g, "conv_s", ik_norm(g, "norm_s", norm, x), &shortcut));
}

static const ik_option options[] = {
    {"out", "channels of the output", IK_OPT_INT, offsetof(struct resblock, out), NULL, 1, 65536},
    {"groups", "channel groups of the convolutions", IK_OPT_INT, offsetof(struct resblock, groups),
     "1", 1, 65536},
    {"spectral", "normalise the convolutions' weights spectrally", IK_OPT_BOOL,
     offsetof(struct resblock, spectral), "true"},
    {NULL},
};

static const ik_block_iface iface = {sizeof iface, record};

static const ik_plugin plugin = {
    IK_PLUGIN_HEAD(IK_BLOCK, "resblock", "0.1.0",
                   "two normalised 3x3 convolutions and a shortcut, normalised too where learned"),
    .options = options,
    .instance_size = sizeof(struct resblock),
    .iface = &iface,
};

IK_EXPORT_PLUGINS(&plugin)
