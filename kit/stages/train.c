/* Training, update after update.
 *
 * A step, of two players by default: the generator's program and its Adam step, then the
 * discriminator's on fakes made anew by the updated generator. State changes (running statistics,
 * power iterations, weights) are committed only after the losses were seen to be finite, so a stop
 * always leaves the last good state. Where it is the device that sees to that (guard.h), the host
 * looks only at steps that leave something behind: a line of the log, a picture, a checkpoint.
 *
 * With train.accumulate, the loader gives the pictures of a whole step and the programs take them
 * batch by batch; rows keep their number within the step, so they see the same pictures and the
 * same noise as one large batch would. State is committed once, after the last of them. */
#include "train.h"

#include "base/clock.h"
#include "base/numbers.h"
#include "base/watch.h"
#include "data/loader.h"
#include "exec/adam.h"
#include "exec/average.h"
#include "exec/finite.h"
#include "folder/checkpoints.h"
#include "folder/runlog.h"
#include "guard.h"
#include "pictures/grid.h"
#include "session/checkpoint.h"
#include "synthesize.h"

#include <stdlib.h>
#include <math.h>
#include <unistd.h>

typedef struct trainer {
    ik__session *s;
    ik__saved *tell;
    ik__loader *loader;
    ik__log *log;
    ik__course course;                 /* as this process entered it */
    int64_t step, total;               /* done, and in the end */
    int64_t saved;                     /* the step of the newest checkpoint, or -1 */
    int64_t updates[IK__MOST_UPDATES]; /* since it began */
    ik__guard guard;
    bool whole;     /* its state is that of `step` steps, no more */
    ik_status late; /* what a picture that was not written waits with, */
    ik_error why;   /* up to the end of the step */
    double began, noted;
    int64_t began_at, noted_at;
} trainer;

/* Constant for `epochs`, then linear: in epoch e > epochs, counted from 1, 1 - (e-1-epochs)/decay.
 */
static double rate_factor(const ik__session *s, int64_t epoch) {
    const struct ik__train *t = &s->set.train;
    if (t->steps || epoch <= t->epochs || !t->decay_epochs) return 1;
    return 1 - (double)(epoch - 1 - t->epochs) / (double)t->decay_epochs;
}

static const ik__players *players_of(const trainer *t) {
    return &t->s->model->players;
}

/* Counted from 1, that of the step behind so many. */
static int64_t epoch_of(const trainer *t, int64_t steps) {
    return ik__course_at(&t->course, steps).epoch + 1;
}

/* The steps of the optimiser that an update ends with. */
static void update(trainer *t, int which) {
    const ik__players *p = players_of(t);
    const ik__update *u = &p->updates[which];
    double factor = rate_factor(t->s, epoch_of(t, t->step));
    for (int i = 0; i < u->n; i++) {
        ik_adam how = p->v[u->players[i]].adam;
        how.lr *= factor;
        ik__adam_step(t->s->engine->store, u->players[i], &how);
    }
    t->updates[which]++;
}

static bool trains(const ik__update *u, int player) {
    for (int i = 0; i < u->n; i++)
        if (u->players[i] == player) return true;
    return false;
}

/* Takes the gradients of batch `part` into their mean over the step's batches. */
static void add_gradients(trainer *t, int which, int64_t part) {
    ik__session *s = t->s;
    ik__store *store = s->engine->store;
    double share = 1 / (double)s->set.train.accumulate;
    for (int i = 0; i < store->n_blocks; i++) {
        ik__block *b = &store->blocks[i];
        if (!b->sum || !trains(&players_of(t)->updates[which], b->player)) continue;
        s->engine->backend->axpby(s->engine->self, b->learned, share, b->grad, part ? 1 : 0,
                                  b->sum);
    }
}

/* Rows `first` onward of the step's pictures. */
static ik_status upload_rows(ik__session *s, const ik__batch *all, int64_t first, ik_error *err) {
    ik__batch part = ik__batch_rows(all, first, s->set.train.batch);
    return ik__upload_batch(s, &part, err);
}

static ik_step step_of(const trainer *t, int64_t step, int which, int64_t part) {
    const ik__settings *set = &t->s->set;
    return (ik_step){(uint64_t)set->seed, (uint64_t)(players_of(t)->n_updates * step + which),
                     (uint64_t)(part * set->train.batch)};
}

static ik_status open_loader(const trainer *t, int64_t first, ik__loader **out, ik_error *err) {
    const ik__settings *set = &t->s->set;
    return ik__loader_open(t->s->data, &t->course, 1, (uint64_t)set->seed,
                           set->train.on_bad_file == IK__SKIP, first, out, err);
}

/* --- A loss that is not finite. */

