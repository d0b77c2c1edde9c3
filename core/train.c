/* Training two players in turn.
 *
 * A step: the generator's program and its Adam update, then the discriminator's on fakes made anew
 * by the updated generator. State changes (running statistics, power iterations, weights) are
 * committed only after the losses were seen to be finite, so a stop always leaves the last good
 * state.
 *
 * With train.accumulate, the loader gives the pictures of a whole step and the programs take them
 * batch by batch; rows keep their number within the step, so they see the same pictures and the
 * same noise as one large batch would. State is committed once, after the last of them. */
#include "clock.h"
#include "grid.h"
#include "loader.h"
#include "progress.h"
#include "report.h"
#include "runlog.h"
#include "session.h"
#include "signals.h"
#include "training.h"

#include <stdlib.h>
#include <math.h>
#include <unistd.h>

typedef struct trainer {
    ik__session *s;
    ik__loader *loader;
    ik__log *log;
    ik__progress *progress;
    ik__position at;
    int64_t total, per_epoch;
    int64_t saved;     /* the step of the newest checkpoint, or -1 */
    float loss[2][32]; /* by player, in the order of the program's outputs */
    double began, noted;
    int64_t began_at, noted_at;
} trainer;

/* Constant for `epochs`, then linear: in epoch e > epochs, counted from 1, 1 - (e-1-epochs)/decay.
 */
static double rate_factor(const ik__session *s, int64_t step, int64_t per_epoch) {
    const struct ik__train *t = &s->set.train;
    int64_t epoch = step / per_epoch + 1;
    if (t->steps || epoch <= t->epochs || !t->decay_epochs) return 1;
    return 1 - (double)(epoch - 1 - t->epochs) / (double)t->decay_epochs;
}

void ik__adam_step(ik__session *s, ik__role role, double lr) {
    ik__store *store = s->engine->store;
    const struct ik__train *set = &s->set.train;
    ik__store_changed(store);
    for (int i = 0; i < store->n_blocks; i++) {
        ik__block *b = &store->blocks[i];
        if (!b->trained || !b->learned || !ik__plays(s->model, b->name, role)) continue;
        ik_adam a = {lr, set->betas.v[0], set->betas.v[1], set->eps, ++b->t};
        const void *grad = b->sum ? b->sum : b->grad;
        s->engine->backend->adam(s->engine->self, b->learned, &a, b->value, grad, b->m, b->v);
    }
}

static void update(const trainer *t, ik__role role) {
    const struct ik__train *set = &t->s->set.train;
    double lr = role == IK__GENERATOR ? set->lr_generator : set->lr_discriminator;
    ik__adam_step(t->s, role, lr * rate_factor(t->s, t->at.step, t->per_epoch));
}

/* Takes the gradients of batch `part` into their mean over the step's batches. */
static void add_gradients(trainer *t, ik__role role, int64_t part) {
    ik__session *s = t->s;
    ik__store *store = s->engine->store;
    double share = 1 / (double)s->set.train.accumulate;
    for (int i = 0; i < store->n_blocks; i++) {
        ik__block *b = &store->blocks[i];
        if (!b->sum || !ik__plays(s->model, b->name, role)) continue;
        s->engine->backend->axpby(s->engine->self, b->learned, share, b->grad, part ? 1 : 0,
                                  b->sum);
    }
}

static const char *player(ik__role role) {
    return role == IK__GENERATOR ? "generator" : "discriminator";
}

static ik_status not_finite(trainer *t, ik__role role, const ik_step *step, const char *loss,
                            double value, ik_error *err) {
    char where[600];
    ik__check_finite(t->s->engine, t->s->step[role], step, where, sizeof where);
    return ik_errorf(
        err, IK_FAILED,
        "error: step %lld: the loss '%s' of the %s is %g%s%s; nothing of this update was kept. "
        "Lower train.lr, or go on from the last checkpoint with --resume after changing what "
        "caused it",
        (long long)t->at.step + 1, loss, player(role), isnan(value) ? NAN : value,
        where[0] ? ": " : "", where);
}

/* Adds the losses of a batch to their means; the first that is not finite ends the step. */
static ik_status add_losses(trainer *t, ik__role role, const ik_step *step, ik_error *err) {
    const ik__program *p = t->s->step[role];
    const ik__names *out = &p->graph->outputs;
    ik_status status = IK_OK;
    for (int i = 0; i < out->n && i < 32 && !status; i++) {
        float value;
        status = ik__program_tensor(t->s->engine, t->s->step[role], out->v[i].node, &value, err);
        if (!status && !isfinite(value))
            return not_finite(t, role, step, out->v[i].name, (double)value, err);
        t->loss[role][i] += value / (float)t->s->set.train.accumulate;
    }
    return status;
}

