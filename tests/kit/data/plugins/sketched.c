/* A dataset with planes of its own: `ramp`, whose channels tell column, row and item, and `sketch`,
 * which the even items have. The option `fault` spoils what it announces or reads. */
#include <math.h>
#include <stdlib.h>

#include "inadekit/plugin.h"

enum { HEIGHT = 4, WIDTH = 8, PIXELS = HEIGHT * WIDTH };
enum { NONE, TAKEN, TWICE, CHANNELS, NOT_FINITE };

typedef struct sketched {
    int64_t fault;
    ik_plane planes[2];
} sketched;

static const char *const faults[] = {"none", "taken", "twice", "channels", "not_finite", NULL};
static const ik_option options[] = {
    {"fault", "what is wrong", IK_OPT_CHOICE, offsetof(sketched, fault), "none", 0, 0, faults},
    {NULL}};

static ik_status describe(const void *self, ik_dataset_info *info, ik_error *err) {
    sketched *s = (sketched *)self;
    (void)err;
    s->planes[0] = (ik_plane){"ramp", 3, 1, false};
    s->planes[1] = (ik_plane){"sketch", 1, 0, true};
    if (s->fault == TAKEN) s->planes[1].name = "edge";
    if (s->fault == TWICE) s->planes[1].name = "ramp";
    if (s->fault == CHANNELS) s->planes[1].channels = 0;
    info->labels = 2;
    info->planes = s->planes;
    info->n_planes = 2;
    return IK_OK;
}

static ik_status open_data(void *self, const ik_image_api *images, int64_t height, int64_t width,
                           uint64_t seed, ik_dataset_info *info, ik_error *err) {
    (void)images, (void)height, (void)width, (void)seed;
    info->count[IK_TRAIN] = 4, info->count[IK_VALIDATION] = 2;
    return describe(self, info, err);
}

static ik_status read_data(const void *self, ik_split split, int64_t index, ik_item *item,
                           ik_error *err) {
    const sketched *s = self;
    (void)split;
    snprintf(item->name, sizeof item->name, "item%d", (int)index);
    item->height = item->image_height = HEIGHT;
    item->width = item->image_width = WIDTH;
    item->image = calloc(PIXELS, 3);
    item->label = calloc(PIXELS, sizeof *item->label);
    item->plane[0] = malloc(sizeof(float) * 3 * PIXELS);
    if (!item->image || !item->label || !item->plane[0])
        return ik_errorf(err, IK_FAILED, "out of memory");
    for (int i = 0; i < PIXELS; i++) {
        item->label[i] = i % WIDTH > index;
        item->plane[0][3 * i] = (float)(i % WIDTH);
        item->plane[0][3 * i + 1] = (float)(i / WIDTH);
        item->plane[0][3 * i + 2] = s->fault == NOT_FINITE ? NAN : (float)index;
    }
    if (index % 2) return IK_OK;
    item->plane[1] = calloc(PIXELS, sizeof(float));
    if (!item->plane[1]) return ik_errorf(err, IK_FAILED, "out of memory");
    item->plane[1][0] = 1;
    return IK_OK;
}

static const ik_dataset_iface iface = {sizeof iface, open_data, read_data, NULL, describe, NULL};
static const ik_plugin plugin = {IK_PLUGIN_HEAD(IK_DATASET, "sketched", "1.0", "planes for tests"),
                                 .options = options, .instance_size = sizeof(sketched),
                                 .iface = &iface};

IK_EXPORT_PLUGINS(&plugin)
