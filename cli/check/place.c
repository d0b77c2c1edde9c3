/* A plugin in its place in a small pipeline: recorded at three sizes, computed on every backend
 * that runs here. The naive backend's gradients are held against finite differences of its loss, in
 * double precision; the other backends against the naive one. */
#include "trial.h"

#include "blame.h"
#include "clock.h"
#include "inadekit/philox.h"
#include "training.h"

#include <math.h>
#include <stdlib.h>

static const check_size sizes[] = {{32, 32}, {32, 64}, {64, 64}};
enum { SIZES = sizeof sizes / sizeof *sizes, SETTLE = 24, TENSORS = 96, TIMES = 5 };
static const double PATIENCE = 20, SLOW = 4; /* seconds */

/* Relative distances, in the Euclidean norm, up to which single precision explains them: losses
 * agree to 1e-5, whole gradients to 1e-3 where instance normalisation amplifies rounding. */
static const double LOSS_CLOSE = 1e-4, GRADIENT_CLOSE = 1e-2, DIFFERENCE_CLOSE = 1e-3;

static const char *const role_words[] = {
    [IK__GENERATOR] = "generator's", [IK__DISCRIMINATOR] = "discriminator's"};

typedef struct place {
    check_findings *f;
    const ik_plugin *plugin;
    check_size size;
    char at[32]; /* "at 32x64" */
    check_trial naive;
    double seconds; /* a step of the naive backend took, at the last size that it computed */
    double loss[2]; /* the naive backend's, by ik__role; its gradients stay in its store */
} place;

/* --- numbers */

static bool run(const place *p, const check_trial *t, ik__role role, bool keep) {
    ik_error err = {""};
    ik__blame b;
    check_going_on();
    ik__blame_begin(&b, p->plugin, "computing");
    ik_status status = check_trial_run(t, role, keep, &err);
    ik__blame_end(&b);
    if (status) check_found_error(p->f, "a step", &err);
    return !status;
}

static bool finite_step(const place *p, ik__role role) {
    ik__session *s = p->naive.s;
    char text[512];
    bool finite = isfinite(check_trial_loss(&p->naive, role));
    for (int i = 0; i < s->step[role]->n_grads && finite; i++) {
        double *g = check_trial_gradient(&p->naive, role, i);
        int64_t n = ik_count(s->step[role]->grads[i].entry->shape);
        for (int64_t k = 0; g && k < n; k++) finite &= isfinite(g[k]) != 0;
        free(g);
    }
    if (finite) return true;
    ik__check_finite(s->engine, s->step[role], &p->naive.step, text, sizeof text);
    check_found(p->f, CHECK_WRONG, "%s: the %s step is not finite%s%s", p->at, role_words[role],
                *text ? ": " : "", text);
    return false;
}

/* The same program, data and random numbers twice. */
static bool repeats(place *p, ik__role role) {
    double before = p->loss[role] = check_trial_loss(&p->naive, role);
    if (!run(p, &p->naive, role, false)) return false;
    double after = check_trial_loss(&p->naive, role);
    if (before == after) return true;
    check_found(p->f, CHECK_WRONG, "%s: the %s loss is %.17g, and computed again %.17g", p->at,
                role_words[role], before, after);
    return false;
}

/* --- finite differences */

/* Moves a parameter along a direction of signs that depend on the element alone. */
static void nudge(const place *p, const ik__entry *e, double by) {
    double *v = ik__store_value(p->naive.s->engine->store, e);
    for (int64_t i = 0; i < ik_count(e->shape); i++)
        v[i] += ik_mix64((uint64_t)i + 11) & 1 ? by : -by;
}

static double along(const double *g, int64_t n) {
    double sum = 0;
    for (int64_t i = 0; i < n; i++) sum += ik_mix64((uint64_t)i + 11) & 1 ? g[i] : -g[i];
    return sum;
}

/* The loss's slope along the direction; false after a failed step. */
static bool slope(const place *p, ik__role role, const ik__entry *e, double h, double *out) {
    double loss[2];
    double *v = ik__store_value(p->naive.s->engine->store, e);
    size_t bytes = sizeof *v * (size_t)ik_count(e->shape);
    double *kept = malloc(bytes);
    bool ok = kept != NULL;
    if (ok) memcpy(kept, v, bytes);
    for (int side = 0; side < 2 && ok; side++) {
        nudge(p, e, side ? h : -h);
        ok = run(p, &p->naive, role, false);
        loss[side] = check_trial_loss(&p->naive, role);
        memcpy(v, kept, bytes);
    }
    free(kept);
    if (ok) *out = (loss[1] - loss[0]) / (2 * h);
    return ok;
}

/* A kink between the two points spoils a difference, so nearer ones are tried before it counts. */
static bool differs(const place *p, ik__role role, const ik__entry *e, double analytic,
                    double *numeric) {
    static const double steps[] = {1e-5, 1e-6, 1e-7, 1e-8};
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        if (!slope(p, role, e, steps[i], numeric)) return true;
        double scale = fabs(analytic) + fabs(*numeric);
        if (fabs(analytic - *numeric) <= DIFFERENCE_CLOSE * scale + 1e-6) return false;
    }
    return true;
}

