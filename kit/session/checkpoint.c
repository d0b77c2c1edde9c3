/* Checkpoints: a folder with the weights, the optimiser's state and the position, written aside,
 * synced and renamed, so that a checkpoint is whole or not there. */
#include "checkpoint.h"

#include "base/aside.h"
#include "base/files.h"
#include "exec/choices.h"
#include "start.h"
#include "tensors/safetensors.h"
#include "weights/file.h"

#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* --- one safetensors file of entries */

static const char *const prefix[IK__PARTS] = {[IK__VALUE] = "",
                                              [IK__FIRST_MOMENT] = "m.",
                                              [IK__SECOND_MOMENT] = "v.",
                                              [IK__AVERAGE] = "ema."};

/* Numbers that are not finite would spoil the checkpoint, and its keeping an older, good one. */
static ik_status check_finite(const char *name, const float *v, int64_t n, ik_error *err) {
    for (int64_t i = 0; i < n; i++)
        if (!isfinite(v[i]))
            return ik_errorf(err, IK_FAILED,
                             "%s holds %g, so no checkpoint was written; lower train.lr and "
                             "go on from the last one with --resume",
                             name, isnan(v[i]) ? NAN : (double)v[i]);
    return IK_OK;
}

static int by_path(const void *a, const void *b) {
    return strcmp((*(ik__entry *const *)a)->path, (*(ik__entry *const *)b)->path);
}

static void add_meta(const ik__session *s, ik__st_writer *w, const ik__position *at) {
    const ik__store *st = s->engine->store;
    char text[32], key[96];
    snprintf(text, sizeof text, "%lld", (long long)at->step);
    ik__st_meta_set(w, "step", text);
    snprintf(text, sizeof text, "%lld", (long long)at->log_bytes);
    ik__st_meta_set(w, "log_bytes", text);
    snprintf(text, sizeof text, "%lld", (long long)s->set.seed);
    ik__st_meta_set(w, "seed", text);
    for (int i = 0; i < st->n_blocks; i++) {
        snprintf(key, sizeof key, "adam_steps.%s", st->blocks[i].name);
        snprintf(text, sizeof text, "%lld", (long long)st->blocks[i].t);
        ik__st_meta_set(w, key, text);
    }
}

static ik_status write_entry(const ik__store *st, const ik__entry *e, ik__part p, ik__st_writer *w,
                             ik_error *err) {
    float *host = ik__store_read(st, e, p, err);
    if (!host) return IK_FAILED;
    char name[1100];
    snprintf(name, sizeof name, "%s%s", prefix[p], e->path);
    ik_status status = check_finite(name, host, ik_count(e->shape), err);
    if (!status) ik__st_write(w, host, ik_count(e->shape));
    free(host);
    return status;
}

static ik_status write_file(ik__session *s, const char *path, ik__part from, ik__part to,
                            const ik__position *at, ik_error *err) {
    ik__store *st = s->engine->store;
    ik__entry **sorted = malloc(sizeof *sorted * ((size_t)st->n + 1));
    ik__st_writer *w = ik__st_writer_new(path);
    ik_status status = IK_OK;
    if (!sorted || !w) {
        status = ik_errorf(err, IK_FAILED, "out of memory while saving %s", path);
        goto fail;
    }
    memcpy(sorted, st->entries, sizeof *sorted * (size_t)st->n);
    qsort(sorted, (size_t)st->n, sizeof *sorted, by_path);
    char name[1100];
    for (ik__part p = from; p <= to; p++)
        for (int i = 0; i < st->n; i++)
            if (ik__store_at(st, sorted[i], p)) {
                snprintf(name, sizeof name, "%s%s", prefix[p], sorted[i]->path);
                ik__st_add(w, name, IK_F32, sorted[i]->shape);
            }
    ik__st_meta_set(w, "format", "pt");
    if (at) add_meta(s, w, at);
    ik__st_begin(w);
    for (ik__part p = from; p <= to && !status; p++)
        for (int i = 0; i < st->n && !status; i++)
            if (ik__store_at(st, sorted[i], p)) status = write_entry(st, sorted[i], p, w, err);
    free(sorted);
    if (!status) return ik__st_commit(w, err);
    ik__st_abort(w);
    return status;
fail:
    free(sorted);
    if (w) ik__st_abort(w);
    return status;
}

