/* INADE: instance-adaptive normalisation.
 *
 *     y = xhat * scale[segment] + shift[segment]
 *     scale = Wg[label] * F(noise_scale[instance]) + Bg[label]      (shift likewise, with Wb and
 * Bb)
 *
 * A segment is a (label, instance) pair. All its pixels share one row of scale and one of shift, so
 * both are made as small tables [B,S,C] and looked up per pixel, which a fusion pass makes one
 * kernel of. The noise of every instance is drawn once per picture; F, one per norm, remaps it to C
 * values. */
#include "inadekit/plugin.h"

struct inade {
    int64_t noise_channels;
};

/* Half `which` of a [L,C,2] parameter as a table [1,L,C]. */
static ik_tensor *class_table(ik_graph *g, ik_tensor *both, int which, int64_t channels) {
    return ik_reshape(g, ik_slice(g, both, 2, which, 1), IK_SHAPE3(1, g->info.labels, channels));
}

/* Half `which` of the remapped noise [B,K,2,C] as a table [B,K,C]. */
static ik_tensor *noise_table(ik_graph *g, ik_tensor *remapped, int which) {
    if (!remapped) return NULL;
    const int64_t *d = remapped->shape.d;
    return ik_reshape(g, ik_slice(g, remapped, 2, which, 1), IK_SHAPE3(d[0], d[1], d[3]));
}

struct tables {
    ik_tensor *weight, *bias;          /* [L,C,2] */
    ik_tensor *remapped;               /* [B,K,2,C] */
    ik_tensor *of_label, *of_instance; /* [B,S]: what a segment is made of */
};

/* W[label] * F(noise)[instance] + B[label] per segment, [B,S,C]. */
static ik_tensor *segment_table(ik_graph *g, const struct tables *t, int which, int64_t channels) {
    ik_tensor *w = ik_lookup(g, class_table(g, t->weight, which, channels), t->of_label);
    ik_tensor *b = ik_lookup(g, class_table(g, t->bias, which, channels), t->of_label);
    ik_tensor *noise = ik_lookup(g, noise_table(g, t->remapped, which), t->of_instance);
    return ik_add(g, ik_mul(g, w, noise), b);
}

static ik_tensor *record(const void *self, ik_graph *g, ik_tensor *x) {
    const struct inade *o = self;
    if (!x) return NULL;
    const int64_t channels = x->shape.d[3];
    const ik_shape shape = IK_SHAPE3(g->info.labels, channels, 2);

    struct tables t;
    t.weight = ik_param(g, "weight", shape, (ik_init){IK_INIT_UNIFORM, 0, 1});
    t.bias = ik_param(g, "bias", shape, (ik_init){IK_INIT_ZEROS, 0, 0});
    ik_tensor *noise =
        ik_latent(g, "noise", IK_SHAPE3(g->info.max_instances, 2, o->noise_channels));
    t.remapped = ik_linear(g, "fc_noise", noise, channels);
    t.of_label = ik_value(g, "segment_label");
    t.of_instance = ik_value(g, "segment_instance");
    ik_tensor *scale = segment_table(g, &t, 0, channels);
    ik_tensor *shift = segment_table(g, &t, 1, channels);

    ik_tensor *segments = ik_map(g, "segments", x->shape.d[1], x->shape.d[2]);
    ik_tensor *xhat = ik_batch_norm(g, "param_free_norm", x);
    ik_tensor *scaled = ik_mul(g, xhat, ik_lookup(g, scale, segments));
    return ik_add(g, scaled, ik_lookup(g, shift, segments));
}

static const ik_option options[] = {
    {"noise_channels", "length of an instance's noise, for scale and for shift each", IK_OPT_INT,
     offsetof(struct inade, noise_channels), "64", 1, 4096},
    {NULL},
};

static const ik_norm_iface iface = {sizeof iface, record};

static const ik_plugin plugin = {
    IK_PLUGIN_HEAD(IK_NORM, "inade", "0.1.0",
                   "scale and shift per instance, drawn from a distribution of its class"),
    .options = options,
    .instance_size = sizeof(struct inade),
    .iface = &iface,
};

IK_EXPORT_PLUGINS(&plugin)
