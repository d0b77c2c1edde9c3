/* Opening a dataset and reading its items; see data.h. */
#include "data.h"

#include <stdlib.h>

#include "base/watch.h"
#include "classes.h"
#include "config/options.h"
#include "frame.h"
#include "inadekit/philox.h"
#include "pictures/image.h"
#include "plugin/blame.h"
#include "plugin/plugins.h"

typedef struct common {
    ik_ints size, load_size;
    bool flip;
    int64_t max_instances, max_segments;
} common;

const ik_option ik__data_options[] = {
    {"size", "height and width of pictures and maps", IK_OPT_INTS, offsetof(common, size), NULL, 1,
     IK__IMAGE_SIDE, NULL},
    {"load_size", "height and width to resize to before a random crop in training; empty: `size`",
     IK_OPT_INTS, offsetof(common, load_size), "[]", 1, IK__IMAGE_SIDE, NULL},
    {"flip", "mirror half of the pictures in training", IK_OPT_BOOL, offsetof(common, flip), "true",
     0, 0, NULL},
    {"max_instances", "the most instances of one picture", IK_OPT_INT,
     offsetof(common, max_instances), "64", 1, 1 << 20, NULL},
    {"max_segments", "the most pairs of label and instance of one picture; 0: twice max_instances",
     IK_OPT_INT, offsetof(common, max_segments), "0", 0, 1 << 21, NULL},
    {NULL},
};

struct ik__data {
    ik__instance *instance;
    const ik_dataset_iface *iface;
    bool open, raw_labels; /* the latter: what `read` gives are a file's values */
    common options;
    int load_height, load_width;
    ik__data_info info;
    /* Of the split's one item, if it was replaced: files, or maps. */
    ik__item_files files[2];
    ik__item_maps maps[2];
};

/* "plugin" and the names of a table. */
static const char **names_of(const ik_option *rows) {
    size_t n = 0;
    while (rows && rows[n].name) n++;
    const char **names = calloc(n + 2, sizeof *names);
    if (!names) return NULL;
    names[0] = "plugin";
    for (size_t i = 0; i < n; i++) names[i + 1] = rows[i].name;
    return names;
}

static ik_status fail_at(const ik__conf *dataset, const char *key, const char *what,
                         ik_error *err) {
    const ik__conf *at = ik__conf_get(dataset, key);
    return ik__conf_fail(at ? at : dataset, err, "dataset.%s %s", key, what);
}

static ik_status settle(ik__data *d, const ik__conf *dataset, ik_error *err) {
    const common *o = &d->options;
    if (o->size.n != 2) return fail_at(dataset, "size", "has to be [height, width]", err);
    if (o->load_size.n != 0 && o->load_size.n != 2)
        return fail_at(dataset, "load_size", "has to be [height, width]", err);
    d->info.height = o->size.v[0];
    d->info.width = o->size.v[1];
    const int64_t *load = o->load_size.n ? o->load_size.v : o->size.v;
    if (load[0] < d->info.height || load[1] < d->info.width)
        return fail_at(dataset, "load_size", "has to be at least `size`, which is cut out of it",
                       err);
    d->load_height = (int)load[0];
    d->load_width = (int)load[1];
    d->info.max_instances = o->max_instances;
    d->info.max_segments = o->max_segments ? o->max_segments : 2 * o->max_instances;
    return IK_OK;
}

static ik_status configure(ik__data *d, const ik__conf *dataset, ik_error *err) {
    const char **common_names = names_of(ik__data_options);
    if (!common_names) return ik_errorf(err, IK_FAILED, "out of memory");
    ik_status status = ik__instance_new(IK_DATASET, dataset, common_names, &d->instance, err);
    if (!status)
        status = ik__options_pick(ik__data_options, dataset, "dataset", &d->options,
                                  d->instance->pool, err);
    free(common_names);
    return status ? status : settle(d, dataset, err);
}

static ik_status take_planes(ik__data *d, const ik_dataset_info *info, ik_error *err) {
    char what[160];
    snprintf(what, sizeof what, "datasets/%s", d->instance->plugin->name);
    ik__fields_begin(&d->info.fields, d->info.height, d->info.width, d->info.max_segments);
    ik_status status = IK_OK;
    for (int i = 0; i < info->n_planes && !status; i++)
        status = ik__fields_add(&d->info.fields, what, &info->planes[i], err);
    return status;
}

