/* What a run would otherwise find out at its end; see needs.h. */
#include "needs.h"

#include "base/watch.h"
#include "data/loader.h"
#include "exemplars.h"
#include "latents.h"
#include "pictures/grid.h"
#include "plugin/metric.h"
#include "train.h"

#include <stdlib.h>

static bool has(const ik__session *s, const char *stage) {
    return ik__settings_stage(&s->set, stage);
}

/* The place of `synthesize.KEY`, or of what holds it. */
static const ik__conf *place(const ik__session *s, const char *key) {
    const ik__conf *all = ik__conf_get(s->conf, "synthesize"), *at = ik__conf_get(all, key);
    return at ? at : all ? all : s->conf;
}

/* --- how many there are */

static ik_status enough(const ik__session *s, ik_error *err) {
    static const char *const looks[] = {"synthesize", "evaluate"};
    const struct ik__train *t = &s->set.train;
    ik_status status =
        has(s, "train") ? ik__loader_enough(s->data, t->batch * t->accumulate, err) : IK_OK;
    if (!status && has(s, "train") && !ik__settings_steps(&s->set, s->info->count[IK_TRAIN])) {
        const ik__conf *train = ik__conf_get(s->conf, "train");
        status = ik__conf_fail(train ? train : s->conf, err,
                               "train: no step would be taken; give it `steps` or `epochs`, or "
                               "leave train out of `stages`");
    }
    if (status || s->info->count[IK_VALIDATION]) return status;
    for (int i = 0; i < 2; i++)
        if (has(s, looks[i])) {
            const ik__conf *stages = ik__conf_get(s->conf, "stages");
            return ik__conf_fail(stages ? stages : ik__conf_get(s->conf, "dataset"), err,
                                 "the dataset has no validation items, which the stage %s needs; "
                                 "give it some, or choose other stages, as "
                                 "`stages: [train, report]`",
                                 looks[i]);
        }
    if (has(s, "train") && t->picture_every)
        ik__tell(IK__NOTED, "the dataset has no validation items: training leaves no "
                            "images/train-<step>.png");
    return IK_OK;
}

/* --- what layouts hold */

/* The layouts that are painted, looked through until all that is wanted was seen; where training or
 * measuring comes first, to the last: what is wrong with one would be found days later. */
typedef struct search {
    ik__session *s;
    ik__batch *b; /* the one that was read last */
    int64_t n;    /* how many there are */
    int64_t most; /* instances of any that was seen */
    int64_t bare; /* without a picture */
    char first_bare[256];
    int n_wanted;
    struct wanted {
        const char *key;   /* of `synthesize` */
        const char *label; /* by name or number, */
        int64_t instance;  /* or NULL, and an instance */
        bool found;
    } * wanted;
} search;

static bool holds(const search *f, const struct wanted *w) {
    if (!w->label) return w->instance < f->b->instances[0];
    int64_t label = ik__data_label(f->s->info, w->label);
    for (int64_t k = 0; k < f->b->segment_count[0]; k++)
        if (f->b->segment_label[k] == label) return true;
    return false;
}

/* Reads a layout; true when nothing is left to be searched for. */
static ik_status look(search *f, int64_t item, bool *all, ik_error *err) {
    ik_status status = ik__data_read(f->s->data, IK_VALIDATION, item, NULL, f->b, 0, err);
    if (status) return status;
    *all = true;
    if (item < f->n && f->b->instances[0] > f->most) f->most = f->b->instances[0];
    if (!f->b->pictured[0] && !f->bare++)
        snprintf(f->first_bare, sizeof f->first_bare, "%s", f->b->names[0]);
    for (int i = 0; i < f->n_wanted && item < f->n; i++) {
        f->wanted[i].found |= holds(f, &f->wanted[i]);
        *all &= f->wanted[i].found;
    }
    return IK_OK;
}