/* Is a path the plugin's own, as far as its place tells? */
static bool is_own(const place *p, const char *of) {
    static const char *const paths[IK_KIND_COUNT] = {[IK_NORM] = "generator.subject.",
                                                     [IK_BLOCK] = "generator.subject.",
                                                     [IK_ENCODER] = "encoder.",
                                                     [IK_DISCRIMINATOR] = "discriminator."};
    const char *path = p->plugin->kind == IK_LOSS ? p->plugin->name : paths[p->plugin->kind];
    return path && !strncmp(of, path, strlen(path));
}

static bool stops_gradients(const place *p, ik__role role) {
    const ik__program *g = p->naive.s->step[role];
    for (int i = 0; i < g->n; i++)
        if (g->order[i]->op == IK_STOP && is_own(p, g->order[i]->path)) return true;
    return false;
}

/* Gives false where it differs, which is said of the first few. */
static bool check_gradient(const place *p, ik__role role, const ik__entry *e, const double *g,
                           int wrong) {
    double analytic = along(g, ik_count(e->shape)), numeric = 0;
    if (!differs(p, role, e, analytic, &numeric)) return true;
    bool stops = stops_gradients(p, role);
    if (wrong < 4)
        check_found(p->f, stops ? CHECK_NOTE : CHECK_WRONG,
                    "%s: the %s gradient of %s is %.9g, finite differences say %.9g%s", p->at,
                    role_words[role], e->path, analytic, numeric,
                    stops ? " (a gradient is stopped on purpose somewhere)" : "");
    return false;
}

/* As many as there is time for, the plugin's own first. */
static void check_gradients(const place *p, ik__role role) {
    const ik__program *g = p->naive.s->step[role];
    int n = g->n_grads, checked = 0, wrong = 0;
    double begin = ik__now();
    double **all = calloc((size_t)n + 1, sizeof *all); /* the next runs overwrite them */
    for (int i = 0; all && i < n; i++) all[i] = check_trial_gradient(&p->naive, role, i);
    for (int own = 1; own >= 0 && all; own--)
        for (int i = 0; i < n && checked < TENSORS && ik__now() - begin < PATIENCE; i++) {
            const ik__entry *e = g->grads[i].entry;
            if (!all[i] || is_own(p, e->path) != own) continue;
            wrong += !check_gradient(p, role, e, all[i], wrong);
            checked++;
        }
    if (!wrong)
        check_found(p->f, CHECK_FINE,
                    "%s: %s gradients of %d of %d parameters agree with finite differences", p->at,
                    role_words[role], checked, n);
    for (int i = 0; all && i < n; i++) free(all[i]);
    free(all);
}

/* --- other backends */

static double distance(const check_trial *a, const check_trial *b, ik__role role) {
    double sum = 0, scale = 0;
    for (int i = 0; i < a->s->step[role]->n_grads; i++) {
        double *x = check_trial_gradient(a, role, i), *y = check_trial_gradient(b, role, i);
        int64_t n = ik_count(a->s->step[role]->grads[i].entry->shape);
        for (int64_t k = 0; x && y && k < n; k++) {
            sum += (x[k] - y[k]) * (x[k] - y[k]);
            scale += x[k] * x[k];
        }
        free(x);
        free(y);
    }
    return scale > 0 ? sqrt(sum / scale) : sqrt(sum);
}

static void compare_step(const place *p, const check_trial *t, const char *name, ik__role role) {
    if (!p->naive.s->step[role] || !t->s->step[role]) return;
    if (!run(p, t, role, false)) return;
    double a = p->loss[role], b = check_trial_loss(t, role);
    double loss = fabs(a - b) / (fabs(a) > 1e-3 ? fabs(a) : 1e-3);
    double gradient = distance(&p->naive, t, role);
    bool close = loss <= LOSS_CLOSE && gradient <= GRADIENT_CLOSE; /* false for NaN */
    check_found(p->f, close ? CHECK_FINE : CHECK_WRONG,
                "%s: %s agrees with naive%s: %s loss to %.1e, gradients to %.1e", p->at, name,
                close ? "" : " too badly", role_words[role], loss, gradient);
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
    ik_status status =
        check_trial_new(p->f, p->plugin->kind, p->plugin->name, true, p->size, name, &t, &err);
    if (!status) status = check_trial_copy(&p->naive, &t, &err);
    if (status) check_found_error(p->f, name, &err);
    for (int role = 0; role < 2 && !status; role++) compare_step(p, &t, name, (ik__role)role);
    check_trial_free(&t);
}

/* --- one size */

static bool settle(const place *p, ik__role role) {
    double begin = ik__now();
    for (int i = 0; i < SETTLE && ik__now() - begin < PATIENCE; i++)
        if (!run(p, &p->naive, role, true)) return false;
    return true;
}

/* Where spectral norms have converged, their vectors' own dependence on a weight vanishes. */
static bool differentiate(place *p, ik__role role) {
    if (!p->naive.s->step[role]) return true;
    if (!settle(p, role) || !run(p, &p->naive, role, false)) return false;
    check_gradients(p, role);
    return true;
}