/* Rows `first` onward of the step's pictures. */
static ik_status upload_rows(ik__session *s, const ik__batch *all, int64_t first, ik_error *err) {
    ik__batch part = *all;
    part.n = s->set.train.batch;
    int64_t pixels = s->info->height * s->info->width, segments = s->info->max_segments;
    part.image += first * pixels * 3;
    part.label += first * pixels;
    part.instance += first * pixels;
    part.segments += first * pixels;
    part.segment_label += first * segments;
    part.segment_instance += first * segments;
    return ik__upload_batch(s, &part, err);
}

static bool due(int64_t step, int64_t every) {
    return every && step % every == 0;
}

/* Is a grid made after the step that is running? */
static bool picture_due(const trainer *t) {
    int64_t after = t->at.step + 1, every = t->s->set.train.picture_every;
    return due(after, every) || (every && after == t->total);
}

/* What the generator made of the batch: with an encoder, its reconstruction. Label map, picture,
 * fake. */
static ik_status batch_picture(trainer *t, const ik__batch *all, int64_t first, ik_error *err) {
    ik__session *s = t->s;
    const ik__node *fake = ik__names_get(&s->step[IK__GENERATOR]->graph->kept, "fake");
    const ik__data_info *d = s->info;
    int64_t pixels = d->height * d->width, rows = s->set.train.batch;
    float *rgb = malloc(sizeof *rgb * (size_t)(rows * pixels * 3));
    ik__grid *grid = ik__grid_new((int)rows, 3, (int)d->height, (int)d->width, IK__GRID_PAD);
    ik_status status =
        rgb && grid ? IK_OK : ik_errorf(err, IK_FAILED, "error: out of memory for a grid");
    if (!status) status = ik__program_tensor(s->engine, s->step[IK__GENERATOR], fake, rgb, err);
    for (int64_t i = 0; i < rows && !status; i++) {
        int64_t at = (first + i) * pixels;
        ik__grid_labels(grid, (int)i, 0, all->label + at, all->instance + at);
        ik__grid_image(grid, (int)i, 1, all->image + at * 3);
        ik__grid_image(grid, (int)i, 2, rgb + i * pixels * 3);
    }
    char path[1200];
    snprintf(path, sizeof path, "%s/images/batch-%08lld.png", s->out, (long long)t->at.step + 1);
    if (!status) status = ik__grid_save(grid, path, err);
    ik__grid_free(grid);
    free(rgb);
    return status;
}

static ik_status play(trainer *t, ik__role role, const ik__batch *all, ik_error *err) {
    ik__session *s = t->s;
    ik__program *p = s->step[role];
    if (!p) return IK_OK;
    ik_status status = IK_OK;
    memset(t->loss[role], 0, sizeof t->loss[role]);
    for (int64_t part = 0; part < s->set.train.accumulate && !status; part++) {
        int64_t first = part * s->set.train.batch;
        ik_step step = {(uint64_t)s->set.seed, 2 * (uint64_t)t->at.step + role, (uint64_t)first};
        status = upload_rows(s, all, first, err);
        if (!status) status = ik__program_run(s->engine, p, &step, true, err);
        if (!status) status = add_losses(t, role, &step, err);
        if (!status) add_gradients(t, role, part);
        bool last = part == s->set.train.accumulate - 1;
        if (!status && role == IK__GENERATOR && last && picture_due(t))
            status = batch_picture(t, all, first, err);
    }
    if (status) return status;
    ik__program_commit(s->engine, p);
    update(t, role);
    if (role == IK__GENERATOR) ik__average_step(s->engine->store, s->set.train.ema);
    return IK_OK;
}

static void losses_text(const trainer *t, char *text, size_t size) {
    size_t at = 0;
    text[0] = 0;
    for (int role = 0; role < 2; role++) {
        const ik__program *p = t->s->step[role];
        for (int i = 0; p && i < p->graph->outputs.n && i < 32 && at < size; i++)
            at += (size_t)snprintf(text + at, size - at, "%s%s %.3f", at ? "  " : "",
                                   !strcmp(p->graph->outputs.v[i].name, "total")
                                       ? (role ? "D" : "G")
                                       : p->graph->outputs.v[i].name,
                                   (double)t->loss[role][i]);
    }
}

static ik_status write_log(trainer *t, ik_error *err) {
    ik__log_begin(t->log);
    ik__log_int(t->log, "step", t->at.step);
    ik__log_int(t->log, "epoch", (t->at.step - 1) / t->per_epoch + 1);
    for (int role = 0; role < 2; role++) {
        const ik__program *p = t->s->step[role];
        for (int i = 0; p && i < p->graph->outputs.n && i < 32; i++) {
            char key[96];
            snprintf(key, sizeof key, "%s.%s", player((ik__role)role), p->graph->outputs.v[i].name);
            ik__log_real(t->log, key, t->loss[role][i]);
        }
    }
    return ik__log_end(t->log, err);
}

