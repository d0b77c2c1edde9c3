/* Checking, resizing, cutting and numbering one item; see frame.h. */
#include "frame.h"

#include <math.h>
#include <stdlib.h>

#include "pictures/resize.h"

static ik_status check(const char *what, const ik_item *item, int64_t labels, ik_error *err) {
    if (!item->label || item->height < 1 || item->width < 1)
        return ik_errorf(err, IK_FAILED, "%s: the dataset gave no label map", what);
    if (item->image && (item->image_height != item->height || item->image_width != item->width))
        return ik_errorf(
            err, IK_FAILED,
            "%s: the label map is %dx%d, its picture %dx%d (width x height); they have to "
            "be of one size",
            what, item->width, item->height, item->image_width, item->image_height);
    for (int y = 0; y < item->height; y++)
        for (int x = 0; x < item->width; x++) {
            int32_t v = item->label[(size_t)y * (size_t)item->width + (size_t)x];
            if (v < 0 || v >= labels)
                return ik_errorf(err, IK_FAILED,
                                 "%s: label %d at pixel (%d, %d); this dataset has 0..%lld", what,
                                 v, x, y, (long long)labels - 1);
        }
    return IK_OK;
}

static bool take_map(const int32_t *from, const ik_item *item, const ik__frame *f, int32_t *to) {
    int32_t *whole = malloc((size_t)f->load_height * (size_t)f->load_width * sizeof *whole);
    if (!whole) return false;
    bool ok =
        ik__resize_nearest(from, item->height, item->width, whole, f->load_height, f->load_width);
    for (int y = 0; ok && y < f->height; y++) {
        const int32_t *line = whole + (size_t)(f->top + y) * (size_t)f->load_width + f->left;
        for (int x = 0; x < f->width; x++) *to++ = line[f->mirror ? f->width - 1 - x : x];
    }
    free(whole);
    return ok;
}

static bool take_image(const ik_item *item, const ik__frame *f, float *to) {
    if (!item->image) {
        memset(to, 0, 3 * (size_t)f->height * (size_t)f->width * sizeof *to);
        return true;
    }
    uint8_t *whole = malloc(3 * (size_t)f->load_height * (size_t)f->load_width);
    if (!whole) return false;
    bool ok = ik__resize_bicubic(item->image, item->height, item->width, whole, f->load_height,
                                 f->load_width);
    for (int y = 0; ok && y < f->height; y++) {
        const uint8_t *line = whole + 3 * ((size_t)(f->top + y) * (size_t)f->load_width + f->left);
        for (int x = 0; x < f->width; x++, to += 3) {
            const uint8_t *p = line + 3 * (f->mirror ? f->width - 1 - x : x);
            for (int c = 0; c < 3; c++) to[c] = (float)(p[c] / 127.5 - 1);
        }
    }
    free(whole);
    return ok;
}

/* Which pixels of `in` the pixels from `first` on take, where `loaded` are made of them. */
static bool steps(const ik_plane *plane, int in, int loaded, int first, int n, int *at) {
    int *all = malloc((size_t)loaded * sizeof *all);
    if (!all) return false;
    ik__nearest_steps(in, loaded, all);
    for (int i = 0; i < n; i++)
        at[i] = plane->floors ? (int)((int64_t)(first + i) * in / loaded) : all[first + i];
    free(all);
    return true;
}

/* A dataset's own plane: false for what is no finite number. */
static bool copy_plane(const float *from, int width, const ik_plane *plane, const ik__frame *f,
                       const int *row, const int *column, float *to) {
    int channels = plane->channels;
    for (int y = 0; y < f->height; y++)
        for (int x = 0; x < f->width; x++, to += channels) {
            int64_t at = (int64_t)row[y] * width + column[f->mirror ? f->width - 1 - x : x];
            const float *p = from + at * channels;
            for (int c = 0; c < channels; c++) {
                bool turned = f->mirror && (plane->mirrored >> c & 1);
                to[c] = turned ? -p[c] : p[c];
                if (!isfinite(p[c])) return false;
            }
        }
    return true;
}

static ik_status take_plane(const char *what, const float *from, const ik_item *item,
                            const ik_plane *plane, const ik__frame *f, float *to, ik_error *err) {
    int *row = malloc(((size_t)f->height + (size_t)f->width) * sizeof *row);
    ik_status status = IK_OK;
    if (!row || !steps(plane, item->height, f->load_height, f->top, f->height, row) ||
        !steps(plane, item->width, f->load_width, f->left, f->width, row + f->height))
        status = ik_errorf(err, IK_FAILED, "%s: out of memory", what);
    if (!status && !copy_plane(from, item->width, plane, f, row, row + f->height, to))
        status = ik_errorf(err, IK_FAILED, "%s: its plane '%s' holds what is no finite number",
                           what, plane->name);
    free(row);
    return status;
}

