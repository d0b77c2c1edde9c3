/* Perceptual loss: fakes and pictures shall look alike to a network that knows pictures, as VGG19.
 *
 *     sum over i of layers[i] * mean |f_i(fake) - f_i(picture)|
 *
 * f_i is the i-th of the results that the network's `outputs:` names. It sees pictures in -1..1 as
 * they are. What stands behind the last result of a nonzero weight is never computed. The pictures
 * go through by themselves and first: no gradient is wanted there, so only the compared features
 * stay. */
#include "inadekit/plugin.h"

#include <math.h>

enum { MOST = 64 };

struct perceptual {
    const char *network;
    ik_doubles layers;
};

static ik_tensor *record(const void *self, ik_graph *g, ik_role role) {
    const struct perceptual *o = self;
    if (role != IK_ROLE_GENERATOR) return NULL;
    const char *const name = "image";
    ik_tensor *fake = ik_value(g, "fake"), *picture = ik_value(g, "image");
    ik_tensor *wanted[MOST], *got[MOST];
    const int layers = o->layers.n;
    if (g->api->call_all(g, o->network, 1, &name, &picture, layers, wanted) != layers ||
        g->api->call_all(g, o->network, 1, &name, &fake, layers, got) != layers) {
        g->api->fail(g, "`layers:` needs a weight for each of the network's `outputs:`");
        return NULL;
    }
    ik_tensor *total = NULL;
    for (int i = 0; i < layers; i++) {
        if (o->layers.v[i] == 0) continue;
        ik_tensor *term = ik_mean(g, ik_abs(g, ik_sub(g, got[i], wanted[i])));
        term = ik_affine(g, term, o->layers.v[i], 0);
        total = total ? ik_add(g, total, term) : term;
    }
    return total;
}

static ik_status init(void *self, ik_error *err) {
    const struct perceptual *o = self;
    double sum = 0;
    for (int i = 0; i < o->layers.n; i++) sum += fabs(o->layers.v[i]);
    if (sum > 0 && o->layers.n <= MOST) return IK_OK;
    return ik_errorf(err, IK_USAGE,
                     "perceptual: `layers:` takes 1 to %d weights, not all of them 0, as "
                     "[0, 0, 0, 0.25, 1]",
                     MOST);
}

static const ik_option options[] = {
    {"network", "whose `outputs:` are compared", IK_OPT_STRING,
     offsetof(struct perceptual, network), "vgg19"},
    {"layers", "weight of each of its outputs; [0, 0, 0, 0.25, 1] is what INADE uses",
     IK_OPT_DOUBLES, offsetof(struct perceptual, layers), "[0.03125, 0.0625, 0.125, 0.25, 1]", 0,
     1e6},
    {NULL},
};

static const ik_loss_iface iface = {sizeof iface, record};

static const ik_plugin plugin = {
    IK_PLUGIN_HEAD(IK_LOSS, "perceptual", "0.1.0",
                   "L1 between features that a trained network has of fakes and pictures"),
    .options = options,
    .instance_size = sizeof(struct perceptual),
    .init = init,
    .iface = &iface,
};

IK_EXPORT_PLUGINS(&plugin)
