/* INADE's encoder: a posterior of scale noise and of shift noise per instance.
 *
 * A small U-Net of same-instance convolutions (a tap counts only where its pixel has the centre's
 * id) yields features at full size; four 3x3 heads follow, of which only the mean over each
 * instance's pixels is used. Heads and means are linear, so the means come first: each id's patches
 * are summed, divided by its pixel count, and one small matrix product gives all four heads. Exact,
 * and most of the work less. An instance that a picture lacks gets mu = logvar = 0, without the
 * bias. */
#include "inadekit/plugin.h"

struct instance_unet {
    int64_t channels;
};

enum { DOWN = 4, UP = 3, HEADS = 4, TAPS = 9 };
static const double slope = 0.2;

static ik_tensor *layer(ik_graph *g, const char *name, ik_tensor *x, int64_t out, int stride) {
    const ik_conv conv = {.out = out,
                          .kernel = 3,
                          .stride = stride,
                          .padding = -1,
                          .bias = true,
                          .same_segment = true};
    x = ik_instance_norm(g, ik_conv2d(g, name, x, &conv), 1e-5);
    return ik_leaky_relu(g, x, slope);
}

/* x at like's size, with like's channels after it. */
static ik_tensor *join(ik_graph *g, ik_tensor *x, ik_tensor *like) {
    if (!like) return NULL;
    x = ik_bilinear(g, x, like->shape.d[1], like->shape.d[2]);
    return ik_concat(g, 3, 2, (ik_tensor *[]){x, like});
}

/* [B,H,W,3] -> [B,H,W,n] */
static ik_tensor *features(ik_graph *g, ik_tensor *image, int64_t n) {
    static const char *const down[DOWN] = {"layer1", "layer2", "layer3", "layer4"};
    static const char *const up[UP] = {"up1", "up2", "up3"};
    const int64_t width[UP] = {2 * n, n, n};
    ik_tensor *skip[DOWN], *x = image;
    for (int i = 0; i < DOWN; i++) skip[i] = x = layer(g, down[i], x, n << i, 2);
    x = layer(g, "mid", x, 4 * n, 1);
    for (int i = 0; i < UP; i++) x = layer(g, up[i], join(g, x, skip[DOWN - 2 - i]), width[i], 1);
    return ik_bilinear(g, x, image->shape.d[1], image->shape.d[2]);
}

/* The heads' weights as rows [4 C0, 9 n] in the order of a patch (kh, kw, n), their biases [1, 4
 * C0]. */
static ik_tensor *head_weights(ik_graph *g, int64_t n, int64_t out, ik_tensor **bias) {
    static const char *const names[HEADS] = {"scale_conv_mu", "shift_conv_mu", "scale_conv_logvar",
                                             "shift_conv_logvar"};
    const ik_init xavier = {IK_INIT_XAVIER_NORMAL, 0.02, 0}, zeros = {IK_INIT_ZEROS, 0, 0};
    ik_tensor *w[HEADS], *b[HEADS];
    for (int i = 0; i < HEADS; i++) {
        g->api->push(g, names[i]);
        w[i] = ik_param(g, "weight", IK_SHAPE4(out, n, 3, 3), xavier);
        b[i] = ik_param(g, "bias", IK_SHAPE1(out), zeros);
        g->api->pop(g);
    }
    *bias = ik_reshape(g, ik_concat(g, 0, HEADS, b), IK_SHAPE2(1, HEADS * out));
    const ik_attrs *attrs = IK_ATTRS(.shape = IK_SHAPE4(0, 2, 3, 1));
    ik_tensor *all = ik_op1(g, IK_PERMUTE, attrs, ik_concat(g, 0, HEADS, w));
    return ik_reshape(g, all, IK_SHAPE2(HEADS * out, TAPS * n));
}

static void record(const void *self, ik_graph *g, const char *latent, ik_shape shape) {
    const struct instance_unet *o = self;
    if (shape.rank != 3 || shape.d[1] != 2) {
        g->api->fail(
            g, "instance_unet provides noise of shape [instances, 2, channels]; choose another "
               "encoder for this latent");
        return;
    }
    ik_tensor *image = ik_value(g, "image");
    if (!image) return;
    const int64_t n = o->channels, batch = image->shape.d[0], ids = shape.d[0], out = shape.d[2];
    ik_tensor *map = ik_map(g, "instance", image->shape.d[1], image->shape.d[2]);
    ik_tensor *x = features(g, image, n);

    /* From the pixel counts: beyond = max(count - 1, 0); divisor and presence without a comparison.
     */
    const ik_attrs *by_id = IK_ATTRS(.length = ids);
    ik_tensor *count = ik_op1(g, IK_SEGMENT_COUNT, by_id, map);
    count = ik_reshape(g, count, IK_SHAPE2(batch * ids, 1));
    ik_tensor *beyond = ik_relu(g, ik_affine(g, count, 1, -1));
    ik_tensor *divisor = ik_affine(g, beyond, 1, 1);
    ik_tensor *present = ik_sub(g, count, beyond);

    const ik_attrs *window =
        IK_ATTRS(.kernel = {3, 3}, .padding = {1, 1}, .stride = {1, 1}, .length = ids);
    ik_tensor *sums = ik_op2(g, IK_SEGMENT_PATCHES, window, x, map);
    sums = ik_reshape(g, sums, IK_SHAPE2(batch * ids, TAPS * n));
    ik_tensor *bias, *weight = head_weights(g, n, out, &bias);
    ik_tensor *heads =
        ik_op2(g, IK_MATMUL, IK_ATTRS(.transpose_b = 1), ik_div(g, sums, divisor), weight);
    heads = ik_add(g, heads, ik_mul(g, present, bias));

    const ik_shape full = IK_SHAPE4(batch, ids, 2, out);
    ik_tensor *mu = ik_reshape(g, ik_slice(g, heads, 1, 0, 2 * out), full);
    ik_tensor *logvar = ik_reshape(g, ik_slice(g, heads, 1, 2 * out, 2 * out), full);
    g->api->publish(g, latent, mu, logvar);
}

static const ik_option options[] = {
    {"channels", "width of the first layer; the deepest has 8 times as many", IK_OPT_INT,
     offsetof(struct instance_unet, channels), "64", 1, 8192},
    {NULL},
};

static const char *const provides[] = {"noise", NULL};
static const ik_encoder_iface iface = {sizeof iface, provides, record};

static const ik_plugin plugin = {
    IK_PLUGIN_HEAD(IK_ENCODER, "instance_unet", "0.1.0",
                   "noise per object instance, by convolutions that stay inside it"),
    .options = options,
    .instance_size = sizeof(struct instance_unet),
    .iface = &iface,
};

IK_EXPORT_PLUGINS(&plugin)
