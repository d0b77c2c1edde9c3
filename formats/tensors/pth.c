/* Files of torch.save; see pth.h. What the two formats share: the storages that a pickle refers to,
 * tensors checked against them, and their elements gathered by stride. */
#include "pth_internal.h"

#include <inttypes.h>
#include <stdlib.h>

static const double max_sharing = 64;

bool ik__pth_is(const unsigned char head[16]) {
    bool zip = !memcmp(head, "PK\3\4", 4), stream = head[0] == 0x80 && head[1] >= 2 && head[1] <= 5;
    return (zip || stream) && head[8] != '{'; /* where the header of safetensors begins */
}

/* --- storages */

static int compare_keys(const char *a, size_t a_bytes, const char *b, size_t b_bytes) {
    int c = memcmp(a, b, a_bytes < b_bytes ? a_bytes : b_bytes);
    return c ? c : (a_bytes > b_bytes) - (a_bytes < b_bytes);
}

static int compare_storages(const void *a, const void *b) {
    const ik__pth_storage *x = a, *y = b;
    return compare_keys(x->key, x->key_bytes, y->key, y->key_bytes);
}

ik__pth_storage *ik__pth_storage_of(const ik__pth *p, const char *key, size_t key_bytes) {
    ik__pth_storage wanted = {.key = key, .key_bytes = key_bytes};
    return p->n_storages ? bsearch(&wanted, p->storages, (size_t)p->n_storages, sizeof wanted,
                                   compare_storages)
                         : NULL;
}

/* The key in a message, whatever bytes it is made of. */
#define KEY(s) (int)((s)->key_bytes < 100 ? (s)->key_bytes : 100), (s)->key

ik_status ik__pth_list_storages(ik__pth *p, const ik__pickle *pickle, ik_error *err) {
    p->storages = calloc((size_t)pickle->n + 1, sizeof *p->storages);
    if (!p->storages)
        return ik_errorf(err, IK_FAILED, "%s: out of memory while reading it", p->path);
    for (int i = 0; i < pickle->n; i++) {
        const ik__pickle_storage *s = pickle->storages[i];
        p->storages[i] = (ik__pth_storage){s->key, s->key_bytes, s->raw, s->total, 0, false, 0};
    }
    qsort(p->storages, (size_t)pickle->n, sizeof *p->storages, compare_storages);
    for (int i = 0; i < pickle->n; i++) {
        ik__pth_storage *s = &p->storages[i], *last = p->storages + p->n_storages;
        if (__builtin_mul_overflow(s->count, ik__raw_types[s->raw].bytes, &s->bytes))
            return ik_errorf(err, IK_FAILED, "%s: storage \"%.*s\" is impossibly large", p->path,
                             KEY(s));
        if (!p->n_storages || compare_storages(--last, s))
            p->storages[p->n_storages++] = *s;
        else if (last->raw != s->raw || last->count != s->count)
            return ik_errorf(err, IK_FAILED, "%s: storage \"%.*s\" is of two types or lengths",
                             p->path, KEY(s));
    }
    return IK_OK;
}

/* --- tensors */

/* The last element lies in the storage, and the tensor is not larger than it: a view that repeats
 * elements could be of any size. */
static ik_status check_extent(const ik__pth *p, const ik__pth_tensor *t, ik_error *err) {
    const ik__pickle_tensor *r = t->recipe;
    int64_t last = r->offset, bytes, step;
    bool overflow = !ik__raw_bytes(t->storage->raw, &t->entry.shape, &bytes);
    for (int i = 0; i < r->rank && !overflow; i++)
        overflow = r->size[i] && (__builtin_mul_overflow(r->size[i] - 1, r->stride[i], &step) ||
                                  __builtin_add_overflow(last, step, &last));
    if (overflow)
        return ik_errorf(err, IK_FAILED, "%s: tensor \"%.200s\" has an impossibly large shape",
                         p->path, t->entry.name);
    if (!bytes) return IK_OK;
    if (last >= r->storage->count)
        return ik_errorf(err, IK_FAILED,
                         "%s: tensor \"%.200s\" reaches to element %" PRId64
                         " of a storage of %" PRId64 "; the file is damaged",
                         p->path, t->entry.name, last, r->storage->count);
    if (bytes > t->storage->bytes)
        return ik_errorf(err, IK_FAILED,
                         "%s: tensor \"%.200s\" repeats the elements of a smaller storage; save it "
                         "with .contiguous()",
                         p->path, t->entry.name);
    return IK_OK;
}

