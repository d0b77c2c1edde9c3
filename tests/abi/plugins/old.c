/* A plugin of every kind that 1.0 had (backends: plain.c), compiled against the headers of 1.0.
 * Each is small, and uses what a plugin of its kind needs: parameters, latents, maps, layers. */
#include <stdlib.h>

#include "inadekit/plugin.h"

#if IK_ABI_MAJOR != 1 || IK_ABI_MINOR != 0
#error this has to be compiled with tests/abi/1.0 before other folders
#endif

typedef struct old {
    int64_t width;
} old;

static const ik_option options[] = {
    {"width", "channels", IK_OPT_INT, offsetof(old, width), "4", 1, 64}, {NULL}};

/* xhat * (1 + weight[label]) + weight[label] */
static ik_tensor *norm(const void *self, ik_graph *g, ik_tensor *x) {
    (void)self;
    if (!x) return NULL;
    ik_shape table = IK_SHAPE3(1, g->info.labels, x->shape.d[3]);
    ik_tensor *weight = ik_param(g, "weight", table, (ik_init){IK_INIT_NORMAL, 0, 0.1});
    ik_tensor *row = ik_lookup(g, weight, ik_map(g, "label", x->shape.d[1], x->shape.d[2]));
    ik_tensor *xhat = ik_batch_norm(g, "xhat", x);
    return ik_add(g, ik_mul(g, xhat, ik_affine(g, row, 1, 1)), row);
}
static const ik_norm_iface norm_iface = {sizeof norm_iface, norm};

static ik_tensor *block(const void *self, ik_graph *g, const ik_norm_ref *ref, int n,
                        ik_tensor *const *in) {
    const old *o = self;
    const ik_conv conv = {.out = o->width, .kernel = 3, .padding = -1, .bias = true};
    if (n != 1) g->api->fail(g, "blocks/old takes one input");
    return ik_leaky_relu(g, ik_norm(g, "norm", ref, ik_conv2d(g, "conv", in[0], &conv)), 0.2);
}
static const ik_block_iface block_iface = {sizeof block_iface, block};

static void encode(const void *self, ik_graph *g, const char *latent, ik_shape shape) {
    (void)self;
    ik_tensor *x = ik_value(g, "image");
    if (!x) return;
    x = ik_reshape(g, x, IK_SHAPE2(x->shape.d[0], ik_count(x->shape) / x->shape.d[0]));
    ik_tensor *mu = ik_linear(g, "mu", x, shape.d[0]), *logvar = ik_linear(g, "var", x, shape.d[0]);
    g->api->publish(g, latent, mu, logvar);
}
static const char *const provides[] = {"z", NULL};
static const ik_encoder_iface encoder_iface = {sizeof encoder_iface, provides, encode};

static void judge(const void *self, ik_graph *g, ik_tensor *x, ik_judgement *out) {
    const old *o = self;
    const ik_conv first = {.out = o->width, .kernel = 4, .stride = 2, .bias = true};
    const ik_conv last = {.out = 1, .kernel = 3, .padding = -1, .spectral = true};
    out->scales = 1;
    out->features[0] = 2;
    out->feature[0][0] = ik_relu(g, ik_conv2d(g, "first", x, &first));
    out->feature[0][1] = ik_conv2d(g, "last", out->feature[0][0], &last);
}
static const ik_discriminator_iface discriminator_iface = {sizeof discriminator_iface, true, judge};

/* Reconstruction, and without a discriminator nothing else; with one, the score's mean. */
static ik_tensor *loss(const void *self, ik_graph *g, ik_role role) {
    const old *o = self;
    ik_tensor *off = ik_abs(g, ik_sub(g, ik_value(g, "fake"), ik_value(g, "image")));
    if (o->width == 1) return role == IK_ROLE_GENERATOR ? ik_mean(g, off) : NULL;
    const ik_judgement *fake = g->api->judge(g, 0), *real = g->api->judge(g, 1);
    ik_tensor *score = ik_mean(g, fake->feature[0][1]);
    if (role == IK_ROLE_DISCRIMINATOR) return ik_sub(g, score, ik_mean(g, real->feature[0][1]));
    return ik_sub(g, ik_mean(g, off), score);
}
static const ik_loss_iface loss_iface = {sizeof loss_iface, loss};

enum { SIDE = 8, PIXELS = SIDE * SIDE };

static ik_status open_data(void *self, const ik_image_api *images, int64_t height, int64_t width,
                           uint64_t seed, ik_dataset_info *info, ik_error *err) {
    (void)self, (void)seed;
    if (height != SIDE || width != SIDE || images->struct_size < sizeof *images)
        return ik_errorf(err, IK_USAGE, "datasets/old is 8x8");
    info->labels = 2;
    info->count[IK_TRAIN] = 4, info->count[IK_VALIDATION] = 2;
    return IK_OK;
}

/* The left columns are of class 1, more of them with every item. */
static ik_status read_data(const void *self, ik_split split, int64_t index, ik_item *item,
                           ik_error *err) {
    (void)self, (void)split;
    snprintf(item->name, sizeof item->name, "old%d", (int)index);
    item->height = item->width = item->image_height = item->image_width = SIDE;
    item->image = malloc(3 * PIXELS);
    item->label = malloc(PIXELS * sizeof *item->label);
    if (!item->image || !item->label) return ik_errorf(err, IK_FAILED, "out of memory");
    for (int i = 0; i < PIXELS; i++) {
        item->label[i] = i % SIDE <= index;
        memset(item->image + 3 * i, item->label[i] ? 200 : 30, 3);
    }
    return IK_OK;
}
static const ik_dataset_iface dataset_iface = {sizeof dataset_iface, open_data, read_data, NULL};

#define OLD(kind, iface_)                                                                          \
    {                                                                                              \
        IK_PLUGIN_HEAD(kind, "old", "1.0", "of interface 1.0"),                                    \
            .options = options, .instance_size = sizeof(old), .iface = &(iface_)                   \
    }
static const ik_plugin plugins[] = {
    OLD(IK_NORM, norm_iface),       OLD(IK_BLOCK, block_iface),
    OLD(IK_ENCODER, encoder_iface), OLD(IK_DISCRIMINATOR, discriminator_iface),
    OLD(IK_LOSS, loss_iface),       OLD(IK_DATASET, dataset_iface),
};

IK_EXPORT_PLUGINS(&plugins[0], &plugins[1], &plugins[2], &plugins[3], &plugins[4], &plugins[5])