static ik_status open_plugin(ik__data *d, uint64_t seed, bool files, ik_error *err) {
    const ik_plugin *plugin = d->instance->plugin;
    void *self = d->instance->self;
    ik_dataset_info info = {0};
    d->iface = plugin->iface;
    if (!d->iface->open || !d->iface->read)
        return ik_errorf(err, IK_FAILED, "datasets/%s: the plugin's interface is incomplete",
                         plugin->name);
    d->open = files || !IK__PROVIDES(d->iface, describe);
    ik__blame b;
    ik__blame_begin(&b, plugin, d->open ? "opening its data" : "describing its data");
    ik_status status =
        d->open ? d->iface->open(self, &ik__images, d->info.height, d->info.width, seed, &info, err)
                : d->iface->describe(self, &info, err);
    ik__blame_end(&b);
    if (status) {
        d->open = false;
        return status;
    }
    if (info.labels < 1 || info.labels > 65536 || info.count[0] < 0 || info.count[1] < 0)
        return ik_errorf(err, IK_FAILED,
                         "datasets/%s: the plugin reports %lld labels and %lld + %lld "
                         "items, which cannot be",
                         plugin->name, (long long)info.labels, (long long)info.count[0],
                         (long long)info.count[1]);
    d->info.labels = info.labels;
    d->info.count[0] = info.count[0];
    d->info.count[1] = info.count[1];
    d->info.label_names = info.label_names;
    if (info.note) ik__tell(IK__NOTED, "datasets/%s: %s", plugin->name, info.note);
    d->raw_labels = info.raw_labels;
    return take_planes(d, &info, err);
}

static ik_status make(const ik__conf *dataset, uint64_t seed, bool files, ik__data **out,
                      ik_error *err) {
    *out = NULL;
    ik__data *d = calloc(1, sizeof *d);
    if (!d) return ik_errorf(err, IK_FAILED, "out of memory");
    ik_status status = configure(d, dataset, err);
    if (!status) status = open_plugin(d, seed, files, err);
    if (status)
        ik__data_close(d);
    else
        *out = d;
    return status;
}

ik_status ik__data_open(const ik__conf *dataset, uint64_t seed, ik__data **out, ik_error *err) {
    return make(dataset, seed, true, out, err);
}

ik_status ik__data_describe(const ik__conf *dataset, uint64_t seed, ik__data **out, ik_error *err) {
    return make(dataset, seed, false, out, err);
}

void ik__data_replace(ik__data *d, ik_split split, const ik__item_files *files) {
    d->files[split] = *files;
    d->maps[split] = (ik__item_maps){0};
    d->info.count[split] = 1;
}

void ik__data_give(ik__data *d, ik_split split, const ik__item_maps *maps) {
    d->files[split] = (ik__item_files){0};
    d->maps[split] = *maps;
    d->info.count[split] = 1;
}

void ik__data_number(ik__data *d, ik_split split, int64_t index) {
    d->info.count[split] = index + 1; /* whichever is read is the one */
}

void ik__data_close(ik__data *d) {
    if (!d) return;
    if (d->open && d->iface->close) d->iface->close(d->instance->self);
    if (d->instance) ik__instance_free(d->instance);
    free(d);
}

const ik__data_info *ik__data_info_of(const ik__data *data) {
    return &data->info;
}

int64_t ik__data_label(const ik__data_info *d, const char *word) {
    char *end;
    long long number = strtoll(word, &end, 10);
    if (*word && !*end) return number >= 0 && number < d->labels ? number : -1;
    for (int64_t k = 0; d->label_names && k < d->labels; k++)
        if (!strcmp(word, d->label_names[k])) return k;
    return -1;
}

static ik__frame frame_of(const ik__data *d, const uint64_t *augment) {
    int height = (int)d->info.height, width = (int)d->info.width;
    if (!augment) return (ik__frame){height, width, 0, 0, height, width, false};
    uint32_t word[4];
    ik_philox_block(*augment, ik_stream_of("data.augment"), 0, 0, 0, word);
    uint64_t down = (uint64_t)(d->load_height - height) + 1,
             right = (uint64_t)(d->load_width - width) + 1;
    return (ik__frame){d->load_height,
                       d->load_width,
                       (int)(word[1] * down >> 32),
                       (int)(word[2] * right >> 32),
                       height,
                       width,
                       d->options.flip && (word[0] & 1)};
}

/* For messages. */
static const char *name_of(const ik_item *item) {
    return item->origin[0] ? item->origin : item->name;
}

