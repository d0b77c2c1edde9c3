/* Writing safetensors: beside the file, synced, renamed. The first failure is kept for commit. */
#define _GNU_SOURCE
#include "base/aside.h"
#include "base/open.h"
#include "base/text.h"
#include "safetensors.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

typedef struct planned {
    char *name;
    ik_dtype dtype;
    ik_shape shape;
    int64_t count;
} planned;

struct ik__st_writer {
    const char *path; /* the aside's */
    ik__aside aside;
    planned *entries;
    int count, room;
    ik__text meta; /* the members of __metadata__ */
    int fd;        /* -1 before begin */
    int64_t total; /* bytes of the whole file */
    int current;   /* the entry being written */
    int64_t done;  /* elements of it that were */
    bool began, failed;
    ik_error error;
};

/* Keeps the first failure. */
#define FAIL(w, ...)                                                                               \
    ((w)->failed ? IK_FAILED : ((w)->failed = true, ik_errorf(&(w)->error, IK_FAILED, __VA_ARGS__)))

static ik_status no_memory(ik__st_writer *w) {
    return FAIL(w, "%s: out of memory while writing it", w->path);
}

static bool is_utf8(const char *s) {
    for (int n; *s; s += n)
        if (!(n = ik__utf8_length(s))) return false;
    return true;
}

ik__st_writer *ik__st_writer_new(const char *path) {
    ik__st_writer *w = calloc(1, sizeof *w);
    if (!w) return NULL;
    w->fd = -1;
    ik__aside_name(&w->aside, path);
    w->path = w->aside.path.text;
    return w;
}

void ik__st_add(ik__st_writer *w, const char *name, ik_dtype dtype, ik_shape shape) {
    if (!w || w->failed) return;
    int64_t count = 1, bytes;
    bool good = shape.rank >= 0 && shape.rank <= IK_MAX_RANK && !w->began;
    for (int i = 0; good && i < shape.rank; i++)
        good = shape.d[i] >= 0 && !__builtin_mul_overflow(count, shape.d[i], &count);
    good = good && !__builtin_mul_overflow(count, 4, &bytes) &&
           !__builtin_add_overflow(w->total, bytes, &w->total);
    if (!good || !is_utf8(name) || strcmp(name, "__metadata__") == 0) {
        FAIL(w, "%s: tensor \"%.200s\" cannot be added: %s", w->path, name,
             w->began ? "the header is written"
             : good   ? "its name is not allowed"
                      : "its shape is wrong");
        return;
    }
    if (w->count == w->room) {
        int room = w->room ? w->room * 2 : 64;
        planned *more = realloc(w->entries, (size_t)room * sizeof *more);
        if (!more) {
            no_memory(w);
            return;
        }
        w->entries = more;
        w->room = room;
    }
    planned *e = &w->entries[w->count];
    *e = (planned){strdup(name), dtype, shape, count};
    if (e->name)
        w->count++;
    else
        no_memory(w);
}

void ik__st_meta_set(ik__st_writer *w, const char *key, const char *value) {
    if (!w || w->failed) return;
    if (w->began || !is_utf8(key) || !is_utf8(value)) {
        FAIL(w, "%s: metadata \"%.200s\" cannot be set: %s", w->path, key,
             w->began ? "the header is written" : "it is not UTF-8");
        return;
    }
    if (w->meta.n) ik__text_add(&w->meta, ",", 1);
    ik__text_quote(&w->meta, key);
    ik__text_add(&w->meta, ":", 1);
    ik__text_quote(&w->meta, value);
}

/* --- The header. */

