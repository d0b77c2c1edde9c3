/* encoders/my_plugin: a picture into the distribution of a latent. This one pools the picture's
 * features over all pixels and gives one Gaussian for the whole picture:
 *
 *     mu, logvar = linear(mean(act(conv(... image))))
 *
 * A plugin says only what is to be computed, for no particular device; the gradients follow from
 * it. It is recorded only where the generator asks for a latent that it provides. */
#include "inadekit/plugin.h"

/* One field for each row of `options` below; filled before anything here is called. */
struct my_plugin {
    int64_t channels, layers;
};

/* Publishes mu and logvar of shape [B, shape] for `latent`. In training the latent is then drawn
 * from them, else from the standard normal. */
static void record(const void *self, ik_graph *g, const char *latent, ik_shape shape) {
    const struct my_plugin *o = self;
    if (shape.rank != 1) {
        g->api->fail(g,
                     "my_plugin provides a latent of one axis: give the input a shape like [64]");
        return;
    }
    ik_tensor *x = ik_value(g, "image"); /* [B,H,W,3] in -1..1 */
    for (int i = 0; i < (int)o->layers; i++) {
        char name[32]; /* of the layer's parameters */
        snprintf(name, sizeof name, "conv_%d", i);
        const ik_conv conv = {
            .out = o->channels << i, .kernel = 3, .stride = 2, .padding = -1, .bias = true};
        x = ik_leaky_relu(g, ik_instance_norm(g, ik_conv2d(g, name, x, &conv), 1e-5), 0.2);
    }
    if (!x) return; /* an error was noted; what follows reads x's shape */
    const int64_t pixels = x->shape.d[1] * x->shape.d[2], channels = x->shape.d[3];
    /* Over height and width, which stay as axes of length 1. */
    x = ik_op1(g, IK_SUM, IK_ATTRS(.axes = 1u << 1 | 1u << 2), x);
    x = ik_affine(g, x, 1.0 / (double)pixels, 0);
    x = ik_reshape(g, x, IK_SHAPE2(g->info.batch, channels));
    g->api->publish(g, latent, ik_linear(g, "mu", x, shape.d[0]),
                    ik_linear(g, "logvar", x, shape.d[0]));
}

/* Name, help, type, field, default, least, most. */
static const ik_option options[] = {
    {"channels", "width of the first layer; each further one doubles it", IK_OPT_INT,
     offsetof(struct my_plugin, channels), "16", 1, 256},
    {"layers", "convolutions of stride 2", IK_OPT_INT, offsetof(struct my_plugin, layers), "3", 1,
     6},
    {NULL},
};

/* The latents that it can encode, as the generator calls them. */
static const char *const provides[] = {"z", NULL};

static const ik_encoder_iface iface = {sizeof iface, provides, record};

static const ik_plugin plugin = {
    IK_PLUGIN_HEAD(IK_ENCODER, "my_plugin", "0.1.0", "one latent for the whole picture"),
    .options = options,
    .instance_size = sizeof(struct my_plugin),
    .iface = &iface,
};

IK_EXPORT_PLUGINS(&plugin)
