/* Checkpoints: a folder with the weights, the optimiser's state and the position, written aside,
 * synced and renamed, so that a checkpoint is whole or not there. */
#include "safetensors.h"
#include "session.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* --- one safetensors file of entries */

typedef enum part { WEIGHTS, FIRST_MOMENTS, SECOND_MOMENTS, PARTS } part;
static const char *const prefix[PARTS] = {"", "m.", "v."};

static void *storage(const ik__store *s, const ik__entry *e, part p) {
    const ik__block *b = &s->blocks[e->block];
    if (p == WEIGHTS) return ik__store_value(s, e);
    if (!e->learned || !b->trained) return NULL;
    size_t unit = s->backend->element_bytes(s->self, IK_F32);
    return (char *)(p == FIRST_MOMENTS ? b->m : b->v) + (size_t)e->offset * unit;
}

static int by_path(const void *a, const void *b) {
    return strcmp((*(ik__entry *const *)a)->path, (*(ik__entry *const *)b)->path);
}

static ik_status write_file(ik__session *s, const char *path, part from, part to,
                            const ik__position *at, ik_error *err) {
    ik__store *st = s->engine->store;
    ik__entry **sorted = malloc(sizeof *sorted * ((size_t)st->n + 1));
    ik__st_writer *w = ik__st_writer_new(path);
    ik_status status = IK_OK;
    if (!sorted || !w) {
        status = ik_errorf(err, IK_FAILED, "error: out of memory while saving %s", path);
        goto fail;
    }
    memcpy(sorted, st->entries, sizeof *sorted * (size_t)st->n);
    qsort(sorted, (size_t)st->n, sizeof *sorted, by_path);
    char text[1100];
    for (part p = from; p <= to; p++)
        for (int i = 0; i < st->n; i++)
            if (storage(st, sorted[i], p)) {
                snprintf(text, sizeof text, "%s%s", prefix[p], sorted[i]->path);
                ik__st_add(w, text, IK_F32, sorted[i]->shape);
            }
    ik__st_meta_set(w, "format", "pt");
    if (at) {
        snprintf(text, sizeof text, "%lld", (long long)at->step);
        ik__st_meta_set(w, "step", text);
        snprintf(text, sizeof text, "%lld", (long long)at->log_bytes);
        ik__st_meta_set(w, "log_bytes", text);
        snprintf(text, sizeof text, "%lld", (long long)s->set.seed);
        ik__st_meta_set(w, "seed", text);
        for (int i = 0; i < st->n_blocks; i++) {
            char key[96];
            snprintf(key, sizeof key, "adam_steps.%s", st->blocks[i].name);
            snprintf(text, sizeof text, "%lld", (long long)st->blocks[i].t);
            ik__st_meta_set(w, key, text);
        }
    }
    ik__st_begin(w);
    for (part p = from; p <= to && !status; p++)
        for (int i = 0; i < st->n && !status; i++) {
            void *data = storage(st, sorted[i], p);
            int64_t n = ik_count(sorted[i]->shape);
            float *host = data ? malloc((size_t)n * sizeof *host) : NULL;
            if (!data) continue;
            status = host ? st->backend->download(st->self, IK_F32, n, host, data, err)
                          : ik_errorf(err, IK_FAILED, "error: out of memory while saving %s", path);
            if (!status) ik__st_write(w, host, n);
            free(host);
        }
    free(sorted);
    if (!status) return ik__st_commit(w, err);
    ik__st_abort(w);
    return status;
fail:
    free(sorted);
    if (w) ik__st_abort(w);
    return status;
}

