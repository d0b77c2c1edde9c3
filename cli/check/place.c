/* A plugin in its place in a small pipeline: recorded at three sizes, computed on every backend
 * that runs here: the naive one's gradients against finite differences, the others against it. */
#include "trial.h"

#include "base/clock.h"
#include "base/numbers.h"
#include "base/status.h"
#include "exec/finite.h"

#include <math.h>
#include <stdlib.h>

static const check_size sizes[] = {{32, 32}, {32, 64}, {64, 64}};
enum { SIZES = sizeof sizes / sizeof *sizes, TIMES = 3 };
static const double SLOW = 4; /* seconds */
static const double HEAVY =
    1e10; /* multiply-adds of a step, which the naive backend takes one by one */

/* Relative distances, in the Euclidean norm, up to which single precision explains them: losses
 * agree to 1e-5, whole gradients to 1e-3 where instance normalisation amplifies rounding. */
static const double LOSS_CLOSE = 1e-4, GRADIENT_CLOSE = 1e-2;

typedef struct place {
    check_findings *f;
    const ik_plugin *plugin;
    const ik_strings *sets; /* the options that it computes with */
    char small[400];        /* those that the user did not choose */
    check_size size;
    char at[32]; /* "at 32x64" */
    check_trial naive;
    double seconds; /* a step of the naive backend took, at the last size that it computed */
    /* The naive backend's, by update; its gradients stay in its store. */
    double loss[IK__MOST_UPDATES];
} place;

static int updates(const check_trial *t) {
    return t->s->model->players.n_updates;
}

static check_subject subject(const place *p, const ik_strings *sets) {
    return (check_subject){p->plugin->kind,      p->plugin->name, sets,
                           p->f->what->pipeline, p->plugin,       false};
}

/* --- numbers */

static bool step(const place *p, const check_trial *t, int update) {
    return check_trial_step(p->f, p->plugin, t, update, false);
}

static bool finite_step(const place *p, int update) {
    ik__session *s = p->naive.s;
    char text[512];
    bool finite = isfinite(check_trial_loss(&p->naive, update));
    for (int i = 0; i < s->update[update]->n_grads && finite; i++) {
        double *g = check_trial_gradient(&p->naive, update, i);
        int64_t n = ik_count(s->update[update]->grads[i].entry->shape);
        for (int64_t k = 0; g && k < n; k++) finite &= isfinite(g[k]) != 0;
        free(g);
    }
    if (finite) return true;
    ik__check_finite(s->engine, s->update[update], &p->naive.step, text, sizeof text);
    check_found(p->f, CHECK_WRONG, "%s: the %s step is not finite%s%s", p->at,
                p->naive.whose[update], *text ? ": " : "", text);
    return false;
}

/* The same program, data and random numbers twice. */
static bool repeats(place *p, int update) {
    double before = p->loss[update] = check_trial_loss(&p->naive, update);
    if (!step(p, &p->naive, update)) return false;
    double after = check_trial_loss(&p->naive, update);
    if (before == after) return true;
    check_found(p->f, CHECK_WRONG, "%s: the %s loss is %.17g, and computed again %.17g", p->at,
                p->naive.whose[update], before, after);
    return false;
}

/* --- other backends */

static void compare_step(const place *p, const check_trial *t, const char *name, int update) {
    if (!p->naive.s->update[update] || !t->s->update[update]) return;
    if (!step(p, t, update)) return;
    double a = p->loss[update], b = check_trial_loss(t, update);
    double loss = fabs(a - b) / (fabs(a) > 1e-3 ? fabs(a) : 1e-3);
    double gradient = check_trial_distance(&p->naive, t, update);
    bool close = loss <= LOSS_CLOSE && gradient <= GRADIENT_CLOSE; /* false for NaN */
    check_found(p->f, close ? CHECK_FINE : CHECK_WRONG,
                "%s: %s agrees with naive%s: %s loss to %.1e, gradients to %.1e", p->at, name,
                close ? "" : " too badly", p->naive.whose[update], loss, gradient);
}

typedef struct backends {
    int n;
    const char *name[16];
} backends;

static void note_backend(const char *path, const ik_plugin *q, const char *why, void *user) {
    (void)path, (void)why;
    backends *b = user;
    if (!q || !strcmp(q->name, "naive") || b->n == 16) return;
    const ik_backend_iface *iface = q->iface;
    char text[256];
    ik__instance *i;
    ik_error err;
    if (ik__instance_named(IK_BACKEND, q->name, &i, &err)) return;
    if (!iface->probe || iface->probe(i->self, text, sizeof text)) b->name[b->n++] = q->name;
    ik__instance_free(i);
}