/* A frozen network that the pipeline named later than the checkpoint was written, as for a metric:
 * it is not the checkpoint's to fill. */
static bool came_later(const ik__session *s, const ik__wfile *file, const char *network) {
    const ik__network *net = ik__model_network(s->model, network);
    return net && net->frozen && !ik__wfile_holds(file, network);
}

/* They start as their own `weights:` says. */
static ik_status start_later_ones(ik__session *s, const ik__wfile *file, ik_error *err) {
    ik_status status = IK_OK;
    for (int i = 0; i < s->model->n_networks && !status; i++) {
        const char *name = s->model->networks[i].name;
        if (came_later(s, file, name)) status = ik__weights_start_network(s, name, err);
    }
    return status;
}

/* Fills the parts from a file; with `out` the file stays open. */
static ik_status read_file(ik__session *s, const char *path, ik__part from, ik__part to,
                           ik__wfile **out, ik_error *err) {
    ik__store *st = s->engine->store;
    ik__wfile *file;
    ik_status status = ik__wfile_open(path, &file, err);
    if (status) return status;
    ik__pool *names = ik__pool_new();
    ik__wanted *wanted = ik__pool_alloc(names, sizeof *wanted * (size_t)(IK__PARTS * st->n + 1));
    int n = 0;
    for (ik__part p = from; p <= to; p++)
        for (int i = 0; i < st->n; i++) {
            const ik__entry *e = st->entries[i];
            void *data = ik__store_at(st, e, p);
            if (!data || (p == IK__VALUE && came_later(s, file, st->blocks[e->block].name)))
                continue;
            char name[1100];
            snprintf(name, sizeof name, "%s%s", prefix[p], e->path);
            wanted[n++] = (ik__wanted){ik__pool_strdup(names, name), e->shape, data};
        }
    status = ik__wfile_load(file, n, wanted, st->backend, st->self, err);
    ik__store_changed(st);
    if (!status && from == IK__VALUE) status = start_later_ones(s, file, err);
    ik__pool_free(names);
    if (out && !status)
        *out = file;
    else
        ik__wfile_close(file);
    return status;
}

ik_status ik__weights_save(ik__session *s, const char *path, ik_error *err) {
    return write_file(s, path, IK__VALUE, IK__VALUE, NULL, err);
}

/* --- folders */

/* Calls `each` with the path of all that lies in a folder and whose name begins with `prefix`. */
static void walk_folder(const char *folder, const char *prefix, void each(const char *path)) {
    DIR *d = opendir(folder);
    struct dirent *e;
    while (d && (e = readdir(d))) {
        bool itself = !strcmp(e->d_name, ".") || !strcmp(e->d_name, "..");
        if (!itself && !strncmp(e->d_name, prefix, strlen(prefix)))
            each(ik__folder_file(folder, e->d_name).text);
    }
    if (d) closedir(d);
}

static void remove_file(const char *path) {
    unlink(path);
}

static void remove_folder(const char *path) {
    walk_folder(path, "", remove_file);
    rmdir(path);
}

/* The step that a folder's name tells, or -1. */
static int64_t step_of(const char *name) {
    char *end;
    size_t n = strlen(IK__CHECKPOINT_PREFIX);
    if (strncmp(name, IK__CHECKPOINT_PREFIX, n) || name[n] < '0' || name[n] > '9') return -1;
    int64_t step = strtoll(name + n, &end, 10);
    return *end ? -1 : step;
}

