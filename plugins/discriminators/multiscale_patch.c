/* Patch discriminators at several scales, as SPADE and INADE use them.
 *
 * Each sees the one-hot label map, the edges between instances and the picture, average-pooled once
 * more per scale. Layers: a 4x4 convolution of stride 2; then wider ones, the last of stride 1,
 * spectral, with instance norm; leaky ReLU after each; then the score map. The one-hot map is never
 * made at the finer scales: label_conv sums rows of the weight. */
#include "inadekit/plugin.h"

struct multiscale_patch {
    int64_t scales, layers, channels, max_channels;
    bool spectral, edge;
};

enum { KERNEL = 4, PADDING = 2 };
static const double slope = 0.2;

/* What lies beside the label channels: edges, then the picture, [B or 2B,H,W,4 or 3]. */
static ik_tensor *other_channels(const struct multiscale_patch *o, ik_graph *g, ik_tensor *x) {
    if (!o->edge) return x;
    ik_tensor *edge = ik_map(g, "edge", x->shape.d[1], x->shape.d[2]);
    if (!edge) return NULL;
    if (x->shape.d[0] == 2 * edge->shape.d[0]) /* fakes and pictures share one scene */
        edge = ik_concat(g, 0, 2, (ik_tensor *[]){edge, edge});
    return ik_concat(g, 3, 2, (ik_tensor *[]){edge, x});
}

static ik_tensor *layer(const struct multiscale_patch *o, ik_graph *g, int i, ik_tensor *x) {
    char name[32];
    snprintf(name, sizeof name, "model%d", i);
    int64_t out = o->channels;
    for (int k = 0; k < i && out < o->max_channels; k++) out *= 2;
    if (out > o->max_channels) out = o->max_channels;
    const ik_conv conv = {.out = out,
                          .kernel = KERNEL,
                          .stride = i == o->layers - 1 ? 1 : 2,
                          .padding = PADDING,
                          .spectral = o->spectral};
    g->api->push(g, name);
    x = ik_conv2d(g, "0", x, &conv);
    g->api->pop(g);
    return ik_leaky_relu(g, ik_instance_norm(g, x, 1e-5), slope);
}

static void record_scale(const struct multiscale_patch *o, ik_graph *g, int scale, ik_tensor *x,
                         ik_judgement *out) {
    ik_tensor **feature = out->feature[scale];
    const int layers = (int)o->layers;
    char name[32];

    const ik_conv first = {
        .out = o->channels, .kernel = KERNEL, .stride = 2, .padding = PADDING, .bias = true};
    g->api->push(g, "model0");
    x = x ? g->api->label_conv(g, "0", "label", scale, x, &first) : NULL;
    g->api->pop(g);
    feature[0] = ik_leaky_relu(g, x, slope);
    for (int i = 1; i < layers; i++) feature[i] = layer(o, g, i, feature[i - 1]);

    const ik_conv score = {.out = 1, .kernel = KERNEL, .padding = PADDING, .bias = true};
    snprintf(name, sizeof name, "model%d", layers);
    g->api->push(g, name);
    feature[layers] = ik_conv2d(g, "0", feature[layers - 1], &score);
    g->api->pop(g);
    out->features[scale] = layers + 1;
}

static void record(const void *self, ik_graph *g, ik_tensor *x, ik_judgement *out) {
    const struct multiscale_patch *o = self;
    out->scales = (int)o->scales;
    if (x) x = other_channels(o, g, x);
    for (int scale = 0; scale < out->scales; scale++) {
        char name[32];
        snprintf(name, sizeof name, "discriminator_%d", scale);
        if (scale > 0) x = ik_avg_pool(g, x, 3, 2, 1);
        g->api->push(g, name);
        record_scale(o, g, scale, x, out);
        g->api->pop(g);
    }
}

static ik_status init(void *self, ik_error *err) {
    const struct multiscale_patch *o = self;
    if (o->channels <= o->max_channels) return IK_OK;
    return ik_errorf(
        err, IK_USAGE,
        "multiscale_patch: channels %lld is above max_channels %lld; raise max_channels "
        "or lower channels",
        (long long)o->channels, (long long)o->max_channels);
}

#define FIELD(f) offsetof(struct multiscale_patch, f)
static const ik_option options[] = {
    {"scales", "discriminators, each on an input half as large as the one before", IK_OPT_INT,
     FIELD(scales), "2", 1, IK_MAX_SCALES},
    {"layers", "layers before the score map; the last has stride 1", IK_OPT_INT, FIELD(layers), "4",
     2, IK_MAX_FEATURES - 1},
    {"channels", "width of the first layer; each further one doubles it", IK_OPT_INT,
     FIELD(channels), "64", 1, 65536},
    {"max_channels", "width at which doubling ends", IK_OPT_INT, FIELD(max_channels), "512", 1,
     65536},
    {"spectral", "normalise the weights of the normed layers spectrally", IK_OPT_BOOL,
     FIELD(spectral), "true"},
    {"edge", "see instance borders beside the labels", IK_OPT_BOOL, FIELD(edge), "true"},
    {NULL},
};

static const ik_discriminator_iface iface = {sizeof iface, true, record};

static const ik_plugin plugin = {
    IK_PLUGIN_HEAD(IK_DISCRIMINATOR, "multiscale_patch", "0.1.0",
                   "patch discriminators on labels, edges and picture at several scales"),
    .options = options,
    .instance_size = sizeof(struct multiscale_patch),
    .init = init,
    .iface = &iface,
};

IK_EXPORT_PLUGINS(&plugin)