/* The device has kept nothing of what came after it, and what the host counts follows. */
static void take_back(trainer *t) {
    const struct ik__bad_loss *bad = &t->guard.bad;
    const ik__players *p = players_of(t);
    for (int which = 0; which < p->n_updates; which++) {
        const ik__update *u = &p->updates[which];
        int64_t kept = bad->step - t->began_at + (which < bad->update);
        for (int i = 0; i < u->n && t->s->update[which]; i++)
            ik__adam_take_back(t->s->engine->store, u->players[i], t->updates[which] - kept);
    }
    t->step = bad->step;
}

/* Nothing of the step was kept. */
static bool at_its_begin(const trainer *t, const struct ik__bad_loss *bad) {
    for (int i = 0; i < bad->update; i++)
        if (t->s->update[i]) return false;
    return true;
}

/* Its batch once more, since the inputs may hold a later one. */
static void find_culprit(const trainer *t, char *where, size_t size) {
    const struct ik__bad_loss *bad = &t->guard.bad;
    const ik_step step = step_of(t, bad->step, bad->update, bad->part);
    ik__loader *loader = NULL;
    const ik__batch *batch;
    ik_error ignored;
    *where = 0;
    ik_status status = open_loader(t, bad->step, &loader, &ignored);
    if (!status) status = ik__loader_next(loader, &batch, &ignored);
    if (!status) status = upload_rows(t->s, batch, (int64_t)step.sample, &ignored);
    if (!status) ik__check_finite(t->s->engine, t->s->update[bad->update], &step, where, size);
    ik__loader_close(loader);
}

static ik_status not_finite(trainer *t, ik_error *err) {
    const struct ik__bad_loss *bad = &t->guard.bad;
    const ik__update *u = &players_of(t)->updates[bad->update];
    const char *result = t->s->update[bad->update]->graph->outputs.v[bad->loss].name, *loss;
    const char *player = ik__result_player(players_of(t), u, result, &loss)->name;
    char where[600];
    take_back(t);
    /* An older checkpoint may be the better one to go on from, and `keep` would let it go. */
    t->whole = t->saved <= 0 && at_its_begin(t, bad);
    find_culprit(t, where, sizeof where);
    return ik_errorf(
        err, IK_FAILED,
        "step %lld: the loss '%s' of the %s is %g%s%s; nothing of this update was kept. "
        "Lower train.lr, or go on from the last checkpoint with --resume after changing what "
        "caused it",
        (long long)bad->step + 1, loss, player, isnan(bad->value) ? NAN : (double)bad->value,
        where[0] ? ": " : "", where);
}

/* --- A step. */

static bool due(int64_t step, int64_t every) {
    return every && step % every == 0;
}

/* Is a grid made after the step that is running? */
static bool picture_due(const trainer *t) {
    int64_t after = t->step + 1, every = t->s->set.train.picture_every;
    return due(after, every) || (every && after == t->total);
}

/* What the generator made of the batch: with an encoder, its reconstruction. Label map, picture,
 * fake. */
static ik_status batch_picture(trainer *t, ik__program *painting, const ik__batch *all,
                               int64_t first, ik_error *err) {
    ik__session *s = t->s;
    const ik__node *fake = ik__names_get(&painting->graph->kept, "fake");
    const ik__data_info *d = s->info;
    int64_t pixels = d->height * d->width, rows = s->set.train.batch;
    float *rgb = malloc(sizeof *rgb * (size_t)(rows * pixels * 3));
    ik__grid *grid = ik__grid_new((int)rows, 3, (int)d->height, (int)d->width, IK__GRID_PAD);
    ik_status status = rgb && grid ? IK_OK : ik_errorf(err, IK_FAILED, "out of memory for a grid");
    if (!status) status = ik__guard_check(&t->guard, err);
    if (!status) status = ik__program_tensor(s->engine, painting, fake, rgb, err);
    for (int64_t i = 0; i < rows && !status; i++) {
        int64_t at = (first + i) * pixels;
        ik__grid_labels(grid, (int)i, 0, all->label + at, all->instance + at);
        ik__grid_image(grid, (int)i, 1, all->image + at * 3);
        ik__grid_image(grid, (int)i, 2, rgb + i * pixels * 3);
    }
    ik__path path = ik__folder_step_grid(s->out.text, "batch", t->step + 1);
    if (!status) t->late = ik__grid_save(grid, path.text, &t->why);
    ik__grid_free(grid);
    free(rgb);
    return status;
}

/* The first update that paints shows what it painted. */
static bool shows(const trainer *t, int which) {
    const ik__players *p = players_of(t);
    for (int i = 0; i < which; i++)
        if (t->s->update[i] && ik__update_plays(p, &p->updates[i], IK_ROLE_GENERATOR)) return false;
    return ik__update_plays(p, &p->updates[which], IK_ROLE_GENERATOR);
}