static int by_step(const void *a, const void *b) {
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

/* The steps of the checkpoints there are, ascending; the caller frees them. */
static int64_t *list_steps(const char *folder, int *n) {
    int64_t *steps = NULL;
    int room = 0;
    *n = 0;
    DIR *d = opendir(folder);
    struct dirent *e;
    while (d && (e = readdir(d))) {
        int64_t step = step_of(e->d_name);
        if (step < 0) continue;
        if (*n == room) {
            int64_t *more = realloc(steps, sizeof *steps * (size_t)(room = 2 * room + 16));
            if (!more) break;
            steps = more;
        }
        steps[(*n)++] = step;
    }
    if (d) closedir(d);
    if (*n) qsort(steps, (size_t)*n, sizeof *steps, by_step);
    return steps;
}

int64_t ik__checkpoint_newest(const char *run) {
    int n;
    int64_t *steps = list_steps(ik__folder_checkpoints(run).text, &n);
    int64_t newest = n ? steps[n - 1] : -1;
    free(steps);
    return newest;
}

bool ik__checkpoint_exists(const ik__session *s) {
    return ik__checkpoint_newest(s->out.text) >= 0;
}

/* What a write that was cut short has left. */
static void remove_leftovers(const char *run) {
    walk_folder(ik__folder_checkpoints(run).text, IK__WRITING_PREFIX, remove_folder);
}

static void remove_old(const char *run, int64_t keep) {
    int n;
    int64_t *steps = list_steps(ik__folder_checkpoints(run).text, &n);
    for (int64_t i = 0; i < n - keep; i++) remove_folder(ik__folder_checkpoint(run, steps[i]).text);
    free(steps);
}

static ik_status write_folder(ik__session *s, const char *aside, const ik__position *at,
                              ik_error *err) {
    ik_status status = ik__make_folder(aside, err);
    ik__path path = ik__folder_file(aside, IK__WEIGHTS_FILE);
    if (!status) status = write_file(s, path.text, IK__VALUE, IK__VALUE, NULL, err);
    path = ik__folder_file(aside, IK__OPTIMIZER_FILE);
    if (!status) status = write_file(s, path.text, IK__FIRST_MOMENT, IK__AVERAGE, at, err);
    path = ik__folder_file(aside, IK__CHOICES_FILE);
    if (!status) status = ik__choices_save(s->engine, path.text, err);
    path = ik__folder_file(aside, IK__PIPELINE_FILE);
    return status ? status : ik__conf_write(s->conf, path.text, err);
}

ik_status ik__checkpoint_save(ik__session *s, const ik__position *at, ik_error *err) {
    const char *run = s->out.text;
    ik__path aside = ik__folder_writing(run, at->step),
             final = ik__folder_checkpoint(run, at->step);
    remove_leftovers(run);
    ik_status status = write_folder(s, aside.text, at, err);
    if (status) {
        remove_folder(aside.text);
        return status;
    }
    ik__sync_folder(aside.text);
    remove_folder(final.text);
    if (rename(aside.text, final.text))
        return ik_errorf(err, IK_FAILED, "cannot rename %s to %s: %s", aside.text, final.text,
                         strerror(errno));
    ik__sync_folder(ik__folder_checkpoints(run).text);
    remove_old(run, s->set.train.keep);
    return IK_OK;
}

static int64_t number(const ik__wfile *file, const char *key) {
    const char *text = ik__wfile_meta(file, key);
    return text ? strtoll(text, NULL, 10) : 0;
}

ik_status ik__checkpoint_resume(ik__session *s, ik__position *at, ik_error *err) {
    *at = (ik__position){0};
    remove_leftovers(s->out.text);
    int64_t newest = ik__checkpoint_newest(s->out.text);
    if (newest < 0) return IK_OK;
    ik__path folder = ik__folder_checkpoint(s->out.text, newest);
    ik__path path = ik__folder_file(folder.text, IK__WEIGHTS_FILE);
    ik_status status = read_file(s, path.text, IK__VALUE, IK__VALUE, NULL, err);
    if (status) return status;
    ik__wfile *file;
    path = ik__folder_file(folder.text, IK__OPTIMIZER_FILE);
    status = read_file(s, path.text, IK__FIRST_MOMENT, IK__AVERAGE, &file, err);
    if (status) return status;
    at->step = number(file, "step");
    at->log_bytes = number(file, "log_bytes");
    if (at->step != newest)
        status = ik_errorf(err, IK_FAILED,
                           "%s was written at step %lld; the folder's files do not belong "
                           "together: remove it to go on from the checkpoint before",
                           path.text, (long long)at->step);
    else if (number(file, "seed") != s->set.seed)
        status = ik_errorf(err, IK_USAGE,
                           "%s was trained with seed %lld, the pipeline says %lld; a resumed run "
                           "keeps its seed",
                           path.text, (long long)number(file, "seed"), (long long)s->set.seed);
    for (int i = 0; i < s->engine->store->n_blocks; i++) {
        char key[96];
        snprintf(key, sizeof key, "adam_steps.%s", s->engine->store->blocks[i].name);
        s->engine->store->blocks[i].t = number(file, key);
    }
    ik__wfile_close(file);
    return status;
}