static ik_status picture(trainer *t, ik_error *err) {
    char path[1200];
    snprintf(path, sizeof path, "%s/images/train-%08lld.png", t->s->out, (long long)t->at.step);
    return ik__synthesize(t->s, 4, 2, IK__FRESH, path, NULL, err);
}

/* The time since the last note is added to what the run has trained. */
static void note_time(trainer *t) {
    double passed = ik__now();
    ik__facts *f = &t->s->facts;
    f->train_us += (int64_t)((passed - t->noted) * 1e6);
    f->timed_steps += t->at.step - t->noted_at;
    f->steps = t->at.step;
    f->total_steps = t->total;
    t->noted = passed;
    t->noted_at = t->at.step;
}

/* Never twice at one step: replacing a checkpoint would leave a moment without it. */
static ik_status save(trainer *t, ik_error *err) {
    if (t->saved == t->at.step) return IK_OK;
    ik_status status = ik__log_sync(t->log, err);
    t->at.log_bytes = ik__log_bytes(t->log);
    if (!status) status = ik__checkpoint_save(t->s, &t->at, err);
    if (status) return status;
    t->saved = t->at.step;
    note_time(t);
    ik__facts_peak(&t->s->facts);
    status = ik__facts_write(&t->s->facts, t->s->out, err);
    bool report = ik__settings_stage(&t->s->set, "report"); /* a long run can be looked at */
    return status || !report ? status : ik__report_run(t->s->out, err);
}

static ik_status step(trainer *t, ik_error *err) {
    const struct ik__train *set = &t->s->set.train;
    const ik__batch *batch;
    bool paint = picture_due(t);
    ik_status status = ik__loader_next(t->loader, &batch, err);
    if (!status) status = play(t, IK__GENERATOR, batch, err);
    if (!status) status = play(t, IK__DISCRIMINATOR, batch, err);
    if (status) return status;
    t->at.step++;
    char text[512];
    losses_text(t, text, sizeof text);
    ik__progress_at(t->progress, t->at.step, text);
    bool last = t->at.step == t->total;
    if (due(t->at.step, set->log_every) || last) status = write_log(t, err);
    if (!status && paint) status = picture(t, err);
    if (!status && (due(t->at.step, set->checkpoint_every) || last)) status = save(t, err);
    return status;
}

static ik_status open_trainer(trainer *t, const ik__run_options *o, ik_error *err) {
    ik__session *s = t->s;
    const struct ik__train *set = &s->set.train;
    if (!o->resume && ik__checkpoint_exists(s))
        return ik_errorf(err, IK_USAGE,
                         "error: %s has checkpoints of an earlier run; go on from them with "
                         "--resume, or choose another folder with --out",
                         s->out);
    ik_status status = o->resume ? ik__checkpoint_resume(s, &t->at, err) : IK_OK;
    t->saved = t->at.step ? t->at.step : -1;
    int64_t rows = set->batch * set->accumulate;
    if (!status)
        status =
            ik__loader_open(s->data, rows, 1, (uint64_t)s->set.seed, t->at.step, &t->loader, err);
    if (status) return status;
    t->per_epoch = s->info->count[IK_TRAIN] / rows;
    t->total = set->steps ? set->steps : (set->epochs + set->decay_epochs) * t->per_epoch;
    char path[1200];
    snprintf(path, sizeof path, "%s/log.jsonl", s->out);
    return ik__log_open(path, o->resume ? t->at.log_bytes : 0, &t->log, err);
}

ik_status ik__train(ik__session *s, const ik__run_options *o, ik_error *err) {
    trainer t = {.s = s};
    ik_status status = open_trainer(&t, o, err);
    if (!status) t.progress = ik__progress_new(stderr, t.total, o->quiet);
    t.began = t.noted = ik__now();
    t.began_at = t.noted_at = t.at.step;
    ik__signals_watch();
    if (!status) ik__progress_at(t.progress, t.at.step, NULL);
    while (!status && t.at.step < t.total) {
        status = step(&t, err);
        if (!status && ik__signals_seen()) {
            status = save(&t, err);
            if (!status)
                status =
                    ik_errorf(err, IK_INTERRUPTED,
                              "stopped at step %lld; a checkpoint was saved, go on with --resume",
                              (long long)t.at.step);
        }
    }
    ik__signals_unwatch();
    ik__progress_free(t.progress);
    if (!status && !o->quiet && t.at.step > t.began_at)
        fprintf(stderr, "trained %lld steps in %.0f s, %.3f s per step\n",
                (long long)(t.at.step - t.began_at), ik__now() - t.began,
                (ik__now() - t.began) / (double)(t.at.step - t.began_at));
    ik__log_close(t.log);
    ik__loader_close(t.loader);
    return status;
}