static ik_status refuse(const search *f, const struct wanted *w, ik_error *err) {
    const ik__conf *at = place(f->s, w->key);
    if (w->label)
        return ik__conf_fail(at, err,
                             "synthesize.%s: none of the %lld layouts to be painted has the label "
                             "'%s'; choose one that they have, or more `items`",
                             w->key, (long long)f->n, w->label);
    return ik__conf_fail(at, err,
                         "synthesize.%s: none of the %lld layouts to be painted has an instance "
                         "%lld; they have up to %lld, numbered from 0",
                         w->key, (long long)f->n, (long long)w->instance, (long long)f->most);
}

static void tell_bare(const search *f) {
    ik__tell(IK__NOTED,
             "%s has no picture to be compared with%s: metrics leave out what they would tell of "
             "%s",
             f->first_bare, f->bare > 1 ? ", nor have others" : "", f->bare > 1 ? "them" : "that");
}

static void want(search *f) {
    const struct ik__synthesize *y = &f->s->set.synthesize;
    for (int i = 0; i < y->vary_labels.n; i++)
        f->wanted[f->n_wanted++] = (struct wanted){"vary", y->vary_labels.v[i], 0, false};
    for (int i = 0; i < y->vary_instances.n; i++)
        f->wanted[f->n_wanted++] = (struct wanted){"vary", NULL, y->vary_instances.v[i], false};
    for (int i = 0; i < y->n_styles; i++)
        f->wanted[f->n_wanted++] = (struct wanted){"style", NULL, y->styles[i].to, false};
}

static ik_status layouts(ik__session *s, ik__batch *b, ik_error *err) {
    enum { SOON = 64 }; /* so many are read at once; the stage that comes then hears of a stop */
    const struct ik__synthesize *y = &s->set.synthesize;
    bool last = has(s, "synthesize") || has(s, "evaluate");
    int64_t count = s->info->count[IK_VALIDATION], most = last ? y->items : IK__TRAIN_LAYOUTS;
    search f = {.s = s, .b = b, .n = most < count ? most : count};
    size_t room = (size_t)y->vary_labels.n + (size_t)y->vary_instances.n + (size_t)y->n_styles + 1;
    f.wanted = calloc(room, sizeof *f.wanted);
    if (!f.wanted) return ik_errorf(err, IK_FAILED, "out of memory");
    if (has(s, "synthesize")) want(&f);
    ik_status status = IK_OK;
    bool all = false, every = has(s, "train") || has(s, "evaluate");
    int64_t reads = has(s, "evaluate") ? count : f.n;
    if (every && reads > SOON)
        ik__tell(IK__SAID, "looking at %lld validation items", (long long)reads);
    for (int64_t i = 0; i < reads && (every || !all) && !status; i++)
        status = i >= SOON && ik__stop_asked() ? ik__stopped(err, "while looking at the layouts")
                                               : look(&f, i, &all, err);
    if (f.bare && has(s, "evaluate") && !status) tell_bare(&f);
    for (int i = 0; i < f.n_wanted && !status; i++)
        if (!f.wanted[i].found) status = refuse(&f, &f.wanted[i], err);
    free(f.wanted);
    return status;
}

/* Training meets all of its items soon enough; a dry run should find more than the first. */
static ik_status trained_on(ik__session *s, bool many, ik__batch *b, ik_error *err) {
    enum { MANY = 256 };
    int64_t n = s->info->count[IK_TRAIN], looks = !many ? n > 0 : n < MANY ? n : MANY, bad = 0;
    bool skip = s->set.train.on_bad_file == IK__SKIP;
    ik_status status = IK_OK;
    ik_error first = {""}, why;
    for (int64_t k = 0; k < looks && !status; k++) {
        if (k && ik__stop_asked()) return ik__stopped(err, "while looking at the data");
        status = ik__data_read(s->data, IK_TRAIN, k * n / looks, NULL, b, 0, &why);
        if (status && !bad++) first = why;
        if (skip) status = IK_OK;
    }
    if (bad && skip)
        ik__tell(IK__NOTED,
                 "%lld of %lld training items that were looked at cannot be read and are skipped, "
                 "as train.on_bad_file says; the first: %s",
                 (long long)bad, (long long)looks, first.text);
    return status ? ik_errorf(err, status, "%s", first.text) : IK_OK;
}

