/* Reading safetensors: the whole header is checked at opening, so reading needs no further trust.
 *
 * The header is copied once and its strings are decoded inside that copy. The tensors must tile the
 * data exactly: sorted by offset each begins where the one before ended, and the last ends the
 * file. */
#define _GNU_SOURCE
#include "base/json.h"
#include "base/mapped.h"
#include "base/open.h"
#include "raw.h"
#include "safetensors.h"

#include <inttypes.h>
#include <stdlib.h>

static const uint64_t max_header = 100000000; /* the Python library's limit */

typedef struct tensor {
    ik__st_entry entry;
    int64_t begin, end; /* offsets into the data */
    ik__raw raw;
} tensor;

typedef struct named {
    const char *name;
    int index;
} named;

struct ik__st {
    char *path, *header;
    ik__map map;
    size_t data_at;
    tensor *tensors;
    named *by_name;
    int count, room;
    named *meta; /* name: the key; index: of the value in meta_values */
    const char **meta_values;
    int meta_count, meta_room;
};

/* --- Small tools. */

static int compare_named(const void *a, const void *b) {
    return strcmp(((const named *)a)->name, ((const named *)b)->name);
}

/* Sorts; returns a name that occurs twice or NULL. */
static const char *sort_named(named *v, int n) {
    if (n) qsort(v, (size_t)n, sizeof *v, compare_named);
    for (int i = 1; i < n; i++)
        if (strcmp(v[i - 1].name, v[i].name) == 0) return v[i].name;
    return NULL;
}

static int find_named(const named *v, int n, const char *name) {
    named key = {name, 0};
    const named *hit = n ? bsearch(&key, v, (size_t)n, sizeof *v, compare_named) : NULL;
    return hit ? hit->index : -1;
}

/* Room for one element more in an array that doubles. */
static bool grow(void **v, int count, int *room, size_t size) {
    if (count < *room) return true;
    int more = *room ? *room * 2 : 64;
    void *p = realloc(*v, (size_t)more * size);
    if (!p) return false;
    *v = p;
    *room = more;
    return true;
}

static ik_status no_memory(const ik__st *st, ik_error *err) {
    return ik_errorf(err, IK_FAILED, "%s: out of memory while reading it", st->path);
}

/* --- The header. */

typedef struct fields {
    const char *dtype;
    int64_t shape[IK_MAX_RANK], offsets[2];
    int rank, n_offsets; /* -1: missing */
} fields;

/* A list of whole numbers, of which the first `room` are kept. */
static int read_sizes(ik__json *j, int64_t *to, int room) {
    bool first = true;
    int n = 0;
    if (!ik__json_enter(j, '[')) return -1;
    while (ik__json_more(j, ']', &first)) {
        int64_t v;
        if (!ik__json_size(j, &v)) return -1;
        if (n < room) to[n] = v;
        if (n <= room) n++; /* room + 1 says: too many */
    }
    return j->problem ? -1 : n;
}

static bool read_fields(ik__json *j, fields *f) {
    *f = (fields){.rank = -1, .n_offsets = -1};
    bool first = true;
    if (!ik__json_enter(j, '{')) return false;
    while (ik__json_more(j, '}', &first)) {
        const char *key, *at = j->p;
        if (!ik__json_key(j, &key)) return false;
        bool dtype = !strcmp(key, "dtype"), shape = !strcmp(key, "shape");
        bool offsets = !strcmp(key, "data_offsets");
        if ((dtype && f->dtype) || (shape && f->rank >= 0) || (offsets && f->n_offsets >= 0))
            return ik__json_fail(j, at, "a key occurs twice");
        if (dtype)
            ik__json_string(j, &f->dtype);
        else if (shape)
            f->rank = read_sizes(j, f->shape, IK_MAX_RANK);
        else if (offsets)
            f->n_offsets = read_sizes(j, f->offsets, 2);
        else
            ik__json_skip(j);
    }
    return !j->problem;
}

static ik_status check_dtype(const ik__st *st, tensor *t, const char *dtype, ik_error *err) {
    for (int i = 0; i < IK__RAW_COUNT; i++)
        if (strcmp(ik__raw_types[i].name, dtype) == 0) {
            t->raw = (ik__raw)i;
            t->entry.raw_dtype = ik__raw_types[i].name;
            t->entry.dtype = ik__raw_types[i].as;
            return IK_OK;
        }
    return ik_errorf(err, IK_FAILED,
                     "%s: tensor \"%.200s\" has the dtype \"%.40s\"; can be read: F32, F64, F16, "
                     "BF16, I32, I64, I16, I8, U8, BOOL",
                     st->path, t->entry.name, dtype);
}

