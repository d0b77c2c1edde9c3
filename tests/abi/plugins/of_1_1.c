/* What interface 1.1 added, compiled against the headers of 1.1: a dataset that describes itself
 * and turns values of its files into classes, and a metric with features of its own. */
#include <stdlib.h>

#include "inadekit/plugin.h"

#if IK_ABI_MAJOR != 1 || IK_ABI_MINOR != 1
#error this has to be compiled with tests/abi/1.1 before other folders
#endif

enum { SIDE = 8, PIXELS = SIDE * SIDE };

static ik_status describe(const void *self, ik_dataset_info *info, ik_error *err) {
    (void)self, (void)err;
    info->labels = 2;
    return IK_OK;
}

static ik_status open_data(void *self, const ik_image_api *images, int64_t height, int64_t width,
                           uint64_t seed, ik_dataset_info *info, ik_error *err) {
    (void)images, (void)seed;
    if (height != SIDE || width != SIDE) return ik_errorf(err, IK_USAGE, "datasets/of_1_1 is 8x8");
    info->count[IK_TRAIN] = 4, info->count[IK_VALIDATION] = 2;
    return describe(self, info, err);
}

static void classes(const void *self, int64_t n, int32_t *label) {
    (void)self;
    for (int64_t i = 0; i < n; i++) label[i] /= 100;
}

/* An item ends where it did in 1.1: what came later is not ours to touch. */
static ik_status read_data(const void *self, ik_split split, int64_t index, ik_item *item,
                           ik_error *err) {
    (void)split;
    snprintf(item->name, sizeof item->name, "item%d", (int)index);
    item->height = item->width = item->image_height = item->image_width = SIDE;
    item->image = malloc(3 * PIXELS);
    item->label = malloc(PIXELS * sizeof *item->label);
    if (!item->image || !item->label) return ik_errorf(err, IK_FAILED, "out of memory");
    for (int i = 0; i < PIXELS; i++) {
        item->label[i] = 100 * (i % SIDE <= index);
        memset(item->image + 3 * i, item->label[i] ? 200 : 30, 3);
    }
    classes(self, PIXELS, item->label);
    return IK_OK;
}
static const ik_dataset_iface dataset_iface = {
    sizeof dataset_iface, open_data, read_data, NULL, describe, classes};

typedef struct mean {
    double sum;
    int64_t n;
} mean;

static ik_status begin(void *self, const ik_metric_info *info, ik_error *err) {
    (void)info, (void)err;
    *(mean *)self = (mean){0};
    return IK_OK;
}

static ik_status add(void *self, const ik_sample *s, ik_error *err) {
    mean *m = self;
    if (s->features != 1 || !s->fake_features) return ik_errorf(err, IK_FAILED, "no features");
    m->sum += s->fake_features[0];
    m->n++;
    return IK_OK;
}

static ik_status end(void *self, ik_metric_result *result, void *to, ik_error *err) {
    const mean *m = self;
    (void)err;
    if (result) result(to, "mean", m->sum / (double)m->n);
    return IK_OK;
}

static ik_tensor *record(const void *self, ik_graph *g, ik_tensor *x) {
    (void)self;
    return ik_reshape(g, ik_mean(g, x), IK_SHAPE2(1, 1));
}
static const ik_metric_iface metric_iface = {sizeof metric_iface, begin, add, end, record};

static const ik_plugin dataset = {IK_PLUGIN_HEAD(IK_DATASET, "of_1_1", "1.1", "of interface 1.1"),
                                  .iface = &dataset_iface};
static const ik_plugin metric = {IK_PLUGIN_HEAD(IK_METRIC, "of_1_1", "1.1", "of interface 1.1"),
                                 .instance_size = sizeof(mean), .iface = &metric_iface};

IK_EXPORT_PLUGINS(&dataset, &metric)