static void compare_on(const place *p, const char *name) {
    check_trial t;
    ik_error err = {""};
    const check_subject of = subject(p, p->sets);
    ik_status status = check_trial_new(&of, p->size, name, &t, &err);
    if (!status) status = check_trial_copy(&p->naive, &t, &err);
    if (status) check_found_error(p->f, name, &err);
    for (int update = 0; update < updates(&p->naive) && !status; update++)
        compare_step(p, &t, name, update);
    check_trial_free(&t);
}

/* --- one size */

static bool inspect_step(place *p, int update) {
    if (!p->naive.s->update[update]) return true;
    return step(p, &p->naive, update) && finite_step(p, update) && repeats(p, update);
}

static bool compute(place *p, bool first, const backends *others) {
    ik_error err = {""};
    double begin = ik__now();
    bool fine = !check_trial_copy(&p->naive, &p->naive, &err);
    for (int update = 0; update < updates(&p->naive) && fine; update++)
        fine = inspect_step(p, update);
    p->seconds = (ik__now() - begin) / 2; /* each was run twice */
    const check_subject of = subject(p, p->sets);
    if (first && fine && check_again_answer(p->plugin, &p->naive)) return false;
    if (first && fine) check_again(p->f, p->plugin, &p->naive, p->at);
    if (first && fine) check_guards(p->f, &of, p->size, &p->naive, p->at);
    if (first && fine && p->plugin->kind == IK_DISCRIMINATOR)
        check_apart(p->f, &of, p->size, &p->naive, p->at);
    for (int i = 0; fine && i < others->n; i++) compare_on(p, others->name[i]);
    if (!first || !fine) return fine;
    for (int update = 0; update < updates(&p->naive) && fine; update++)
        if (p->naive.s->update[update])
            fine = check_gradients(p->f, p->plugin, &p->naive, update, p->at);
    return fine;
}

static void say_not_recorded(const place *p, ik_status status, const ik_error *err) {
    /* A loss may call networks that are its own affair. */
    if ((int)status == IK__NO_NETWORK)
        check_found(p->f, CHECK_NOTE,
                    "it takes a network that is not part of this check, so it "
                    "was not recorded; --pipeline FILE checks it in yours: %s",
                    err->text);
    else
        check_found_error(p->f, p->at, err);
}

static ik_status record(place *p, const ik_strings *sets, ik_error *err) {
    const check_subject of = subject(p, sets);
    return check_trial_new(&of, p->size, "naive", &p->naive, err);
}

/* Recorded with the user's options, computed with small ones. */
static bool inspect_size(place *p, bool first, const backends *others) {
    const ik_strings *given = &p->f->what->sets;
    ik_error err = {""};
    snprintf(p->at, sizeof p->at, "at %dx%d", p->size.height, p->size.width);
    ik_status status = record(p, given, &err);
    if (status) {
        say_not_recorded(p, status, &err);
        return false;
    }
    check_found(p->f, CHECK_FINE, "%s: recorded, shapes fit", p->at);
    bool fine = true;
    if (p->seconds > SLOW) {
        char took[IK__WORDS];
        check_found(p->f, CHECK_NOTE,
                    "%s: not computed: at a smaller size a step took the naive backend %s; with "
                    "smaller options, as --set channels=4, it would be",
                    p->at, ik__time_words(took, p->seconds));
    } else if (p->sets != given) {
        check_trial_free(&p->naive);
        if (!record(p, p->sets, &err)) {
            if (first) check_found(p->f, CHECK_NOTE, "to be quick, it computes with %s", p->small);
        } else { /* these options do not go together; the user's do */
            p->sets = given;
            if (record(p, given, &err)) return false;
        }
        fine = compute(p, first, others);
    } else {
        fine = compute(p, first, others);
    }
    check_trial_free(&p->naive);
    return fine;
}

/* --- beside the built-in */