/* The offsets lie in the data and hold just what shape and dtype ask for. */
static ik_status check_extent(const ik__st *st, const tensor *t, ik_error *err) {
    int64_t data = (int64_t)(st->map.bytes - st->data_at), need;
    if (!ik__raw_bytes(t->raw, &t->entry.shape, &need))
        return ik_errorf(err, IK_FAILED, "%s: tensor \"%.200s\" has an impossibly large shape",
                         st->path, t->entry.name);
    if (t->begin > t->end || t->end > data)
        return ik_errorf(err, IK_FAILED,
                         "%s: tensor \"%.200s\" claims bytes %" PRId64 " to %" PRId64 " of %" PRId64
                         " bytes of data; the file is damaged or cut short",
                         st->path, t->entry.name, t->begin, t->end, data);
    if (t->end - t->begin != need)
        return ik_errorf(err, IK_FAILED,
                         "%s: tensor \"%.200s\" has %" PRId64
                         " bytes where its shape and dtype need %" PRId64,
                         st->path, t->entry.name, t->end - t->begin, need);
    return IK_OK;
}

static ik_status add_tensor(ik__st *st, const char *name, const fields *f, ik_error *err) {
    const char *missing = !f->dtype           ? "dtype"
                          : f->rank < 0       ? "shape"
                          : f->n_offsets != 2 ? "pair of data_offsets"
                                              : NULL;
    if (missing)
        return ik_errorf(err, IK_FAILED, "%s: tensor \"%.200s\" has no %s", st->path, name,
                         missing);
    if (f->rank > IK_MAX_RANK)
        return ik_errorf(err, IK_FAILED, "%s: tensor \"%.200s\" has more than %d dimensions",
                         st->path, name, IK_MAX_RANK);
    if (!grow((void **)&st->tensors, st->count, &st->room, sizeof(tensor)))
        return no_memory(st, err);
    tensor *t = &st->tensors[st->count++];
    *t = (tensor){.entry = {.name = name, .shape.rank = f->rank},
                  .begin = f->offsets[0],
                  .end = f->offsets[1]};
    memcpy(t->entry.shape.d, f->shape, sizeof f->shape);
    ik_status s = check_dtype(st, t, f->dtype, err);
    return s ? s : check_extent(st, t, err);
}

static ik_status read_meta(ik__st *st, ik__json *j, ik_error *err) {
    bool first = true;
    if (!ik__json_enter(j, '{')) return IK_OK; /* the cursor keeps the problem */
    while (ik__json_more(j, '}', &first)) {
        const char *key, *value;
        if (!ik__json_key(j, &key) || !ik__json_string(j, &value)) return IK_OK;
        int room = st->meta_room;
        if (!grow((void **)&st->meta, st->meta_count, &room, sizeof(named)) ||
            !grow((void **)&st->meta_values, st->meta_count, &st->meta_room, sizeof value))
            return no_memory(st, err);
        st->meta[st->meta_count] = (named){key, st->meta_count};
        st->meta_values[st->meta_count++] = value;
    }
    return IK_OK;
}

static ik_status read_header(ik__st *st, size_t n, ik_error *err) {
    ik__json json = ik__json_on(st->header, n), *j = &json;
    bool first = true, meta = false;
    ik_status s = IK_OK;
    ik__json_enter(j, '{');
    while (!s && ik__json_more(j, '}', &first)) {
        const char *name, *at = j->p;
        fields f;
        if (!ik__json_key(j, &name)) break;
        if (strcmp(name, "__metadata__") == 0) {
            if (meta) ik__json_fail(j, at, "__metadata__ occurs twice");
            meta = true;
            s = read_meta(st, j, err);
        } else if (read_fields(j, &f)) {
            s = add_tensor(st, name, &f, err);
        }
    }
    if (s) return s;
    if (!ik__json_end(j))
        return ik_errorf(err, IK_FAILED, "%s: the header is not valid: %s at byte %zu", st->path,
                         j->problem, j->where + 8);
    return IK_OK;
}

static ik_status index_names(ik__st *st, ik_error *err) {
    st->by_name = malloc(((size_t)st->count + 1) * sizeof(named));
    if (!st->by_name) return no_memory(st, err);
    for (int i = 0; i < st->count; i++) st->by_name[i] = (named){st->tensors[i].entry.name, i};
    const char *twice = sort_named(st->by_name, st->count);
    if (twice)
        return ik_errorf(err, IK_FAILED, "%s: tensor \"%.200s\" occurs twice", st->path, twice);
    twice = sort_named(st->meta, st->meta_count);
    if (twice)
        return ik_errorf(err, IK_FAILED, "%s: __metadata__ has \"%.200s\" twice", st->path, twice);
    return IK_OK;
}

static int compare_begin(const void *a, const void *b) {
    const tensor *x = *(tensor *const *)a, *y = *(tensor *const *)b;
    if (x->begin != y->begin) return x->begin < y->begin ? -1 : 1;
    return (x->end > y->end) - (x->end < y->end);
}

