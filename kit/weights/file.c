/* Files of weights of any format; see file.h. */
#define _GNU_SOURCE
#include "file.h"

#include "base/files.h"
#include "base/pool.h"
#include "base/shape.h"
#include "base/watch.h"
#include "folder/checkpoints.h"
#include "folder/folder.h"
#include "known.h"
#include "spectral.h"
#include "tensors/pth.h"
#include "tensors/raw.h"
#include "tensors/safetensors.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* What an entry is read from, by numbers in the file. */
typedef struct origin {
    int tensor;
    int orig, u; /* -1; or the tensor is an old `weight`, and the entry the `weight_v` to it */
} origin;

struct ik__wfile {
    char *path;
    ik__st *st; /* one of these two */
    ik__pth *pth;
    ik__pool *pool; /* names */
    bool foreign;   /* its names are those of another program, or of a map */
    bool mapped;    /* by a map that is known by names which it has */
    int n;
    ik__wfile_entry *entries;
    origin *origins;
    int *by_name;    /* entries, sorted by name */
    ik__wfile *over; /* goes before, under names that begin with: */
    const char *lead;
};

/* --- opening */

static ik_status no_memory(const char *path, ik_error *err) {
    return ik_errorf(err, IK_FAILED, "%s: out of memory while reading it", path);
}

static int compare(const void *a, const void *b, void *f) {
    const ik__wfile_entry *e = ((ik__wfile *)f)->entries;
    return strcmp(e[*(const int *)a].name, e[*(const int *)b].name);
}

static ik_status sort(ik__wfile *f, ik_error *err) {
    for (int i = 0; i < f->n; i++) f->by_name[i] = i;
    qsort_r(f->by_name, (size_t)f->n, sizeof *f->by_name, compare, f);
    for (int i = 1; i < f->n; i++) {
        const ik__wfile_entry *a = &f->entries[f->by_name[i - 1]], *b = &f->entries[f->by_name[i]];
        if (!strcmp(a->name, b->name))
            return ik_errorf(err, IK_FAILED, "%s: \"%.200s\" and \"%.200s\" both become \"%.200s\"",
                             f->path, a->origin, b->origin, a->name);
    }
    return IK_OK;
}

static int find_with(const ik__wfile *f, const char *name, const char *end) {
    char full[IK__WMAP_NAME_BYTES + 64];
    snprintf(full, sizeof full, "%s%s", name, end);
    return ik__wfile_find(f, full);
}

/* Is entry i an old `weight`, with the other two beside it? */
static bool is_old_spectral(const ik__wfile *f, int i, int *orig, int *u) {
    const ik__wfile_entry *e = &f->entries[i];
    *orig = find_with(f, e->origin, "_orig");
    *u = find_with(f, e->origin, "_u");
    if (*orig < 0 || *u < 0 || find_with(f, e->origin, "_v") >= 0) return false;
    const ik__wfile_entry *w = &f->entries[*orig], *rows = &f->entries[*u];
    return e->dtype == IK_F32 && w->dtype == IK_F32 && rows->dtype == IK_F32 && w->shape.rank &&
           ik_count(w->shape) && ik_same_shape(e->shape, w->shape) &&
           ik_same_shape(rows->shape, IK_SHAPE1(w->shape.d[0]));
}

/* It becomes the `weight_v` that is missing. */
static ik_status convert_old_spectral(ik__wfile *f, ik_error *err) {
    for (int i = 0; i < f->n; i++) {
        int orig, u;
        if (is_old_spectral(f, i, &orig, &u)) f->origins[i] = (origin){i, orig, u};
    }
    for (int i = 0; i < f->n; i++) {
        if (f->origins[i].u < 0) continue;
        ik__wfile_entry *e = &f->entries[i];
        const ik_shape *w = &f->entries[f->origins[i].orig].shape;
        size_t size = strlen(e->origin) + 3;
        char *name = ik__pool_alloc(f->pool, size);
        snprintf(name, size, "%s_v", e->origin);
        e->name = e->origin = name;
        e->shape = IK_SHAPE1(ik_count(*w) / w->d[0]);
    }
    return sort(f, err);
}