static ik_status check_tensor(ik__pth *p, ik__pth_tensor *t, ik_error *err) {
    const ik__pickle_tensor *r = t->recipe;
    t->storage = ik__pth_storage_of(p, r->storage->key, r->storage->key_bytes);
    if (!t->storage || !t->storage->found)
        return ik_errorf(err, IK_FAILED,
                         "%s: tensor \"%.200s\" lies in storage \"%.*s\", which is "
                         "not there; the file is damaged or cut short",
                         p->path, t->entry.name, KEY(r->storage));
    if (r->rank > IK_MAX_RANK)
        return ik_errorf(err, IK_FAILED, "%s: tensor \"%.200s\" has more than %d dimensions",
                         p->path, t->entry.name, IK_MAX_RANK);
    t->entry.shape.rank = r->rank;
    for (int i = 0; i < r->rank; i++) t->entry.shape.d[i] = r->size[i];
    t->entry.raw_dtype = ik__raw_types[t->storage->raw].name;
    t->entry.dtype = ik__raw_types[t->storage->raw].as;
    return check_extent(p, t, err);
}

/* Tensors may share numbers, but a small file must not become a vast one. */
static ik_status check_sharing(const ik__pth *p, ik_error *err) {
    double storages = 0, tensors = 0;
    for (int i = 0; i < p->n_storages; i++) storages += (double)p->storages[i].bytes;
    for (int i = 0; i < p->n; i++) tensors += (double)ik_count(p->tensors[i].entry.shape);
    if (tensors <= max_sharing * (storages + 1)) return IK_OK;
    return ik_errorf(err, IK_FAILED,
                     "%s: its tensors share numbers so often that %.0f elements would come of %.0f "
                     "bytes",
                     p->path, tensors, storages);
}

/* --- opening */

ik_status ik__pth_open(const char *path, ik__pth **out, ik_error *err) {
    *out = NULL;
    unsigned char head[2] = {0};
    FILE *f = fopen(path, "rbe");
    bool zip = f && fread(head, 1, 2, f) == 2 && head[0] == 'P' && head[1] == 'K';
    if (f) fclose(f);
    ik__pth *p = calloc(1, sizeof *p);
    if (!p || !(p->path = strdup(path))) {
        free(p);
        return ik_errorf(err, IK_FAILED, "%s: out of memory while reading it", path);
    }
    p->pool = ik__pool_new();
    ik_status status = zip ? ik__pth_zip_open(p, err) : ik__pth_stream_open(p, err);
    if (!status) status = ik__pth_state(p, err);
    for (int i = 0; i < p->n && !status; i++) status = check_tensor(p, &p->tensors[i], err);
    if (!status) status = check_sharing(p, err);
    if (status)
        ik__pth_close(p);
    else
        *out = p;
    return status;
}

void ik__pth_close(ik__pth *p) {
    if (!p) return;
    ik__pth_zip_close(p);
    ik__map_close(&p->map);
    ik__pool_free(p->pool);
    free(p->tensors);
    free(p->storages);
    free(p->path);
    free(p);
}

int ik__pth_count(const ik__pth *p) {
    return p->n;
}

const ik__st_entry *ik__pth_entry_at(const ik__pth *p, int i) {
    return i >= 0 && i < p->n ? &p->tensors[i].entry : NULL;
}

/* --- elements */

static bool contiguous(const ik__pickle_tensor *t) {
    int64_t wanted = 1;
    for (int i = t->rank; i-- > 0; wanted *= t->size[i])
        if (t->size[i] != 1 && t->stride[i] != wanted) return false;
    return true;
}

ik_status ik__pth_read(ik__pth *p, int i, void *to, ik_error *err) {
    if (i < 0 || i >= p->n)
        return ik_errorf(err, IK_FAILED, "%s: has no tensor number %d", p->path, i);
    const ik__pth_tensor *t = &p->tensors[i];
    const int64_t n = ik_count(t->entry.shape);
    if (!n) return IK_OK;
    const unsigned char *from = p->map.data ? p->map.data + t->storage->at : NULL;
    ik_status status = from ? IK_OK : ik__pth_zip_numbers(p, t->storage, &from, err);
    if (status) return status;
    int64_t misfit, first = t->recipe->storage->offset + t->recipe->offset;
    from += first * ik__raw_types[t->storage->raw].bytes;
    bool good = contiguous(t->recipe) ? ik__raw_read(t->storage->raw, (size_t)n, from, to, &misfit)
                                      : ik__raw_gather(t->storage->raw, &t->entry.shape,
                                                       t->recipe->stride, from, to, &misfit);
    if (p->map.data)
        ik__map_release(&p->map, t->storage->at, t->storage->at + (uint64_t)t->storage->bytes);
    if (good) return IK_OK;
    return ik_errorf(err, IK_FAILED,
                     "%s: tensor \"%.200s\" holds %" PRId64 ", which does not fit into 32 bits",
                     p->path, t->entry.name, misfit);
}