static ik_status read_into(const ik__data *d, ik_split split, const ik_item *item,
                           const uint64_t *augment, ik__batch *b, size_t row, ik_error *err) {
    const char *what = name_of(item);
    if (!item->image && split == IK_TRAIN)
        return ik_errorf(err, IK_FAILED, "%s: has no picture to train on", what);
    ik__frame frame = frame_of(d, augment);
    ik__limits limits = {d->info.labels, d->info.max_instances, d->info.max_segments};
    ik__batch one = ik__batch_rows(b, (int64_t)row, 1);
    ik_status status = ik__prepare(what, item, &frame, &limits, &one, err);
    if (status) return status;
    one.pictured[0] = item->image != NULL;
    memcpy(one.names[0], item->name, sizeof one.names[0]);
    return IK_OK;
}

static ik_status read_instances(const char *path, ik_item *item, ik_error *err) {
    int height, width;
    ik_status status = ik__images.read_map(path, 16, &height, &width, &item->instance, err);
    if (status || (height == item->height && width == item->width)) return status;
    return ik_errorf(err, IK_FAILED,
                     "%s: the instance map is %dx%d, its label map %s %dx%d (width x height); they "
                     "have to be of one size",
                     path, width, height, item->origin, item->width, item->height);
}

static ik_status read_files(const ik__item_files *f, ik_item *item, ik_error *err) {
    const char *slash = strrchr(f->label, '/'), *name = slash ? slash + 1 : f->label;
    const char *dot = strrchr(name, '.');
    snprintf(item->name, sizeof item->name, "%.*s",
             (int)(dot ? (size_t)(dot - name) : strlen(name)), name);
    snprintf(item->origin, sizeof item->origin, "%s", f->label);
    ik_status status =
        ik__images.read_map(f->label, 16, &item->height, &item->width, &item->label, err);
    if (!status && f->instance) status = read_instances(f->instance, item, err);
    if (!status && f->image)
        status = ik__images.read_rgb(f->image, &item->image_height, &item->image_width,
                                     &item->image, err);
    return status;
}

static void *copy(const void *from, size_t bytes) {
    void *to = from ? malloc(bytes) : NULL;
    if (to) memcpy(to, from, bytes);
    return to;
}

static ik_status copy_maps(const ik__item_maps *m, ik_item *item, ik_error *err) {
    size_t pixels = (size_t)m->height * (size_t)m->width;
    snprintf(item->name, sizeof item->name, "%s", m->name);
    item->height = item->image_height = m->height;
    item->width = item->image_width = m->width;
    item->label = copy(m->label, pixels * sizeof *item->label);
    item->instance = copy(m->instance, pixels * sizeof *item->instance);
    item->image = copy(m->image, pixels * 3);
    if (!item->label || (m->instance && !item->instance) || (m->image && !item->image))
        return ik_errorf(err, IK_FAILED, "%s: out of memory", m->name);
    return IK_OK;
}

static ik_status read_item(const ik__data *d, ik_split split, int64_t index, ik_item *item,
                           ik_error *err) {
    ik_status status;
    bool raw = d->raw_labels || d->files[split].label || d->maps[split].label;
    if (d->files[split].label)
        status = read_files(&d->files[split], item, err);
    else if (d->maps[split].label)
        status = copy_maps(&d->maps[split], item, err);
    else
        status = d->iface->read(d->instance->self, split, index, item, err);
    item->name[sizeof item->name - 1] = item->origin[sizeof item->origin - 1] = 0;
    if (status || !raw || !IK__PROVIDES(d->iface, classes)) return status;
    return ik__to_classes(d->iface, d->instance->self, d->info.labels, name_of(item), item, err);
}

ik_status ik__data_read(const ik__data *d, ik_split split, int64_t index, const uint64_t *augment,
                        ik__batch *b, int64_t row, ik_error *err) {
    if (index < 0 || index >= d->info.count[split] || row < 0 || row >= b->n)
        return ik_errorf(err, IK_FAILED, "item %lld does not exist: there are %lld",
                         (long long)index, (long long)d->info.count[split]);
    ik_item *item = calloc(1, sizeof *item);
    if (!item) return ik_errorf(err, IK_FAILED, "out of memory");
    ik__blame at_work;
    ik__blame_begin(&at_work, d->instance->plugin, "reading an item");
    ik_status status = read_item(d, split, index, item, err);
    ik__blame_end(&at_work);
    if (!status) status = read_into(d, split, item, augment, b, (size_t)row, err);
    free(item->image);
    free(item->label);
    free(item->instance);
    for (int i = 0; i < IK_MAX_PLANES; i++) free(item->plane[i]);
    free(item);
    return status;
}