static ik_status list_entries(ik__wfile *f, ik_error *err) {
    f->n = f->st ? ik__st_count(f->st) : ik__pth_count(f->pth);
    f->entries = calloc((size_t)f->n + 1, sizeof *f->entries);
    f->origins = calloc((size_t)f->n + 1, sizeof *f->origins);
    f->by_name = calloc((size_t)f->n + 1, sizeof *f->by_name);
    if (!f->entries || !f->origins || !f->by_name) return no_memory(f->path, err);
    for (int i = 0; i < f->n; i++) {
        const ik__st_entry *e = f->st ? ik__st_entry_at(f->st, i) : ik__pth_entry_at(f->pth, i);
        f->entries[i] = (ik__wfile_entry){.name = e->name,
                                          .origin = e->name,
                                          .raw_dtype = e->raw_dtype,
                                          .dtype = e->dtype,
                                          .shape = e->shape};
        f->origins[i] = (origin){i, -1, -1};
    }
    ik_status status = sort(f, err);
    return status || !f->foreign ? status : convert_old_spectral(f, err);
}

static bool is_pth(const char *path) {
    unsigned char head[16] = {0};
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a pipe must not hang us */
    bool read_all = fd >= 0 && read(fd, head, sizeof head) == sizeof head;
    if (fd >= 0) close(fd);
    return read_all && ik__pth_is(head);
}

/* The file that a path means: itself, or a checkpoint's, or that of a run's newest checkpoint. */
static ik_status find_file(const char *path, ik__path *file, ik_error *err) {
    struct stat info;
    bool there = true;
    int64_t newest = -1;
    *file = ik__path_of("%s", path);
    if (stat(path, &info) || !S_ISDIR(info.st_mode)) return IK_OK;
    *file = ik__path_of("%s/" IK__WEIGHTS_FILE, path);
    ik_status status = ik__look(file->text, &there, err);
    if (!status && !there) status = ik__checkpoints_newest(path, &newest, err);
    if (status || there) return status;
    if (newest < 0)
        return ik_errorf(err, IK_FAILED,
                         "%s: a folder without " IK__WEIGHTS_FILE "; name a checkpoint, as "
                         "%s/checkpoints/step-00001000",
                         path, path);
    *file = ik__path_of("%s/" IK__WEIGHTS_FILE, ik__folder_checkpoint(path, newest).text);
    ik__tell(IK__SAID, "%s: its newest checkpoint is taken, step %" PRId64, path, newest);
    return IK_OK;
}

ik_status ik__wfile_open(const char *path, ik__wfile **out, ik_error *err) {
    ik__path file;
    *out = NULL;
    ik_status status = find_file(path, &file, err);
    if (status) return status;
    ik__wfile *f = calloc(1, sizeof *f);
    if (!f || !(f->path = strdup(file.text))) {
        free(f);
        return no_memory(path, err);
    }
    f->pool = ik__pool_new();
    f->foreign = is_pth(f->path);
    if (f->foreign)
        status = ik__pth_open(f->path, &f->pth, err);
    else
        status = ik__st_open(f->path, &f->st, err);
    if (!status && f->pth && ik__pth_choice(f->pth))
        ik__tell(IK__NOTED, "%s: %s", f->path, ik__pth_choice(f->pth));
    if (!status) status = list_entries(f, err);
    if (status)
        ik__wfile_close(f);
    else
        *out = f;
    return status;
}

void ik__wfile_close(ik__wfile *f) {
    if (!f) return;
    ik__st_close(f->st);
    ik__pth_close(f->pth);
    ik__pool_free(f->pool);
    free(f->entries);
    free(f->origins);
    free(f->by_name);
    free(f->path);
    free(f);
}

const char *ik__wfile_path(const ik__wfile *f) {
    return f->path;
}

bool ik__wfile_mapped(const ik__wfile *f) {
    return f->mapped;
}

int ik__wfile_count(const ik__wfile *f) {
    return f->n;
}

