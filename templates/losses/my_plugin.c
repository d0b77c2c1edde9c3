/* losses/my_plugin: a number that training makes small. This one compares edges: the differences of
 * neighbouring pixels, to the right and down, of fake and picture.
 *
 *     mean |d(fake) - d(image)|,   d(x)[i,j] = x[i,j + reach] - x[i,j]   (and along i)
 *
 * A plugin says only what is to be computed, for no particular device; the gradients follow from
 * it. */
#include "inadekit/plugin.h"

/* One field for each row of `options` below; filled before anything here is called. */
struct my_plugin {
    int64_t reach;
};

/* x[reach ..] - x[.. n - reach] along an axis; axes are 0 batch, 1 height, 2 width, 3 channels. */
static ik_tensor *differences(ik_graph *g, ik_tensor *x, int axis, int64_t reach) {
    if (!x) return NULL;
    const int64_t n = x->shape.d[axis] - reach;
    return ik_sub(g, ik_slice(g, x, axis, reach, n), ik_slice(g, x, axis, 0, n));
}

static ik_tensor *along(ik_graph *g, int axis, int64_t reach) {
    ik_tensor *fake = differences(g, ik_value(g, "fake"), axis, reach);
    ik_tensor *image = differences(g, ik_value(g, "image"), axis, reach);
    return ik_mean(g, ik_abs(g, ik_sub(g, fake, image)));
}

/* A scalar, without its weight; NULL where there is nothing to say to a player. Scores and features
 * of the discriminator: g->api->judge(g, 0) of the fakes, (g, 1) of the pictures. */
static ik_tensor *record(const void *self, ik_graph *g, ik_role role) {
    const struct my_plugin *o = self;
    if (role != IK_ROLE_GENERATOR) return NULL;
    if (o->reach >= g->info.height || o->reach >= g->info.width) {
        /* The place in the YAML file is added to what a plugin says. */
        g->api->fail(g, "reach is too large for pictures of this size");
        return NULL;
    }
    return ik_add(g, along(g, 1, o->reach), along(g, 2, o->reach));
}

/* Name, help, type, field, default, least, most. */
static const ik_option options[] = {
    {"reach", "pixels from one to the other", IK_OPT_INT, offsetof(struct my_plugin, reach), "1", 1,
     256},
    {NULL},
};

static const ik_loss_iface iface = {sizeof iface, record};

static const ik_plugin plugin = {
    IK_PLUGIN_HEAD(IK_LOSS, "my_plugin", "0.1.0", "how far the edges of fake and picture differ"),
    .options = options,
    .instance_size = sizeof(struct my_plugin),
    .iface = &iface,
};

IK_EXPORT_PLUGINS(&plugin)
