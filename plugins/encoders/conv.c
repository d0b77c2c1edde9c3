/* VSPADE's encoder: one latent for the whole picture. Spectral 3x3 convolutions of stride 2 with
 * instance norm and leaky ReLU, then two linear heads on 4x4: the picture is resized to the side
 * that the layers halve to that. The published code has a sixth layer for crops from 256 on only;
 * its heads are for 4x4 in either case. */
#include "inadekit/plugin.h"

struct conv_encoder {
    int64_t channels, layers;
};

enum { LAST_SIDE = 4, WIDE = 256, LAYERS = 6, MOST_LAYERS = 8 };
static const double slope = 0.2;
static const int widths[MOST_LAYERS] = {1, 2, 4, 8, 8, 8, 8, 8};

/* [B,H,W,C] -> [B,C*H*W], channel first, the order in which PyTorch's weights expect it. */
static ik_tensor *flatten(ik_graph *g, ik_tensor *x) {
    if (!x) return NULL;
    const int64_t batch = x->shape.d[0];
    const ik_attrs *attrs = IK_ATTRS(.shape = IK_SHAPE4(0, 3, 1, 2));
    ik_tensor *y = ik_op1(g, IK_PERMUTE, attrs, x);
    return ik_reshape(g, y, IK_SHAPE2(batch, ik_count(x->shape) / batch));
}

static void record(const void *self, ik_graph *g, const char *latent, ik_shape shape) {
    const struct conv_encoder *o = self;
    if (shape.rank != 1) {
        g->api->fail(g,
                     "the conv encoder provides a latent of one axis: give the input a shape like "
                     "[256], or choose another encoder");
        return;
    }
    ik_tensor *x = ik_value(g, "image");
    if (!x) return;
    const int64_t usual = x->shape.d[2] >= WIDE ? LAYERS : LAYERS - 1; /* by a crop's width */
    const int64_t layers = o->layers ? o->layers : usual, side = (int64_t)LAST_SIDE << layers;
    if (x->shape.d[1] != side || x->shape.d[2] != side) x = ik_bilinear(g, x, side, side);
    for (int i = 0; i < (int)layers; i++) {
        const ik_conv conv = {.out = o->channels * widths[i],
                              .kernel = 3,
                              .stride = 2,
                              .padding = -1,
                              .spectral = true};
        char name[32];
        snprintf(name, sizeof name, "layer%d.0", i + 1);
        x = ik_instance_norm(g, ik_conv2d(g, name, x, &conv), 1e-5);
        x = ik_leaky_relu(g, x, slope);
    }
    x = flatten(g, x);
    ik_tensor *mu = ik_linear(g, "fc_mu", x, shape.d[0]);
    ik_tensor *logvar = ik_linear(g, "fc_var", x, shape.d[0]);
    g->api->publish(g, latent, mu, logvar);
}

static const ik_option options[] = {
    {"channels", "width of the first layer; later ones have 2, 4 and 8 times as many", IK_OPT_INT,
     offsetof(struct conv_encoder, channels), "64", 1, 8192},
    {"layers",
     "convolutions of stride 2, on the picture resized to what they bring to 4x4, 256x256 for 6; 0: as "
     "published, 6 for pictures 256 wide and more, else 5",
     IK_OPT_INT, offsetof(struct conv_encoder, layers), "0", 0, MOST_LAYERS},
    {NULL},
};

static const char *const provides[] = {"z", NULL};
static const ik_encoder_iface iface = {sizeof iface, provides, record};

static const ik_plugin plugin = {
    IK_PLUGIN_HEAD(IK_ENCODER, "conv", "0.1.0", "one latent for the whole picture, as VSPADE"),
    .options = options,
    .instance_size = sizeof(struct conv_encoder),
    .iface = &iface,
};

IK_EXPORT_PLUGINS(&plugin)
