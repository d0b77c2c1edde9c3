/* Checkpoints: a folder with the weights, the optimiser's state and the position, written aside,
 * synced and renamed, so that a checkpoint is whole or not there. */
#include "checkpoint.h"

#include "base/aside.h"
#include "base/open.h"
#include "base/files.h"
#include "base/numbers.h"
#include "exec/choices.h"
#include "folder/checkpoints.h"
#include "former.h"
#include "start.h"
#include "tensors/safetensors.h"
#include "weights/file.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

/* --- one safetensors file of entries */

static const char *const prefix[IK__PARTS] = {[IK__VALUE] = "",
                                              [IK__FIRST_MOMENT] = "m.",
                                              [IK__SECOND_MOMENT] = "v.",
                                              [IK__AVERAGE] = "ema."};

/* Numbers that are not finite would spoil the checkpoint, and its keeping an older, good one. */
static ik_status check_finite(const char *name, const float *v, int64_t n, ik_error *err) {
    int64_t at = ik__first_odd(v, n);
    if (at < 0) return IK_OK;
    return ik_errorf(err, IK_FAILED,
                     "%s holds %g, so no checkpoint was written; lower train.lr and "
                     "go on from the last one with --resume",
                     name, isnan(v[at]) ? NAN : (double)v[at]);
}

static int by_path(const void *a, const void *b) {
    return strcmp((*(ik__entry *const *)a)->path, (*(ik__entry *const *)b)->path);
}

enum { STEPS_KEY = sizeof((ik__block *)0)->name + 16 };

static const char *steps_key(char key[STEPS_KEY], const ik__block *b) {
    snprintf(key, STEPS_KEY, "adam_steps.%s", b->name);
    return key;
}

static void set_number(ik__st_writer *w, const char *key, int64_t value) {
    char text[32];
    snprintf(text, sizeof text, "%lld", (long long)value);
    ik__st_meta_set(w, key, text);
}

