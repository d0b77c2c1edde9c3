/* discriminators/my_plugin: judges pictures, given their label maps. This one has one scale: a few
 * convolutions of stride 2 over labels and picture, and a score for every patch.
 *
 * A plugin says only what is to be computed, for no particular device; the gradients follow from
 * it. What losses make of the scores is theirs to say; feature matching compares the layers before.
 */
#include "inadekit/plugin.h"

/* One field for each row of `options` below; filled before anything here is called. */
struct my_plugin {
    int64_t channels, layers;
    bool spectral;
};

static const double slope = 0.2;

/* x [B,H,W,3], fakes or pictures; or [2B,H,W,3], both. Fills in the features of each scale in
 * order, the last being the score map. */
static void record(const void *self, ik_graph *g, ik_tensor *x, ik_judgement *out) {
    const struct my_plugin *o = self;
    const int layers = (int)o->layers;
    ik_conv conv = {.out = o->channels, .kernel = 4, .stride = 2, .padding = 1, .bias = true};

    /* A convolution over the one-hot label map beside the picture, without making that map. */
    x = ik_leaky_relu(g, g->api->label_conv(g, "conv_0", "label", 0, x, &conv), slope);
    out->scales = 1;
    out->feature[0][0] = x;
    for (int i = 1; i < layers; i++) {
        char name[32]; /* of the layer's parameters */
        snprintf(name, sizeof name, "conv_%d", i);
        conv.out *= 2;
        conv.spectral = o->spectral;
        x = ik_leaky_relu(g, ik_instance_norm(g, ik_conv2d(g, name, x, &conv), 1e-5), slope);
        out->feature[0][i] = x;
    }
    const ik_conv score = {.out = 1, .kernel = 3, .padding = -1, .bias = true};
    out->feature[0][layers] = ik_conv2d(g, "score", x, &score);
    out->features[0] = layers + 1;
}

/* Name, help, type, field, default, least, most. */
static const ik_option options[] = {
    {"channels", "width of the first layer; each further one doubles it", IK_OPT_INT,
     offsetof(struct my_plugin, channels), "16", 1, 256},
    {"layers", "before the score map", IK_OPT_INT, offsetof(struct my_plugin, layers), "3", 1,
     IK_MAX_FEATURES - 1},
    {"spectral", "normalise the weights spectrally, but of the first layer and the score",
     IK_OPT_BOOL, offsetof(struct my_plugin, spectral), "true"},
    {NULL},
};

/* true: the features of a picture depend on that picture alone, so that fakes and pictures may be
 * judged apart. Statistics over the batch would make it false. */
static const ik_discriminator_iface iface = {sizeof iface, true, record};

static const ik_plugin plugin = {
    IK_PLUGIN_HEAD(IK_DISCRIMINATOR, "my_plugin", "0.1.0", "a score for every patch, at one scale"),
    .options = options,
    .instance_size = sizeof(struct my_plugin),
    .iface = &iface,
};

IK_EXPORT_PLUGINS(&plugin)