/* What does not fit, all of it, in one message. */
static ik_status mismatches(ik__session *s, ik__st *file, const char *path, part from, part to,
                            ik_error *err) {
    ik__store *st = s->engine->store;
    char list[1600] = "";
    int bad = 0, wanted = 0;
    for (part p = from; p <= to; p++)
        for (int i = 0; i < st->n; i++) {
            if (!storage(st, st->entries[i], p)) continue;
            wanted++;
            char name[1100];
            snprintf(name, sizeof name, "%s%s", prefix[p], st->entries[i]->path);
            int k = ik__st_find(file, name);
            const char *what = k < 0 ? "missing" : NULL;
            if (k >= 0 && !ik_same_shape(ik__st_entry_at(file, k)->shape, st->entries[i]->shape))
                what = "of another shape";
            size_t at = strlen(list);
            if (what && ++bad <= 12)
                snprintf(list + at, sizeof list - at, "\n  %s: %.120s", what, name);
        }
    for (int k = 0; k < ik__st_count(file); k++) {
        const char *name = ik__st_entry_at(file, k)->name;
        part p = !strncmp(name, "m.", 2) && from > WEIGHTS   ? FIRST_MOMENTS
                 : !strncmp(name, "v.", 2) && from > WEIGHTS ? SECOND_MOMENTS
                                                             : WEIGHTS;
        ik__entry *e = ik__store_find(st, name + strlen(prefix[p]));
        size_t at = strlen(list);
        if ((!e || !storage(st, e, p)) && ++bad <= 12)
            snprintf(list + at, sizeof list - at, "\n  surplus: %.120s", name);
    }
    if (!bad) return IK_OK;
    return ik_errorf(err, IK_FAILED, "error: %s does not fit this pipeline, %d of %d entries:%s%s",
                     path, bad, wanted, list, bad > 12 ? "\n  ..." : "");
}

static ik_status read_file(ik__session *s, const char *path, part from, part to, ik__st **out,
                           ik_error *err) {
    ik__store *st = s->engine->store;
    ik__st *file;
    ik_status status = ik__st_open(path, &file, err);
    if (status) return status;
    status = mismatches(s, file, path, from, to, err);
    for (part p = from; p <= to && !status; p++)
        for (int i = 0; i < st->n && !status; i++) {
            void *data = storage(st, st->entries[i], p);
            if (!data) continue;
            char name[1100];
            snprintf(name, sizeof name, "%s%s", prefix[p], st->entries[i]->path);
            int64_t n = ik_count(st->entries[i]->shape);
            float *host = malloc((size_t)n * sizeof *host);
            status = host
                         ? ik__st_read(file, ik__st_find(file, name), host, err)
                         : ik_errorf(err, IK_FAILED, "error: out of memory while reading %s", path);
            if (!status) status = st->backend->upload(st->self, IK_F32, n, data, host, err);
            free(host);
        }
    if (out && !status)
        *out = file;
    else
        ik__st_close(file);
    return status;
}

ik_status ik__weights_save(ik__session *s, const char *path, ik_error *err) {
    return write_file(s, path, WEIGHTS, WEIGHTS, NULL, err);
}

ik_status ik__weights_load(ik__session *s, const char *path, ik_error *err) {
    return read_file(s, path, WEIGHTS, WEIGHTS, NULL, err);
}

/* --- folders */

static void remove_folder(const char *path) {
    DIR *d = opendir(path);
    struct dirent *e;
    while (d && (e = readdir(d))) {
        char file[1400];
        snprintf(file, sizeof file, "%s/%s", path, e->d_name);
        if (strcmp(e->d_name, ".") && strcmp(e->d_name, "..")) unlink(file);
    }
    if (d) closedir(d);
    rmdir(path);
}

static void sync_folder(const char *path) {
    int fd = open(path, O_RDONLY | O_DIRECTORY);
    if (fd < 0) return;
    fsync(fd);
    close(fd);
}

/* Steps of the checkpoints there are, ascending; *n of at most `most`. Leftovers of a write that
 * was cut short are removed on the way. */
static void list_steps(const char *folder, int64_t *steps, int most, int *n) {
    *n = 0;
    DIR *d = opendir(folder);
    struct dirent *e;
    while (d && (e = readdir(d))) {
        char path[1400], *end;
        snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
        if (!strncmp(e->d_name, ".writing-", 9)) remove_folder(path);
        if (strncmp(e->d_name, "step-", 5)) continue;
        int64_t step = strtoll(e->d_name + 5, &end, 10);
        if (*end || *n == most) continue;
        int i = (*n)++;
        for (; i && steps[i - 1] > step; i--) steps[i] = steps[i - 1];
        steps[i] = step;
    }
    if (d) closedir(d);
}