static ik_status items(ik__session *s, bool many, ik_error *err) {
    ik__batch *b = NULL;
    ik_status status = ik__batch_new(&s->info->fields, 1, &b, err);
    if (!status && has(s, "train")) status = trained_on(s, many, b, err);
    if (!status && s->info->count[IK_VALIDATION]) status = layouts(s, b, err);
    if (!status && has(s, "synthesize")) status = ik__exemplars_check(s, b, err);
    ik__batch_free(b);
    return status;
}

/* --- what is made of it */

static ik_status varies(const ik__session *s, ik_error *err) {
    const struct ik__synthesize *y = &s->set.synthesize;
    if (!y->vary || !has(s, "synthesize")) return IK_OK;
    if (!y->vary_labels.n && !y->vary_instances.n)
        return ik__conf_fail(place(s, "vary"), err,
                             "synthesize.vary: names nothing that is drawn anew; give it "
                             "`labels: [...]` or `instances: [...]`, or remove it");
    if (!ik__latents_by_instance(s->sample, s->info->max_instances))
        ik__tell(IK__NOTED, "synthesize.vary has no effect: this generator draws random values for "
                            "the picture as a whole; `inadekit plugins list norm` shows which "
                            "norms draw per instance");
    return IK_OK;
}

/* Of the pictures that a step was trained on, a row each. */
static ik_status batch_grid(const ik__session *s, ik_error *err) {
    const struct ik__train *t = &s->set.train;
    const ik__data_info *d = s->info;
    if (!has(s, "train") || !t->picture_every ||
        ik__grid_holds(t->batch, 3, d->height, d->width, IK__GRID_PAD))
        return IK_OK;
    const ik__conf *train = ik__conf_get(s->conf, "train"), *at = ik__conf_get(train, "batch");
    return ik__conf_fail(at ? at : s->conf, err,
                         "train: a batch of %lld pictures of %lldx%lld is too tall for the grid "
                         "that shows it, which has at most %d pixels a side; lower `batch` and "
                         "raise `accumulate`, or set `picture_every: 0`",
                         (long long)t->batch, (long long)d->height, (long long)d->width,
                         IK__GRID_SIDE);
}

static ik_status grids(const ik__session *s, ik_error *err) {
    const struct ik__synthesize *y = &s->set.synthesize;
    const ik__data_info *d = s->info;
    int64_t rows = y->items < d->count[IK_VALIDATION] ? y->items : d->count[IK_VALIDATION];
    if (!has(s, "synthesize") ||
        ik__grid_holds(rows, y->samples + 2, d->height, d->width, IK__GRID_PAD))
        return IK_OK;
    return ik__conf_fail(place(s, "items"), err,
                         "synthesize: %lld layouts of %lldx%lld with %lld samples are too many for "
                         "one grid, which has at most %d pixels a side; lower `items` or `samples`",
                         (long long)rows, (long long)d->height, (long long)d->width,
                         (long long)y->samples, IK__GRID_SIDE);
}

/* What a metric refuses it refuses when it begins. */
static ik_status metrics(const ik__session *s, ik_error *err) {
    const ik__evaluation *v = s->evaluation;
    ik_metric_info info = ik__evaluation_info(s->info, s->set.synthesize.samples);
    ik_status status = IK_OK;
    for (int i = 0; v && has(s, "evaluate") && i < v->n && !status; i++) {
        ik_error inner = {""}, ignored;
        status = ik__metric_begin(v->v[i].instance, &info, &inner);
        if (status)
            ik__evaluation_blame(v, i, &inner, err);
        else
            ik__metric_end(v->v[i].instance, NULL, NULL, &ignored);
    }
    return status;
}

ik_status ik__stages_need(ik__session *s, bool many, ik_error *err) {
    ik_status status = enough(s, err);
    if (!status) status = varies(s, err);
    if (!status) status = items(s, many, err);
    if (!status) status = grids(s, err);
    if (!status) status = batch_grid(s, err);
    return status ? status : metrics(s, err);
}