/* `there`: the batch was uploaded by an update before. */
static ik_status play(trainer *t, int which, const ik__batch *all, bool there, ik_error *err) {
    ik__session *s = t->s;
    ik__program *p = s->update[which];
    ik_status status = IK_OK;
    int64_t parts = s->set.train.accumulate;
    for (int64_t part = 0; part < parts && !status; part++) {
        const ik_step step = step_of(t, t->step, which, part);
        int64_t first = (int64_t)step.sample;
        if (!there || parts > 1) status = upload_rows(s, all, first, err);
        if (!status) status = ik__program_run(s->engine, p, &step, true, err);
        if (!status) status = ik__guard_take(&t->guard, t->step, which, part, err);
        if (!status) add_gradients(t, which, part);
        if (!status && part == parts - 1 && picture_due(t) && shows(t, which))
            status = batch_picture(t, p, all, first, err);
    }
    if (status) return status;
    ik__program_commit(s->engine, p);
    update(t, which);
    if (ik__update_plays(players_of(t), &players_of(t)->updates[which], IK_ROLE_GENERATOR))
        ik__average_step(s->engine->store, s->set.train.ema);
    return IK_OK;
}

static ik_status write_log(trainer *t, ik_error *err) {
    ik__log_begin(t->log);
    ik__log_int(t->log, "step", t->step);
    ik__log_int(t->log, "epoch", epoch_of(t, t->step - 1));
    ik__guard_log(&t->guard, t->log);
    return ik__log_end(t->log, err);
}

static ik_status picture(trainer *t, ik_error *err) {
    ik__path path = ik__folder_step_grid(t->s->out.text, "train", t->step);
    return ik__synthesize(t->s, IK__TRAIN_LAYOUTS, 2, IK__FRESH, path.text, NULL, err);
}

/* The time since the last note is added to what the run has trained. */
static void note_time(trainer *t) {
    double passed = ik__now();
    ik__facts *f = &t->s->facts;
    f->train_us += (int64_t)((passed - t->noted) * 1e6);
    f->timed_steps += t->step - t->noted_at;
    f->steps = t->step;
    f->total_steps = t->total;
    t->noted = passed;
    t->noted_at = t->step;
}

/* Never twice at one step: replacing a checkpoint would leave a moment without it. */
static ik_status save(trainer *t, ik_error *err) {
    if (t->saved == t->step) return IK_OK;
    ik_status status = ik__log_sync(t->log, err);
    const ik__position at = {ik__course_at(&t->course, t->step), ik__log_bytes(t->log)};
    if (!status) status = ik__checkpoint_save(t->s, &at, err);
    if (status) return status;
    t->saved = t->step;
    ik__tell_saved(ik__folder_checkpoint(t->s->out.text, t->step).text);
    note_time(t);
    ik__facts_peak(&t->s->facts);
    status = ik__facts_write(&t->s->facts, t->s->out.text, err);
    return status || !t->tell ? status : t->tell(t->s, err);
}

/* Does the step that is running leave something behind? */
static bool looked_at(const trainer *t) {
    const struct ik__train *set = &t->s->set.train;
    int64_t after = t->step + 1;
    return due(after, set->log_every) || due(after, set->checkpoint_every) || picture_due(t) ||
           after == t->total;
}

static ik_status play_all(trainer *t, ik_error *err) {
    const ik__batch *batch;
    ik_status status = ik__loader_next(t->loader, &batch, err);
    bool there = false;
    t->whole = status != IK_OK;
    for (int i = 0; i < players_of(t)->n_updates && !status; i++) {
        if (!t->s->update[i]) continue;
        status = play(t, i, batch, there, err);
        there = true;
    }
    if (!status && looked_at(t)) status = ik__guard_read(&t->guard, err);
    return t->guard.bad.found ? not_finite(t, err) : status;
}

static ik_status step(trainer *t, ik_error *err) {
    const struct ik__train *set = &t->s->set.train;
    bool paint = picture_due(t);
    ik_status status = play_all(t, err);
    if (status) return status;
    t->step++;
    t->whole = true;
    char text[512];
    ik__guard_text(&t->guard, text, sizeof text);
    ik__tell_step(t->step, t->total, text);
    bool last = t->step == t->total;
    if (due(t->step, set->log_every) || last) status = write_log(t, err);
    if (!status && t->late) *err = t->why, status = t->late;
    if (!status && paint) status = picture(t, err);
    if (!status && (due(t->step, set->checkpoint_every) || last)) status = save(t, err);
    return status;
}