ik_status ik__checkpoint_save(ik__session *s, const ik__position *at, ik_error *err) {
    char folder[1100], aside[1200], final[1200], path[1300];
    snprintf(folder, sizeof folder, "%s/checkpoints", s->out);
    snprintf(aside, sizeof aside, "%s/.writing-%08lld", folder, (long long)at->step);
    snprintf(final, sizeof final, "%s/step-%08lld", folder, (long long)at->step);
    remove_folder(aside);
    ik_status status = ik__make_folder(aside, err);
    if (!status) {
        snprintf(path, sizeof path, "%s/weights.safetensors", aside);
        status = write_file(s, path, WEIGHTS, WEIGHTS, NULL, err);
    }
    if (!status) {
        snprintf(path, sizeof path, "%s/optimizer.safetensors", aside);
        status = write_file(s, path, FIRST_MOMENTS, SECOND_MOMENTS, at, err);
    }
    if (!status) {
        snprintf(path, sizeof path, "%s/pipeline.yaml", aside);
        char *text = ik__conf_dump(s->conf);
        FILE *f = text ? fopen(path, "w") : NULL;
        bool written = f && fputs(text, f) >= 0 && !fflush(f) && !fsync(fileno(f));
        if (f && fclose(f)) written = false;
        if (!written)
            status = ik_errorf(err, IK_FAILED, "error: cannot write %s: %s", path, strerror(errno));
        free(text);
    }
    if (status) {
        remove_folder(aside);
        return status;
    }
    sync_folder(aside);
    remove_folder(final);
    if (rename(aside, final))
        return ik_errorf(err, IK_FAILED, "error: cannot rename %s to %s: %s", aside, final,
                         strerror(errno));
    sync_folder(folder);
    int64_t steps[1024];
    int n;
    list_steps(folder, steps, 1024, &n);
    for (int i = 0; i < n - (int)s->set.train.keep; i++) {
        snprintf(path, sizeof path, "%s/step-%08lld", folder, (long long)steps[i]);
        remove_folder(path);
    }
    return IK_OK;
}

static int64_t number(ik__st *file, const char *key) {
    const char *text = ik__st_meta(file, key);
    return text ? strtoll(text, NULL, 10) : 0;
}

ik_status ik__checkpoint_resume(ik__session *s, ik__position *at, ik_error *err) {
    char folder[1100], path[1300];
    int64_t steps[1024];
    int n;
    *at = (ik__position){0};
    snprintf(folder, sizeof folder, "%s/checkpoints", s->out);
    list_steps(folder, steps, 1024, &n);
    if (!n) return IK_OK;
    snprintf(path, sizeof path, "%s/step-%08lld/weights.safetensors", folder,
             (long long)steps[n - 1]);
    ik_status status = read_file(s, path, WEIGHTS, WEIGHTS, NULL, err);
    if (status) return status;
    ik__st *file;
    snprintf(path, sizeof path, "%s/step-%08lld/optimizer.safetensors", folder,
             (long long)steps[n - 1]);
    status = read_file(s, path, FIRST_MOMENTS, SECOND_MOMENTS, &file, err);
    if (status) return status;
    at->step = number(file, "step");
    at->log_bytes = number(file, "log_bytes");
    if (number(file, "seed") != s->set.seed)
        status =
            ik_errorf(err, IK_USAGE,
                      "error: %s was trained with seed %lld, the pipeline says %lld; a resumed run "
                      "keeps its seed",
                      path, (long long)number(file, "seed"), (long long)s->set.seed);
    for (int i = 0; i < s->engine->store->n_blocks; i++) {
        char key[96];
        snprintf(key, sizeof key, "adam_steps.%s", s->engine->store->blocks[i].name);
        s->engine->store->blocks[i].t = number(file, key);
    }
    ik__st_close(file);
    return status;
}