static ik_status check_tiling(const ik__st *st, ik_error *err) {
    const tensor **order = malloc(((size_t)st->count + 1) * sizeof *order);
    if (!order) return no_memory(st, err);
    for (int i = 0; i < st->count; i++) order[i] = &st->tensors[i];
    qsort(order, (size_t)st->count, sizeof *order, compare_begin);
    int64_t at = 0, data = (int64_t)(st->map.bytes - st->data_at);
    ik_status s = IK_OK;
    for (int i = 0; i < st->count && !s; at = order[i++]->end) {
        const char *name = order[i]->entry.name;
        if (order[i]->begin < at)
            s = ik_errorf(err, IK_FAILED, "%s: tensor \"%.200s\" overlaps tensor \"%.200s\"",
                          st->path, name, order[i - 1]->entry.name);
        else if (order[i]->begin > at)
            s = ik_errorf(err, IK_FAILED,
                          "%s: bytes %" PRId64 " to %" PRId64
                          " before tensor \"%.200s\" belong to no tensor",
                          st->path, at, order[i]->begin, name);
    }
    if (!s && at != data)
        s = ik_errorf(err, IK_FAILED, "%s: the last %" PRId64 " bytes belong to no tensor",
                      st->path, data - at);
    free(order);
    return s;
}

/* --- Opening. */

static bool is_text(const unsigned char *s, size_t n) {
    for (size_t i = 0; i < n && i < 64; i++)
        if (s[i] < ' ' ? !strchr("\t\r\n", s[i]) || !s[i] : s[i] == 0x7f) return false;
    return true;
}

static ik_status take_header(ik__st *st, ik_error *err) {
    uint64_t n;
    memcpy(&n, st->map.data, 8);
    const char *foreign = n > st->map.bytes - 8 ? ik__foreign(st->map.data, st->map.bytes) : NULL;
    if (foreign) return ik_errorf(err, IK_FAILED, "%s: is %s", st->path, foreign);
    if (n > st->map.bytes - 8 && is_text(st->map.data, st->map.bytes))
        return ik_errorf(err, IK_FAILED,
                         "%s: is a text and no file of weights; if it was fetched, look into it "
                         "for what went wrong",
                         st->path);
    if (n > max_header)
        return ik_errorf(err, IK_FAILED,
                         "%s: claims a header of %" PRIu64
                         " bytes, more than the 100 MB allowed; not a safetensors file?",
                         st->path, n);
    if (n > st->map.bytes - 8)
        return ik_errorf(err, IK_FAILED,
                         "%s: claims a header of %" PRIu64
                         " bytes but has only %zu more; cut short?",
                         st->path, n, st->map.bytes - 8);
    st->data_at = 8 + (size_t)n;
    st->header = malloc((size_t)n + 1);
    if (!st->header) return no_memory(st, err);
    memcpy(st->header, st->map.data + 8, (size_t)n);
    return read_header(st, (size_t)n, err);
}

ik_status ik__st_open(const char *path, ik__st **out, ik_error *err) {
    *out = NULL;
    ik__st *st = calloc(1, sizeof *st);
    if (!st || !(st->path = strdup(path))) {
        free(st);
        return ik_errorf(err, IK_FAILED, "%s: out of memory while reading it", path);
    }
    ik_status s = ik__map_open(path, 8, "safetensors", &st->map, err);
    if (!s) s = take_header(st, err);
    if (!s) s = index_names(st, err);
    if (!s) s = check_tiling(st, err);
    if (s)
        ik__st_close(st);
    else
        *out = st;
    return s;
}

void ik__st_close(ik__st *st) {
    if (!st) return;
    ik__map_close(&st->map);
    free(st->tensors);
    free(st->by_name);
    free(st->meta);
    free(st->meta_values);
    free(st->header);
    free(st->path);
    free(st);
}

int ik__st_count(const ik__st *st) {
    return st->count;
}

const ik__st_entry *ik__st_entry_at(const ik__st *st, int i) {
    return i >= 0 && i < st->count ? &st->tensors[i].entry : NULL;
}

int ik__st_find(const ik__st *st, const char *name) {
    return find_named(st->by_name, st->count, name);
}

const char *ik__st_meta(const ik__st *st, const char *key) {
    int i = find_named(st->meta, st->meta_count, key);
    return i < 0 ? NULL : st->meta_values[i];
}

/* --- Reading. */

ik_status ik__st_read(ik__st *st, int i, void *to, ik_error *err) {
    if (i < 0 || i >= st->count)
        return ik_errorf(err, IK_FAILED, "%s: has no tensor number %d", st->path, i);
    const tensor *t = &st->tensors[i];
    int64_t misfit;
    if (!ik__raw_read(t->raw, (size_t)(t->end - t->begin) / (size_t)ik__raw_types[t->raw].bytes,
                      st->map.data + st->data_at + t->begin, to, &misfit))
        return ik_errorf(err, IK_FAILED,
                         "%s: tensor \"%.200s\" holds %" PRId64 ", which does not fit into 32 bits",
                         st->path, t->entry.name, misfit);
    /* A checkpoint is then never in memory twice. */
    ik__map_release(&st->map, st->data_at + (size_t)t->begin, st->data_at + (size_t)t->end);
    return IK_OK;
}