static ik_status take_planes(const char *what, const ik_item *item, const ik__frame *f,
                             ik__batch *row, ik_error *err) {
    ik_status status = IK_OK;
    for (int i = IK__OWN_FIELDS; i < row->fields->n && !status; i++) {
        const float *from = item->plane[i - IK__OWN_FIELDS];
        if (from)
            status = take_plane(what, from, item, row->fields->v[i].plane, f, row->field[i], err);
        else
            memset(row->field[i], 0, ik__field_bytes(row->fields, i));
    }
    return status;
}

static int compare(const void *a, const void *b) {
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* Lists the distinct keys in rising order and returns how many there are. Neighbours are mostly
 * equal, so only the first of each run is sorted. */
static size_t distinct(const int64_t *keys, size_t n, int64_t *list) {
    size_t runs = 0, kept = 0;
    for (size_t i = 0; i < n; i++)
        if (i == 0 || keys[i] != keys[i - 1]) list[runs++] = keys[i];
    qsort(list, runs, sizeof *list, compare);
    for (size_t i = 0; i < runs; i++)
        if (i == 0 || list[i] != list[kept - 1]) list[kept++] = list[i];
    return kept;
}

/* Replaces each key by its place in the list. */
static void renumber(const int64_t *keys, size_t n, const int64_t *list, size_t count,
                     int32_t *to) {
    for (size_t i = 0; i < n; i++) {
        if (i > 0 && keys[i] == keys[i - 1]) {
            to[i] = to[i - 1];
            continue;
        }
        const int64_t *at = bsearch(&keys[i], list, count, sizeof *list, compare);
        to[i] = (int32_t)(at - list);
    }
}

static ik_status number_instances(const char *what, size_t n, const ik__limits *limits,
                                  int64_t *keys, int64_t *list, ik__batch *row, ik_error *err) {
    for (size_t i = 0; i < n; i++) keys[i] = row->instance[i];
    size_t count = distinct(keys, n, list);
    if ((int64_t)count > limits->instances)
        return ik_errorf(
            err, IK_FAILED,
            "%s: %zu instances, at most %lld are provided for; set dataset.max_instances "
            "to %zu or more",
            what, count, (long long)limits->instances, count);
    renumber(keys, n, list, count, row->instance);
    row->instances[0] = (int32_t)count;
    return IK_OK;
}

static ik_status number_segments(const char *what, size_t n, const ik__limits *limits,
                                 int64_t *keys, int64_t *list, ik__batch *row, ik_error *err) {
    for (size_t i = 0; i < n; i++) keys[i] = (int64_t)row->label[i] << 32 | row->instance[i];
    size_t count = distinct(keys, n, list);
    if ((int64_t)count > limits->segments)
        return ik_errorf(err, IK_FAILED,
                         "%s: %zu pairs of label and instance, at most %lld are provided for; set "
                         "dataset.max_segments to %zu or more",
                         what, count, (long long)limits->segments, count);
    renumber(keys, n, list, count, row->segments);
    for (size_t s = 0; s < (size_t)limits->segments; s++) {
        row->segment_label[s] = s < count ? (int32_t)(list[s] >> 32) : -1;
        row->segment_instance[s] = s < count ? (int32_t)(list[s] & 0x7fffffff) : -1;
    }
    row->segment_count[0] = (int32_t)count;
    return IK_OK;
}

ik_status ik__prepare_segments(const char *what, size_t n, const ik__limits *limits, ik__batch *row,
                               ik_error *err) {
    int64_t *keys = malloc(2 * n * sizeof *keys);
    if (!keys) return ik_errorf(err, IK_FAILED, "%s: out of memory", what);
    ik_status status = number_segments(what, n, limits, keys, keys + n, row, err);
    free(keys);
    return status;
}

ik_status ik__prepare(const char *what, const ik_item *item, const ik__frame *frame,
                      const ik__limits *limits, ik__batch *row, ik_error *err) {
    ik_status status = check(what, item, limits->labels, err);
    if (status) return status;
    size_t n = (size_t)frame->height * (size_t)frame->width;
    const int32_t *instance = item->instance ? item->instance : item->label;
    int64_t *keys = malloc(2 * n * sizeof *keys);
    if (!keys || !take_map(item->label, item, frame, row->label) ||
        !take_map(instance, item, frame, row->instance) || !take_image(item, frame, row->image))
        status = ik_errorf(err, IK_FAILED, "%s: out of memory", what);
    if (!status) status = take_planes(what, item, frame, row, err);
    if (!status) status = number_instances(what, n, limits, keys, keys + n, row, err);
    if (!status) status = number_segments(what, n, limits, keys, keys + n, row, err);
    free(keys);
    return status;
}