const ik__wfile_entry *ik__wfile_entry_at(const ik__wfile *f, int i) {
    return i >= 0 && i < f->n ? &f->entries[i] : NULL;
}

int ik__wfile_find(const ik__wfile *f, const char *name) {
    int low = 0, high = f->n;
    while (low < high) {
        int middle = low + (high - low) / 2;
        if (strcmp(f->entries[f->by_name[middle]].name, name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low < f->n && !strcmp(f->entries[f->by_name[low]].name, name) ? f->by_name[low] : -1;
}

/* Where an entry of the file lies in the one laid over it; -1: nowhere. */
static int find_over(const ik__wfile *f, const ik__wfile_entry *e) {
    char name[IK__WMAP_NAME_BYTES + 64];
    if (!f->over) return -1;
    snprintf(name, sizeof name, "%s%s", f->lead, e->origin);
    int at = ik__wfile_find(f->over, name);
    bool alike = at >= 0 && ik_count(f->over->entries[at].shape) == ik_count(e->shape);
    return alike && f->over->entries[at].dtype == e->dtype ? at : -1;
}

int ik__wfile_overlay(ik__wfile *f, ik__wfile *over, const char *lead) {
    int n = 0;
    f->over = over;
    f->lead = lead;
    for (int i = 0; i < f->n; i++) n += find_over(f, &f->entries[i]) >= 0;
    return n;
}

static ik_status read_tensor(ik__wfile *f, int tensor, void *to, ik_error *err) {
    return f->st ? ik__st_read(f->st, tensor, to, err) : ik__pth_read(f->pth, tensor, to, err);
}

static int64_t elements(const ik__wfile *f, int tensor) {
    const ik__st_entry *e =
        f->st ? ik__st_entry_at(f->st, tensor) : ik__pth_entry_at(f->pth, tensor);
    return ik_count(e->shape);
}

static ik_status read_old_spectral(ik__wfile *f, const origin *o, float *v, ik_error *err) {
    const int64_t rows = elements(f, o->u), n = elements(f, o->orig);
    float *all = malloc((size_t)(2 * n + rows) * sizeof *all);
    if (!all) return no_memory(f->path, err);
    ik_status status = read_tensor(f, o->orig, all, err);
    if (!status) status = read_tensor(f, o->tensor, all + n, err);
    if (!status) status = read_tensor(f, o->u, all + 2 * n, err);
    if (!status) ik__old_spectral_v(rows, n / rows, all, all + n, all + 2 * n, v);
    free(all);
    return status;
}

static ik_status read_plain(ik__wfile *f, int i, void *to, ik_error *err) {
    int over = find_over(f, &f->entries[i]);
    const origin *o = &f->origins[i];
    if (over >= 0) return ik__wfile_read(f->over, over, to, err);
    return o->u < 0 ? read_tensor(f, o->tensor, to, err) : read_old_spectral(f, o, to, err);
}

/* Elements of 4 bytes, from the order of the file to that of the shape. */
static void permute(const ik__wfile_entry *e, const void *theirs, void *ours) {
    int64_t stride[IK_MAX_RANK], ignored;
    for (int i = 0; i < e->shape.rank; i++) { /* theirs, of the axis that is i here */
        stride[i] = 1;
        for (int k = 0; k < e->shape.rank; k++)
            if (e->axes.of[k] > e->axes.of[i]) stride[i] *= e->shape.d[k];
    }
    ik__raw_gather(IK__I32, &e->shape, stride, theirs, ours, &ignored);
}

ik_status ik__wfile_read(ik__wfile *f, int i, void *to, ik_error *err) {
    if (i < 0 || i >= f->n)
        return ik_errorf(err, IK_FAILED, "%s: has no tensor number %d", f->path, i);
    const ik__wfile_entry *e = &f->entries[i];
    if (!e->axes.n) return read_plain(f, i, to, err);
    void *theirs = malloc((size_t)ik_count(e->shape) * 4 + 1);
    if (!theirs) return no_memory(f->path, err);
    ik_status status = read_plain(f, i, theirs, err);
    if (!status) permute(e, theirs, to);
    free(theirs);
    return status;
}

const char *ik__wfile_meta(const ik__wfile *f, const char *key) {
    return f->st ? ik__st_meta(f->st, key) : NULL;
}

/* --- names by a map */

static ik_status permute_shape(const ik__wfile *f, ik__wfile_entry *e, const ik__wmap_axes *axes,
                               ik_error *err) {
    if (!axes->n) return IK_OK;
    if (axes->n != e->shape.rank)
        return ik_errorf(err, IK_FAILED,
                         "%s: the map permutes %d axes of \"%.200s\", which has %d dimensions",
                         f->path, axes->n, e->origin, e->shape.rank);
    const ik_shape theirs = e->shape;
    for (int i = 0; i < axes->n; i++) e->shape.d[i] = theirs.d[axes->of[i]];
    e->axes = *axes;
    return IK_OK;
}

/* What no rule matches gets a name that nobody can ask for. */
static ik_status rename_entry(ik__wfile *f, ik__wfile_entry *e, bool matched, const char *network,
                              const char *name, const ik__wmap_axes *axes, ik_error *err) {
    char full[2 * IK__WMAP_NAME_BYTES];
    e->unmatched = !matched;
    snprintf(full, sizeof full, "%s%s%s%s", network, *network ? "." : "", matched ? "" : "\n",
             matched ? name : e->origin);
    e->name = ik__pool_strdup(f->pool, full);
    return matched ? permute_shape(f, e, axes, err) : IK_OK;
}

ik_status ik__wfile_rename(ik__wfile *f, const ik__wmap *map, const char *network, ik_error *err) {
    ik_status status = IK_OK;
    f->mapped = ik__known_by(f, map) || !ik__wmap_marks(map);
    for (int i = 0; i < f->n && !status; i++) {
        char name[IK__WMAP_NAME_BYTES];
        ik__wmap_axes axes;
        ik__wfile_entry *e = &f->entries[i];
        bool matched = ik__wmap_ours(map, e->origin, name, &axes);
        e->spare = ik__wmap_spare(map, e->origin);
        status = rename_entry(f, e, matched, network, name, &axes, err);
    }
    return status ? status : sort(f, err);
}

ik_status ik__wfile_rename_back(ik__wfile *f, const ik__wmap *map, ik_error *err) {
    const char *network = ik__wmap_network(map);
    ik_status status = ik__wfile_keep(f, network, false, err);
    for (int i = 0; i < f->n && !status; i++) {
        char name[IK__WMAP_NAME_BYTES];
        ik__wmap_axes axes;
        ik__wfile_entry *e = &f->entries[i];
        bool matched = ik__wmap_theirs(map, e->name + strlen(network) + 1, name, &axes);
        status = rename_entry(f, e, matched, "", name, &axes, err);
    }
    return status ? status : sort(f, err);
}

/* --- one network's entries */

static bool within(const char *name, const char *network) {
    size_t n = strlen(network);
    return !strncmp(name, network, n) && name[n] == '.';
}

bool ik__wfile_holds(const ik__wfile *f, const char *network) {
    for (int i = 0; i < f->n; i++)
        if (within(f->entries[i].name, network)) return true;
    return false;
}

ik_status ik__wfile_keep(ik__wfile *f, const char *network, bool strict, ik_error *err) {
    int kept = 0, n = 0;
    for (int i = 0; i < f->n; i++) kept += within(f->entries[i].name, network);
    bool bare = !strict && (f->foreign ? kept < f->n : !kept);
    for (int i = 0; i < f->n; i++) {
        ik__wfile_entry *e = &f->entries[i];
        if (bare) {
            size_t size = strlen(network) + strlen(e->name) + 2;
            char *name = ik__pool_alloc(f->pool, size);
            snprintf(name, size, "%s.%s", network, e->name);
            e->name = name;
        } else if (!within(e->name, network)) {
            continue;
        }
        f->origins[n] = f->origins[i];
        f->entries[n++] = *e;
    }
    f->n = n;
    return sort(f, err);
}