/* A failure beside the training itself, as of a file, takes none of its steps along. */
static void rescue(trainer *t, ik_error *err) {
    ik_error why = {""};
    if (!t->whole || t->step <= (t->saved > 0 ? t->saved : 0)) return;
    if (ik__guard_check(&t->guard, &why)) return;
    save(t, &why);
    size_t n = strlen(err->text), room = sizeof err->text - n;
    if (t->saved == t->step)
        snprintf(err->text + n, room, "\nthe %lld steps before were saved; go on with --resume",
                 (long long)t->step);
    else
        snprintf(err->text + n, room, "\nthe %lld steps before could not be saved: %s",
                 (long long)t->step, why.text);
}

/* Asked to. */
static ik_status stop(trainer *t, ik_error *err) {
    ik_status status = ik__guard_check(&t->guard, err);
    if (t->guard.bad.found) return not_finite(t, err);
    if (!status) status = save(t, err);
    if (status) return status;
    return ik_errorf(err, IK_INTERRUPTED,
                     "stopped at step %lld; a checkpoint was saved, go on with --resume",
                     (long long)t->step);
}

/* Where the run stands in its data, with the items and the batch that there are now. */
static void enter(trainer *t, const ik__course *then) {
    const struct ik__train *set = &t->s->set.train;
    t->course = *then;
    t->course.items = t->s->info->count[IK_TRAIN];
    t->course.batch = set->batch * set->accumulate;
    t->step = then->step;
    t->saved = t->step ? t->step : -1;
    if (t->course.items != then->items || t->course.batch != then->batch)
        ik__tell(
            IK__NOTED,
            "a step takes %lld of %lld pictures now, and took %lld of %lld: the run goes on in "
            "epoch %lld, behind the %lld pictures that it has seen of it",
            (long long)t->course.batch, (long long)t->course.items, (long long)then->batch,
            (long long)then->items, (long long)then->epoch + 1, (long long)then->taken);
}

/* A new run in a folder that has another's checkpoints would mix them. */
static ik_status refuse_others(const ik__session *s, ik_error *err) {
    int64_t newest;
    ik_status status = ik__checkpoints_newest(s->out.text, &newest, err);
    if (status || newest < 0) return status;
    return ik_errorf(err, IK_USAGE,
                     "%s has checkpoints of an earlier run; go on from them with "
                     "--resume, or choose another folder with --out",
                     s->out.text);
}

static ik_status open_trainer(trainer *t, const ik__run_options *o, ik_error *err) {
    ik__session *s = t->s;
    const struct ik__train *set = &s->set.train;
    ik__position at = {
        .course = {.items = s->info->count[IK_TRAIN], .batch = set->batch * set->accumulate}};
    ik_status status = o->resume ? ik__checkpoint_resume(s, &at, err) : refuse_others(s, err);
    if (status) return status;
    enter(t, &at.course);
    status = open_loader(t, t->step, &t->loader, err);
    if (!status)
        status = ik__guard_open(&t->guard, s->engine, &s->model->players, s->update,
                                set->accumulate, err);
    if (status) return status;
    t->total =
        set->steps ? set->steps : ik__course_end(&t->course, set->epochs + set->decay_epochs);
    return ik__log_open(ik__folder_file(s->out.text, IK__LOG_FILE).text, at.log_bytes, &t->log,
                        err);
}

static void tell_time(const trainer *t) {
    char whole[IK__WORDS], each[IK__WORDS];
    int64_t steps = t->step - t->began_at;
    double seconds = ik__now() - t->began;
    ik__tell(IK__SAID, "trained %lld steps in %s, %s per step", (long long)steps,
             ik__time_words(whole, seconds), ik__time_words(each, seconds / (double)steps));
}

ik_status ik__train(ik__session *s, const ik__run_options *o, ik__saved *saved, ik_error *err) {
    trainer t = {.s = s, .tell = saved};
    ik_status status = open_trainer(&t, o, err);
    t.began = t.noted = ik__now();
    t.began_at = t.noted_at = t.step;
    ik__listen(true);
    if (!status && t.step <= t.total) ik__tell_step(t.step, t.total, NULL);
    if (!status && t.step >= t.total)
        ik__tell(IK__SAID, "nothing is left to train: %lld of %lld steps are done",
                 (long long)t.step, (long long)t.total);
    while (!status && t.step < t.total) {
        status = step(&t, err);
        if (!status && ik__stop_asked()) status = stop(&t, err);
    }
    if (status && status != IK_INTERRUPTED) rescue(&t, err);
    ik__listen(false);
    if (t.loader && ik__loader_skipped(t.loader))
        ik__tell(IK__NOTED,
                 "%lld of %lld training items could not be read and were skipped, as "
                 "train.on_bad_file says",
                 (long long)ik__loader_skipped(t.loader), (long long)t.course.items);
    if (!status && t.step > t.began_at) tell_time(&t);
    ik__log_close(t.log);
    ik__loader_close(t.loader);
    ik__guard_close(&t.guard);
    return status;
}
