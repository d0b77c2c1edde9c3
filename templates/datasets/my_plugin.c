/* datasets/my_plugin: numbered pictures with their maps. This one draws rectangles on a background;
 * one that reads files uses `images` of `open`, which decodes PNG and JPEG.
 *
 * Resizing, cropping, flipping and numbering of instances are the same for all datasets, and not
 * done here. */
#include <stdlib.h>

#include "inadekit/philox.h"
#include "inadekit/plugin.h"

/* One field for each row of `options` below, and what `open` finds out. */
struct my_plugin {
    int64_t count, validation, rectangles;
    int height, width;
    uint64_t seed;
};

static const char *const labels[] = {"background", "rectangle"};
enum { LABELS = sizeof labels / sizeof *labels };

/* Height and width are those of `size:`; a dataset of files has its own, and ignores them. */
static ik_status open_data(void *self, const ik_image_api *images, int64_t height, int64_t width,
                           uint64_t seed, ik_dataset_info *info, ik_error *err) {
    struct my_plugin *o = self;
    (void)images;
    if (height < 16 || width < 16)
        return ik_errorf(err, IK_USAGE, "size [%lld, %lld] is too small; take at least [16, 16]",
                         (long long)height, (long long)width);
    o->height = (int)height, o->width = (int)width, o->seed = seed;
    info->labels = LABELS;
    info->label_names = labels;
    info->count[IK_TRAIN] = o->count;
    info->count[IK_VALIDATION] = o->validation;
    return IK_OK;
}

/* 0..n-1, from the item and the place in it alone: an item is the same whenever it is read. */
static int pick(const struct my_plugin *o, ik_split split, int64_t index, int place, int n) {
    uint32_t word[4];
    ik_philox_block(o->seed, ik_stream_of(split == IK_TRAIN ? "train" : "validation"), 0,
                    (uint64_t)index, (uint64_t)place, word);
    return (int)(ik_uniform01(word[0]) * n);
}

/* Rectangle number `id`, in a colour of its own. */
static void draw(const struct my_plugin *o, ik_split split, int64_t index, int id, ik_item *item) {
    const int place = 16 * id;
    const int h = o->height / 4 + pick(o, split, index, place, o->height / 4);
    const int w = o->width / 4 + pick(o, split, index, place + 1, o->width / 4);
    const int top = pick(o, split, index, place + 2, o->height - h);
    const int left = pick(o, split, index, place + 3, o->width - w);
    for (int y = top; y < top + h; y++)
        for (int x = left; x < left + w; x++) {
            const int at = y * o->width + x;
            item->label[at] = 1;
            item->instance[at] = id;
            for (int c = 0; c < 3; c++)
                item->image[3 * at + c] = (uint8_t)(64 + pick(o, split, index, place + 4 + c, 192));
        }
}

/* May be called from several threads at once, so it changes nothing of the instance. */
static ik_status read_data(const void *self, ik_split split, int64_t index, ik_item *item,
                           ik_error *err) {
    const struct my_plugin *o = self;
    const size_t pixels = (size_t)o->height * (size_t)o->width;
    snprintf(item->name, sizeof item->name, "%s_%06lld", split == IK_TRAIN ? "train" : "validation",
             (long long)index);
    item->height = item->image_height = o->height;
    item->width = item->image_width = o->width;
    /* From malloc; they are freed for us, also when reading fails. */
    item->image = malloc(3 * pixels);
    item->label = calloc(pixels, sizeof *item->label);
    item->instance = calloc(pixels, sizeof *item->instance);
    if (!item->image || !item->label || !item->instance)
        return ik_errorf(err, IK_FAILED, "out of memory");
    memset(item->image, 40, 3 * pixels);
    for (int id = 1; id <= (int)o->rectangles; id++) draw(o, split, index, id, item);
    return IK_OK;
}

/* Name, help, type, field, default, least, most. `size`, `flip` and others are every dataset's. */
static const ik_option options[] = {
    {"count", "pictures to train on", IK_OPT_INT, offsetof(struct my_plugin, count), "1000", 0,
     1e9},
    {"validation", "pictures to validate on", IK_OPT_INT, offsetof(struct my_plugin, validation),
     "16", 0, 1e9},
    {"rectangles", "in a picture; later ones lie in front", IK_OPT_INT,
     offsetof(struct my_plugin, rectangles), "4", 0, 11},
    {NULL},
};

/* `close`, for what `open` took, is left out: there is nothing. */
static const ik_dataset_iface iface = {
    .struct_size = sizeof iface,
    .open = open_data,
    .read = read_data,
};

static const ik_plugin plugin = {
    IK_PLUGIN_HEAD(IK_DATASET, "my_plugin", "0.1.0", "rectangles, drawn on the fly"),
    .options = options,
    .instance_size = sizeof(struct my_plugin),
    .iface = &iface,
};

IK_EXPORT_PLUGINS(&plugin)