static int compare_names(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static ik_status check_names(ik__st_writer *w) {
    const char **names = malloc(((size_t)w->count + 1) * sizeof *names);
    if (!names) return no_memory(w);
    for (int i = 0; i < w->count; i++) names[i] = w->entries[i].name;
    qsort(names, (size_t)w->count, sizeof *names, compare_names);
    ik_status s = IK_OK;
    for (int i = 1; i < w->count && !s; i++)
        if (strcmp(names[i - 1], names[i]) == 0)
            s = FAIL(w, "%s: tensor \"%.200s\" was added twice", w->path, names[i]);
    free(names);
    return s;
}

static void compose_header(const ik__st_writer *w, ik__text *t) {
    const char *comma = "";
    int64_t at = 0;
    ik__text_add(t, "{", 1);
    if (w->meta.n) {
        ik__text_printf(t, "\"__metadata__\":{%s}", w->meta.data);
        comma = ",";
    }
    for (int i = 0; i < w->count; i++) {
        const planned *e = &w->entries[i];
        ik__text_add(t, comma, strlen(comma));
        ik__text_quote(t, e->name);
        ik__text_printf(t, ":{\"dtype\":\"%s\",\"shape\":[", e->dtype == IK_F32 ? "F32" : "I32");
        for (int k = 0; k < e->shape.rank; k++)
            ik__text_printf(t, "%s%" PRId64, k ? "," : "", e->shape.d[k]);
        ik__text_printf(t, "],\"data_offsets\":[%" PRId64 ",%" PRId64 "]}", at, at + e->count * 4);
        at += e->count * 4;
        comma = ",";
    }
    ik__text_add(t, "}", 1);
    while (t->n % 8 && !t->failed) ik__text_add(t, " ", 1); /* aligns the data */
}

static ik_status write_bytes(ik__st_writer *w, const void *data, size_t n) {
    for (const char *p = data; n;) {
        ssize_t k = write(w->fd, p, n);
        if (k < 0 && errno == EINTR) continue;
        if (k <= 0) {
            int why = k < 0 ? errno : ENOSPC;
            bool full = why == ENOSPC || why == EDQUOT;
            return FAIL(w, "%s: cannot be written: %s%s", w->path, ik__why(why),
                        full ? "; free some space or choose another folder" : "");
        }
        p += k;
        n -= (size_t)k;
    }
    return IK_OK;
}

/* Entries without elements need no writing. */
static void step_over_done(ik__st_writer *w) {
    while (w->current < w->count && w->done == w->entries[w->current].count) {
        w->current++;
        w->done = 0;
    }
}

ik_status ik__st_begin(ik__st_writer *w) {
    if (!w || w->failed) return IK_FAILED;
    if (w->began) return FAIL(w, "%s: was begun twice", w->path);
    w->began = true;
    if (check_names(w)) return IK_FAILED;
    ik__aside_sweep_file(w->path);
    if (ik__aside_open(&w->aside, w->path, &w->error)) {
        w->failed = true;
        return IK_FAILED;
    }
    w->fd = fileno(w->aside.file);
    ik__text header = {0};
    compose_header(w, &header);
    uint64_t n = header.n;
    if (w->meta.failed || header.failed)
        no_memory(w);
    else if (!write_bytes(w, &n, 8))
        write_bytes(w, header.data, header.n);
    ik__text_free(&header);
    step_over_done(w);
    return w->failed ? IK_FAILED : IK_OK;
}

ik_status ik__st_write(ik__st_writer *w, const void *data, int64_t n) {
    if (!w || w->failed) return IK_FAILED;
    if (w->fd < 0) return FAIL(w, "%s: data came before the header", w->path);
    if (n == 0) return IK_OK;
    if (w->current == w->count)
        return FAIL(w, "%s: data came after the last tensor was complete", w->path);
    const planned *e = &w->entries[w->current];
    if (n < 0 || n > e->count - w->done)
        return FAIL(w, "%s: tensor \"%.200s\" has %" PRId64 " elements left and was given %" PRId64,
                    w->path, e->name, e->count - w->done, n);
    if (write_bytes(w, data, (size_t)n * 4)) return IK_FAILED;
    w->done += n;
    step_over_done(w);
    return IK_OK;
}

/* --- The end. */

static void free_writer(ik__st_writer *w) {
    for (int i = 0; i < w->count; i++) free(w->entries[i].name);
    free(w->entries);
    ik__text_free(&w->meta);
    free(w);
}

ik_status ik__st_commit(ik__st_writer *w, ik_error *err) {
    if (!w) return ik_errorf(err, IK_FAILED, "out of memory while writing a safetensors file");
    if (!w->failed && w->fd < 0) FAIL(w, "%s: was never begun", w->path);
    if (!w->failed && w->current < w->count)
        FAIL(w, "%s: tensor \"%.200s\" lacks %" PRId64 " of its elements", w->path,
             w->entries[w->current].name, w->entries[w->current].count - w->done);
    if (!w->failed) w->failed = ik__aside_commit(&w->aside, &w->error) != IK_OK;
    if (w->failed) {
        if (err) *err = w->error;
        ik__st_abort(w);
        return IK_FAILED;
    }
    free_writer(w);
    return IK_OK;
}

void ik__st_abort(ik__st_writer *w) {
    if (!w) return;
    ik__aside_abort(&w->aside);
    free_writer(w);
}
