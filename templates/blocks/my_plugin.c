/* blocks/my_plugin: a piece of a network. This one normalises, then convolves each channel by
 * itself and all channels of a pixel together:
 *
 *     y = pointwise(act(depthwise(act(norm(x))))) + s,   s = x, or a 1x1 convolution of it
 *
 * A plugin says only what is to be computed, for no particular device; the gradients follow from
 * it. A node of a network names it: {id: up_0, block: my_plugin, out: 32}. */
#include "inadekit/plugin.h"

/* One field for each row of `options` below; filled before anything here is called. */
struct my_plugin {
    int64_t out, kernel;
};

static const double slope = 0.2;

/* `in` are the outputs of the nodes that `in:` names, else of the one before. `norm` is the node's
 * own or the pipeline's; which one it is, a block need not know. Names make the paths of
 * parameters: generator.up_0.depthwise.weight. */
static ik_tensor *record(const void *self, ik_graph *g, const ik_norm_ref *norm, int n,
                         ik_tensor *const *in) {
    const struct my_plugin *o = self;
    if (n != 1) {
        /* The place in the YAML file is added to what a plugin says. */
        g->api->fail(g, "my_plugin takes one input: name one node in `in:`");
        return NULL;
    }
    ik_tensor *x = in[0];
    if (!x) return NULL; /* an error was noted already */
    const int64_t channels = x->shape.d[3];
    const ik_conv depthwise = {.out = channels,
                               .kernel = (int)o->kernel,
                               .padding = -1, /* keeps the size */
                               .groups = (int)channels};
    const ik_conv pointwise = {.out = o->out, .kernel = 1, .bias = true};
    const ik_conv shortcut = {.out = o->out, .kernel = 1};

    ik_tensor *y = ik_leaky_relu(g, ik_norm(g, "norm", norm, x), slope);
    y = ik_leaky_relu(g, ik_conv2d(g, "depthwise", y, &depthwise), slope);
    y = ik_conv2d(g, "pointwise", y, &pointwise);
    return ik_add(g, y, channels == o->out ? x : ik_conv2d(g, "shortcut", x, &shortcut));
}

/* All options together, once they are filled. */
static ik_status init(void *self, ik_error *err) {
    const struct my_plugin *o = self;
    if (o->kernel % 2) return IK_OK;
    return ik_errorf(err, IK_USAGE, "kernel is %lld; it has to be odd", (long long)o->kernel);
}

/* Name, help, type, field, default (NULL would mean: has to be given), least, most. */
static const ik_option options[] = {
    {"out", "channels of the output", IK_OPT_INT, offsetof(struct my_plugin, out), "32", 1, 4096},
    {"kernel", "size of the depthwise convolution", IK_OPT_INT, offsetof(struct my_plugin, kernel),
     "3", 1, 31},
    {NULL},
};

static const ik_block_iface iface = {sizeof iface, record};

static const ik_plugin plugin = {
    IK_PLUGIN_HEAD(IK_BLOCK, "my_plugin", "0.1.0", "a depthwise and a pointwise convolution"),
    .options = options,
    .instance_size = sizeof(struct my_plugin),
    .init = init,
    .iface = &iface,
};

IK_EXPORT_PLUGINS(&plugin)