static void add_meta(const ik__session *s, ik__st_writer *w, const ik__position *at) {
    const ik__store *st = s->engine->store;
    const ik__course *c = &at->course;
    set_number(w, "pictures", c->pictures);
    set_number(w, "epoch", c->epoch);
    set_number(w, "taken", c->taken);
    set_number(w, "items", c->items);
    set_number(w, "batch", c->batch);
    set_number(w, "log_bytes", at->log_bytes);
    set_number(w, "seed", s->set.seed);
    for (int i = 0; i < st->n_blocks; i++) {
        char key[STEPS_KEY];
        set_number(w, steps_key(key, &st->blocks[i]), st->blocks[i].t);
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

/* `at`: of a checkpoint; NULL for weights alone. */
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
    if (at)
        set_number(w, "step", at->course.step); /* by which a checkpoint's files know each other */
    if (at && from != IK__VALUE) add_meta(s, w, at);
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

/* What ik__store_at tells of a store that has been built. */
static bool has_part(const ik__session *s, const ik__entry *e, ik__part p) {
    const ik__block *b = &s->engine->store->blocks[e->block];
    if (p == IK__VALUE) return true;
    return e->learned && b->trained && (p != IK__AVERAGE || (b->averaged && s->set.train.ema > 0));
}

/* Fills the parts from a file; `look`: only says whether it would. */
static ik_status load_parts(ik__session *s, ik__wfile *file, ik__part from, ik__part to, bool look,
                            ik_error *err) {
    ik__store *st = s->engine->store;
    ik__pool *names = ik__pool_new();
    ik__wanted *wanted = ik__pool_alloc(names, sizeof *wanted * (size_t)(IK__PARTS * st->n + 1));
    int n = 0;
    for (ik__part p = from; p <= to; p++)
        for (int i = 0; i < st->n; i++) {
            const ik__entry *e = st->entries[i];
            if (!has_part(s, e, p) ||
                (p == IK__VALUE && came_later(s, file, st->blocks[e->block].name)))
                continue;
            char name[1100];
            snprintf(name, sizeof name, "%s%s", prefix[p], e->path);
            void *data = look ? NULL : ik__store_at(st, e, p);
            wanted[n++] = (ik__wanted){ik__pool_strdup(names, name), e->shape, data};
        }
    ik_status status = look ? ik__wfile_fit(file, n, wanted, err)
                            : ik__wfile_load(file, n, wanted, st->backend, st->self, err);
    if (!look) ik__store_changed(st);
    ik__pool_free(names);
    return status;
}

/* A number of the file's metadata, not below 0. Keeps the first failure in `status`. */
static int64_t number(const ik__wfile *file, const char *key, ik_status *status, ik_error *err) {
    const char *text = ik__wfile_meta(file, key);
    char *end = NULL;
    errno = 0;
    long long v = text ? strtoll(text, &end, 10) : -1;
    if (*status || (text && end != text && !*end && !errno && v >= 0)) return v;
    *status = ik_errorf(err, IK_FAILED,
                        "%s: its metadata %s%s%s%s; it was changed or is damaged: remove its "
                        "folder to go on from the checkpoint before",
                        ik__wfile_path(file), text ? "says '" : "does not say '", key,
                        text ? "' is " : "'", text ? text : "");
    return 0;
}

static ik_status not_together(const ik__wfile *file, int64_t step, ik_error *err) {
    return ik_errorf(err, IK_FAILED,
                     "%s was written at step %lld; the folder's files do not belong together: "
                     "remove it to go on from the checkpoint before",
                     ik__wfile_path(file), (long long)step);
}

/* Of step `step`, if the file says one at all; -1: of any. */
static ik_status load_weights(ik__session *s, const char *path, int64_t step, bool look,
                              ik_error *err) {
    ik__wfile *file;
    ik_status status = ik__wfile_open(path, &file, err);
    if (status) return status;
    if (step >= 0 && ik__wfile_meta(file, "step")) {
        int64_t of = number(file, "step", &status, err);
        if (!status && of != step) status = not_together(file, of, err);
    }
    if (!status) status = load_parts(s, file, IK__VALUE, IK__VALUE, look, err);
    if (!status && !look) status = start_later_ones(s, file, err);
    ik__wfile_close(file);
    return status;
}

ik_status ik__weights_load(ik__session *s, const char *path, ik_error *err) {
    return load_weights(s, path, -1, false, err);
}

ik_status ik__weights_save(ik__session *s, const char *path, ik_error *err) {
    return write_file(s, path, IK__VALUE, IK__VALUE, NULL, err);
}

/* --- folders */

static ik_status write_folder(ik__session *s, const char *aside, const ik__position *at,
                              ik_error *err) {
    ik_status status = ik__make_folder(aside, err);
    ik__path path = ik__folder_file(aside, IK__WEIGHTS_FILE);
    if (!status) status = write_file(s, path.text, IK__VALUE, IK__VALUE, at, err);
    path = ik__folder_file(aside, IK__OPTIMIZER_FILE);
    if (!status) status = write_file(s, path.text, IK__FIRST_MOMENT, IK__AVERAGE, at, err);
    path = ik__folder_file(aside, IK__CHOICES_FILE);
    if (!status) status = ik__choices_save(s->engine, path.text, err);
    path = ik__folder_file(aside, IK__PIPELINE_FILE);
    return status ? status : ik__conf_write(s->conf, path.text, err);
}

ik_status ik__checkpoint_save(ik__session *s, const ik__position *at, ik_error *err) {
    const char *run = s->out.text;
    ik__path aside = ik__folder_writing(run, at->course.step),
             final = ik__folder_checkpoint(run, at->course.step);
    ik_status status = ik__checkpoints_tidy(run, err);
    if (!status) status = write_folder(s, aside.text, at, err);
    if (status) {
        ik__checkpoint_remove(aside.text);
        return status;
    }
    ik__sync_folder(aside.text);
    ik__checkpoint_remove(final.text);
    if (rename(aside.text, final.text))
        return ik_errorf(err, IK_FAILED, "cannot rename %s to %s: %s", aside.text, final.text,
                         ik__why(errno));
    ik__sync_folder(ik__folder_checkpoints(run).text);
    return ik__checkpoints_keep(run, s->set.train.keep, err);
}

/* One that was written before courses were counts steps of as many pictures as its pipeline says.
 */
static ik_status course_of(const ik__wfile *file, int64_t batch, ik__course *c, ik_error *err) {
    const ik__course old = {.items = c->items, .batch = batch};
    ik_status status = IK_OK;
    int64_t step = number(file, "step", &status, err);
    if (status) return status;
    if (!ik__wfile_meta(file, "pictures")) {
        if (old.items >= batch) *c = ik__course_at(&old, step);
        return IK_OK;
    }
    *c = (ik__course){.items = number(file, "items", &status, err),
                      .batch = number(file, "batch", &status, err),
                      .step = step,
                      .pictures = number(file, "pictures", &status, err),
                      .epoch = number(file, "epoch", &status, err),
                      .taken = number(file, "taken", &status, err)};
    if (status || (c->items && c->batch && c->taken <= c->items && c->batch <= c->items))
        return status;
    return ik_errorf(err, IK_FAILED,
                     "%s: its metadata has %lld pictures taken of %lld, %lld at a step, which "
                     "cannot be; remove its folder to go on from the checkpoint before",
                     ik__wfile_path(file), (long long)c->taken, (long long)c->items,
                     (long long)c->batch);
}

/* Averages begin with the first step, and are kept up to the last. */
static ik_status check_averages(const ik__session *s, const ik__wfile *file, ik_error *err) {
    const ik__store *st = s->engine->store;
    bool had = false, wanted = false;
    for (int i = 0; i < ik__wfile_count(file); i++)
        had |= !strncmp(ik__wfile_entry_at(file, i)->name, prefix[IK__AVERAGE],
                        strlen(prefix[IK__AVERAGE]));
    for (int i = 0; i < st->n; i++) wanted |= has_part(s, st->entries[i], IK__AVERAGE);
    if (had == wanted) return IK_OK;
    if (wanted)
        return ik_errorf(err, IK_USAGE,
                         "%s was trained without averaged weights, which cannot begin in its "
                         "middle; set train.ema to 0 as it was, or begin a new run in another "
                         "folder",
                         s->out.text);
    return ik_errorf(err, IK_USAGE,
                     "%s was trained with averaged weights, which would be lost; set train.ema as "
                     "it was, or begin a new run in another folder",
                     s->out.text);
}

/* Do the files belong together, and to this pipeline? */
static ik_status check_meta(const ik__session *s, const ik__wfile *file, int64_t newest,
                            const ik__course *c, ik_error *err) {
    ik_status status = IK_OK;
    if (c->step != newest) return not_together(file, c->step, err);
    int64_t seed = number(file, "seed", &status, err);
    if (status || seed == s->set.seed) return status;
    return ik_errorf(err, IK_USAGE,
                     "%s was trained with seed %lld, the pipeline says %lld; a resumed run "
                     "keeps its seed",
                     ik__wfile_path(file), (long long)seed, (long long)s->set.seed);
}

/* How often each network has been updated. */
static ik_status load_updates(ik__session *s, const ik__wfile *file, bool look, ik_error *err) {
    ik__store *st = s->engine->store;
    ik_status status = IK_OK;
    for (int i = 0; i < st->n_blocks && !status; i++) {
        char key[STEPS_KEY];
        /* A network that came later has none, and is never updated. */
        if (!st->blocks[i].trained && !ik__wfile_meta(file, steps_key(key, &st->blocks[i])))
            continue;
        int64_t t = number(file, steps_key(key, &st->blocks[i]), &status, err);
        if (!look) st->blocks[i].t = t;
    }
    return status;
}

static ik_status load_state(ik__session *s, const char *folder, int64_t newest, ik__position *at,
                            bool look, ik_error *err) {
    ik__wfile *file;
    ik_status status = ik__wfile_open(ik__folder_file(folder, IK__OPTIMIZER_FILE).text, &file, err);
    if (status) return status;
    status = check_averages(s, file, err);
    if (!status) status = load_parts(s, file, IK__FIRST_MOMENT, IK__AVERAGE, look, err);
    if (!status) status = course_of(file, ik__former_batch(s, folder), &at->course, err);
    if (!status) at->log_bytes = number(file, "log_bytes", &status, err);
    if (!status) status = check_meta(s, file, newest, &at->course, err);
    if (!status) status = load_updates(s, file, look, err);
    ik__wfile_close(file);
    return status;
}

static ik_status resume(ik__session *s, ik__position *at, bool look, ik_error *err) {
    int64_t newest;
    *at = (ik__position){.course = {.items = s->info->count[IK_TRAIN],
                                    .batch = s->set.train.batch * s->set.train.accumulate}};
    ik_status status = ik__checkpoints_newest(s->out.text, &newest, err);
    if (status || newest < 0) return status;
    ik__path folder = ik__folder_checkpoint(s->out.text, newest);
    ik__former_tell(s, folder.text);
    status =
        load_weights(s, ik__folder_file(folder.text, IK__WEIGHTS_FILE).text, newest, look, err);
    return status ? status : load_state(s, folder.text, newest, at, look, err);
}

ik_status ik__checkpoint_resume(ik__session *s, ik__position *at, ik_error *err) {
    return resume(s, at, false, err);
}

ik_status ik__checkpoint_try(ik__session *s, ik_error *err) {
    ik__position ignored;
    return resume(s, &ignored, true, err);
}