static int by_time(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* sets: NULL for those of a built-in part. */
static bool measure(const ik_plugin *p, const char *name, const ik_strings *sets,
                    const char *device, int64_t *parameters, double *seconds) {
    check_trial t;
    ik_error err = {""};
    const check_subject of = {p->kind, name, sets, NULL, NULL, false};
    if (check_trial_new(&of, sizes[SIZES - 1], device, &t, &err)) return false;
    const ik__store *st = t.s->engine->store;
    double times[TIMES] = {0};
    *parameters = 0;
    for (int i = 0; i < st->n_blocks; i++) *parameters += st->blocks[i].learned;
    for (int i = -1; i < TIMES; i++) {
        double begin = ik__now();
        for (int update = 0; update < updates(&t); update++)
            if (t.s->update[update]) check_trial_run(&t, update, false, &err);
        if (i >= 0) times[i] = ik__now() - begin;
    }
    qsort(times, TIMES, sizeof *times, by_time);
    *seconds = times[TIMES / 2];
    check_trial_free(&t);
    return true;
}

static void weigh(const place *at, const char *device) {
    const ik_plugin *p = at->plugin;
    int64_t n[2];
    double seconds[2];
    char each[2][IK__WORDS];
    const char *peer = check_trial_peer(p->kind), *kind = ik__kind_names[p->kind];
    char beside[160] = "";
    if (!measure(p, p->name, at->sets, device, &n[0], &seconds[0])) return;
    bool other = strcmp(peer, p->name) != 0;
    if (other && measure(p, peer, NULL, p->kind == IK_BACKEND ? peer : device, &n[1], &seconds[1]))
        snprintf(beside, sizeof beside, "; with %s/%s %lld and %s", kind, peer, (long long)n[1],
                 ik__time_words(each[1], seconds[1]));
    check_found(at->f, CHECK_FINE, "in a network for %dx%d on %s: %lld parameters and %s a step%s",
                sizes[SIZES - 1].height, sizes[SIZES - 1].width, device, (long long)n[0],
                ik__time_words(each[0], seconds[0]), beside);
}

/* A backend needs its device. */
static bool runs_here(check_findings *f, const ik_plugin *p) {
    char text[256] = "";
    ik_error err = {""};
    ik__instance *i;
    if (p->kind != IK_BACKEND) return true;
    if (ik__instance_named(IK_BACKEND, p->name, &i, &err)) {
        check_found_error(f, "it cannot be made", &err);
        return false;
    }
    const ik_backend_iface *iface = p->iface;
    bool runs = !iface->probe || iface->probe(i->self, text, sizeof text);
    ik__instance_free(i);
    check_found(f, runs ? CHECK_FINE : CHECK_NOTE, "%s: %s",
                runs ? "it can run here" : "it cannot run here, so it did not compute", text);
    return runs;
}

/* Will recording reach the plugin at all? */
static bool is_asked(check_findings *f, const ik_plugin *p) {
    if (p->kind != IK_ENCODER || f->what->pipeline) return true;
    const ik_encoder_iface *iface = p->iface;
    for (int i = 0; iface->provides && iface->provides[i]; i++)
        if (!strcmp(iface->provides[i], "noise") || !strcmp(iface->provides[i], "z")) return true;
    check_found(f, CHECK_NOTE,
                "it encodes neither 'noise' nor 'z', which the networks here draw: not recorded; "
                "--pipeline FILE checks it in yours");
    return false;
}

/* --- in the user's pipeline */

static double heaviness(const check_trial *t) {
    double sum = 0;
    for (int u = 0; u < updates(t); u++)
        for (int i = 0; t->s->update[u] && i < t->s->update[u]->n; i++) {
            const ik_node_desc d = ik__node_desc(t->s->update[u]->order[i]);
            sum += ik__macs(&d);
        }
    return sum;
}

static void inspect_theirs(place *p, bool differentiate, const backends *others) {
    ik_error err = {""};
    snprintf(p->at, sizeof p->at, "in your pipeline");
    ik_status status = record(p, p->sets, &err);
    if (status) {
        check_found(p->f, CHECK_WRONG, "%s", err.text);
        return;
    }
    bool used = p->naive.used || p->plugin->kind == IK_BACKEND;
    check_found(p->f, used ? CHECK_FINE : CHECK_WRONG,
                used ? "%s: recorded, shapes fit" : "%s: nothing there records it", p->at);
    char each[IK__WORDS];
    if (used && heaviness(&p->naive) > HEAVY)
        check_found(p->f, CHECK_NOTE,
                    "%s: not computed, a step takes %s multiply-adds; a smaller one, as by --set "
                    "train.batch=1 and smaller networks, would be",
                    p->at, ik__count_words(each, (int64_t)heaviness(&p->naive)));
    else if (used)
        compute(p, differentiate, others);
    check_trial_free(&p->naive);
}

void check_in_place(check_findings *f, const ik_plugin *plugin) {
    backends others = {0};
    if (!is_asked(f, plugin) || !runs_here(f, plugin)) return;
    ik__plugins_list(IK_BACKEND, note_backend, &others);
    if (plugin->kind == IK_BACKEND) others = (backends){1, {plugin->name}};
    bool fine = true, differentiate = plugin->kind != IK_BACKEND || !strcmp(plugin->name, "naive");
    place p = {.f = f, .plugin = plugin, .sets = &f->what->sets};
    if (f->what->pipeline) {
        inspect_theirs(&p, differentiate, &others);
        return;
    }
    ik__pool *pool = ik__pool_new();
    const ik_strings small = check_trial_small(f, plugin, pool, p.small, sizeof p.small);
    if (*p.small) p.sets = &small;
    const int failed = f->failed; /* what is wrong at one size is not looked for at others */
    for (int i = 0; i < SIZES && fine && f->failed == failed; i++) {
        p.size = sizes[i];
        fine = inspect_size(&p, i == 0 && differentiate, &others);
    }
    if (fine && f->failed == failed && others.n) weigh(&p, others.name[0]);
    ik__pool_free(pool);
}