static bool inspect_step(place *p, ik__role role) {
    if (!p->naive.s->step[role]) return true;
    return run(p, &p->naive, role, false) && finite_step(p, role) && repeats(p, role);
}

static bool compute(place *p, bool first, const backends *others) {
    ik_error err = {""};
    double begin = ik__now();
    bool fine = !check_trial_copy(&p->naive, &p->naive, &err) && inspect_step(p, IK__GENERATOR) &&
                inspect_step(p, IK__DISCRIMINATOR);
    p->seconds = (ik__now() - begin) / 2; /* each was run twice */
    for (int i = 0; fine && i < others->n; i++) compare_on(p, others->name[i]);
    if (!first || !fine) return fine;
    return differentiate(p, IK__GENERATOR) && differentiate(p, IK__DISCRIMINATOR);
}

static bool inspect_size(place *p, bool first, const backends *others) {
    ik_error err = {""};
    snprintf(p->at, sizeof p->at, "at %dx%d", p->size.height, p->size.width);
    if (check_trial_new(p->f, p->plugin->kind, p->plugin->name, true, p->size, "naive", &p->naive,
                        &err)) {
        /* A loss may call networks that are its own affair. */
        if (strstr(err.text, "which is not among `networks:`"))
            check_found(p->f, CHECK_NOTE,
                        "it takes a network that is not part of this check, so it "
                        "was not recorded: %s",
                        err.text);
        else
            check_found_error(p->f, p->at, &err);
        return false;
    }
    check_found(p->f, CHECK_FINE, "%s: recorded, shapes fit", p->at);
    bool fine = true;
    if (p->seconds > SLOW)
        check_found(
            p->f, CHECK_NOTE,
            "%s: not computed: at a smaller size a step took the naive backend %.0f s; with "
            "smaller options, as --set channels=4, it would be",
            p->at, p->seconds);
    else
        fine = compute(p, first, others);
    check_trial_free(&p->naive);
    return fine;
}

/* --- beside the built-in */

static int by_time(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static bool measure(check_findings *f, const ik_plugin *p, const char *name, bool subject,
                    const char *device, int64_t *parameters, double *ms) {
    check_trial t;
    ik_error err = {""};
    if (check_trial_new(f, p->kind, name, subject, sizes[SIZES - 1], device, &t, &err))
        return false;
    const ik__store *st = t.s->engine->store;
    double times[TIMES] = {0};
    *parameters = 0;
    for (int i = 0; i < st->n_blocks; i++) *parameters += st->blocks[i].learned;
    for (int i = -1; i < TIMES; i++) {
        double begin = ik__now();
        for (int role = 0; role < 2; role++)
            if (t.s->step[role]) check_trial_run(&t, (ik__role)role, false, &err);
        if (i >= 0) times[i] = 1e3 * (ik__now() - begin);
    }
    qsort(times, TIMES, sizeof *times, by_time);
    *ms = times[TIMES / 2];
    check_trial_free(&t);
    return true;
}

static void weigh(check_findings *f, const ik_plugin *p, const char *device) {
    int64_t n[2];
    double ms[2];
    const char *peer = check_trial_peer(p->kind), *kind = ik__kind_names[p->kind];
    char beside[160] = "";
    if (!measure(f, p, p->name, true, device, &n[0], &ms[0])) return;
    bool other = strcmp(peer, p->name) != 0;
    if (other && measure(f, p, peer, false, p->kind == IK_BACKEND ? peer : device, &n[1], &ms[1]))
        snprintf(beside, sizeof beside, "; with %s/%s %lld and %.1f ms", kind, peer,
                 (long long)n[1], ms[1]);
    check_found(f, CHECK_FINE, "in a network for %dx%d on %s: %lld parameters and %.1f ms a step%s",
                sizes[SIZES - 1].height, sizes[SIZES - 1].width, device, (long long)n[0], ms[0],
                beside);
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
    if (p->kind != IK_ENCODER) return true;
    const ik_encoder_iface *iface = p->iface;
    for (int i = 0; iface->provides && iface->provides[i]; i++)
        if (!strcmp(iface->provides[i], "noise") || !strcmp(iface->provides[i], "z")) return true;
    check_found(f, CHECK_NOTE,
                "it encodes neither 'noise' nor 'z', which the networks here draw: not recorded");
    return false;
}

void check_in_place(check_findings *f, const ik_plugin *plugin) {
    backends others = {0};
    if (!is_asked(f, plugin) || !runs_here(f, plugin)) return;
    ik__plugins_list(IK_BACKEND, note_backend, &others);
    if (plugin->kind == IK_BACKEND) others = (backends){1, {plugin->name}};
    bool fine = true, differentiate = plugin->kind != IK_BACKEND || !strcmp(plugin->name, "naive");
    place p = {.f = f, .plugin = plugin};
    for (int i = 0; i < SIZES && fine; i++) {
        p.size = sizes[i];
        fine = inspect_size(&p, i == 0 && differentiate, &others);
    }
    if (fine && others.n) weigh(f, plugin, others.name[0]);
}
