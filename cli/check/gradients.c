/* The naive backend's gradients beside finite differences of its loss, in double precision. A
 * parameter that the loss is computed from and that has no gradient counts as one with zeros.
 *
 * Along a direction of signs, the slope between two points is a central difference; a kink of a
 * leaky ReLU between them spoils it. So one that disagrees counts as evidence only as far as it
 * stays the same when the points move together to half the distance, and when the slopes to either
 * side of the middle are the same; and two distances of unlike size have to give it. Where kinks or
 * rounding may explain what is seen at all distances that are tried, the direction is left out. */
#include "trial.h"

#include "base/clock.h"
#include "inadekit/philox.h"

#include <math.h>
#include <stdlib.h>

enum { SETTLE = 24, DIRECTIONS = 2, SAY = 4 };
static const double PATIENCE =
    7; /* seconds of a processor, busy or not: of each update, to settle and to differentiate */

/* A slope's distance from the gradient's, relative to the larger of the slopes and of the length of
 * the gradient, which is what slopes along signs are on average. */
static const double CLOSE = 1e-3;
/* How far a parameter is moved at most before its gradient is looked at. */
static const double AWAY = 1e-3;
/* The loss's relative error from rounding. */
static const double ROUNDING = 1e-13;

typedef struct subject {
    check_findings *f;
    const ik_plugin *plugin;
    const check_trial *naive;
    int update;
    const char *at;
    double loss; /* in the middle */
    int n;       /* parameters of the update's players that its program reads */
    struct parameter {
        const ik__entry *entry;
        double *gradient;
        bool missing; /* none was recorded: zeros */
        bool agrees;  /* along one direction at least */
    } * parameters;
    int right, wrong, unclear;
} subject;

typedef enum verdict { RIGHT, WRONG, UNCLEAR, FAILED } verdict;

static double sign(int64_t element, int direction) {
    return ik_mix64((uint64_t)element + 11 + ((uint64_t)direction << 40)) & 1 ? 1 : -1;
}

static double along(const double *g, int64_t n, int direction) {
    double sum = 0;
    for (int64_t i = 0; i < n; i++) sum += sign(i, direction) * g[i];
    return sum;
}

static double length(const double *g, int64_t n) {
    double sum = 0;
    for (int64_t i = 0; i < n; i++) sum += g[i] * g[i];
    return sqrt(sum);
}

/* The loss where a parameter has moved by h along a direction; false after a failed step. */
static bool loss_at(const subject *s, const ik__entry *e, int direction, double h, double *loss) {
    double *v = ik__store_value(s->naive->s->engine->store, e);
    int64_t n = ik_count(e->shape);
    double *kept = malloc(sizeof *v * (size_t)n);
    if (!kept) return false;
    memcpy(kept, v, sizeof *v * (size_t)n);
    for (int64_t i = 0; i < n; i++) v[i] += h * sign(i, direction);
    bool ok = check_trial_forward(s->f, s->plugin, s->naive, s->update);
    *loss = check_trial_loss(s->naive, s->update);
    memcpy(v, kept, sizeof *v * (size_t)n);
    free(kept);
    return ok;
}

/* The central difference between -h and h, and by how much the slopes of both halves differ. */
static bool slope(const subject *s, const ik__entry *e, int direction, double h, double *central,
                  double *bend) {
    double below, above;
    if (!loss_at(s, e, direction, -h, &below) || !loss_at(s, e, direction, h, &above)) return false;
    *central = (above - below) / (2 * h);
    *bend = fabs(above - 2 * s->loss + below) / h;
    return true;
}

static verdict compare(const subject *s, const ik__entry *e, const double *g, int direction,
                       double *analytic, double *numeric) {
    static const double steps[] = {1e-5, 1e-6, 1e-7, 1e-4, 1e-3}; /* the last for ops in float */
    int64_t n = ik_count(e->shape);
    double size = length(g, n);
    bool before = false;
    *analytic = along(g, n, direction);
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        double h = steps[i], near, far, bend, unused;
        if (!slope(s, e, direction, h / 2, &near, &bend)) return FAILED;
        double scale = fmax(size, fabs(*analytic) + fabs(near));
        double allowed = CLOSE * scale + ROUNDING * fabs(s->loss) / h + 1e-12;
        if (fabs(near - *analytic) <= allowed) return RIGHT;
        if (!slope(s, e, direction, h, &far, &unused)) return FAILED;
        double doubt = fabs(far - near) + bend;
        if (fabs(near - *analytic) <= allowed + 4 * doubt) continue;
        if (before && fabs(near - *numeric) < fabs(near - *analytic) / 2) return WRONG;
        *numeric = near;
        before = true;
    }
    return UNCLEAR;
}

/* Is a path the plugin's own, as far as its place tells? */
static bool is_own(const subject *s, const char *of) {
    static const char *const paths[IK_KIND_COUNT] = {[IK_NORM] = "generator.subject.",
                                                     [IK_BLOCK] = "generator.subject.",
                                                     [IK_ENCODER] = "encoder.",
                                                     [IK_DISCRIMINATOR] = "discriminator."};
    const char *path = s->plugin->kind == IK_LOSS ? s->plugin->name : paths[s->plugin->kind];
    return path && !strncmp(of, path, strlen(path));
}

static bool stops_gradients(const subject *s) {
    const ik__program *g = s->naive->s->update[s->update];
    for (int i = 0; i < g->n; i++)
        if (g->order[i]->op == IK_STOP && is_own(s, g->order[i]->path)) return true;
    return false;
}

/* An op of a plugin's that says it has no gradient; NULL if all have. */
static const char *without_gradient(const subject *s) {
    const ik__program *g = s->naive->s->update[s->update];
    for (int i = 0; i < g->n; i++)
        if (g->order[i]->op == IK_CUSTOM && !g->order[i]->custom->gradient)
            return g->order[i]->custom->name;
    return NULL;
}

static void say_missing(const subject *s, const ik__entry *e, double numeric, const char *more) {
    const char *op = without_gradient(s);
    char why[160] = "an op on its way passes none on";
    if (op) snprintf(why, sizeof why, "the op '%.80s' has none", op);
    check_found(s->f, *more ? CHECK_NOTE : CHECK_WRONG,
                "%s: no gradient reaches %s, finite differences say %.9g; %s%s", s->at, e->path,
                numeric, why, *more ? more : "; say ik_stop_gradient where that is meant");
}

/* Says of the first few where they differ; false after a failed step. */
static bool check_one(subject *s, struct parameter *p, int direction) {
    const ik__entry *e = p->entry;
    double analytic = 0, numeric = 0;
    verdict v = compare(s, e, p->gradient, direction, &analytic, &numeric);
    if (v == FAILED) return false;
    p->agrees |= v == RIGHT;
    s->right += v == RIGHT;
    s->unclear += v == UNCLEAR;
    if (v != WRONG || s->wrong++ >= SAY) return true;
    bool stops = stops_gradients(s);
    const char *more = stops ? " (a gradient is stopped on purpose somewhere)" : "";
    if (p->missing)
        say_missing(s, e, numeric, more);
    else
        check_found(s->f, stops ? CHECK_NOTE : CHECK_WRONG,
                    "%s: the %s gradient of %s is %.9g, finite differences say %.9g%s", s->at,
                    s->naive->whose[s->update], e->path, analytic, numeric, more);
    return true;
}

static void conclude(const subject *s) {
    int agree = 0;
    for (int i = 0; i < s->n; i++) agree += s->parameters[i].agrees;
    const char *whose = s->naive->whose[s->update];
    if (!s->wrong && s->right)
        check_found(s->f, CHECK_FINE,
                    "%s: %s gradients of %d of %d parameters agree with finite differences", s->at,
                    whose, agree, s->n);
    if (s->unclear)
        check_found(s->f, CHECK_NOTE,
                    "%s: %s gradients: %d directions were left out, as kinks or rounding bend the "
                    "loss along them",
                    s->at, whose, s->unclear);
}

/* As many as there is time for, the plugin's own first. */
static bool check_all(subject *s) {
    bool ok = true;
    double begin = ik__spent();
    for (int direction = 0; direction < DIRECTIONS; direction++)
        for (int own = 1; own >= 0; own--)
            for (int i = 0; i < s->n && ok && ik__spent() - begin < PATIENCE; i++) {
                struct parameter *p = &s->parameters[i];
                if (!p->gradient || is_own(s, p->entry->path) != own) continue;
                ok = check_one(s, p, direction);
            }
    if (ok) conclude(s);
    return ok;
}

/* Biases begin at zero, where kinks may lie, several at once; so everything moves a little first.
 */
static void leave_kinks(const subject *s) {
    const ik__program *g = s->naive->s->update[s->update];
    for (int i = 0; i < g->n_grads; i++) {
        const ik__entry *e = g->grads[i].entry;
        double *v = ik__store_value(s->naive->s->engine->store, e);
        for (int64_t k = 0; k < ik_count(e->shape); k++) {
            uint64_t word = ik_mix64((uint64_t)k + ((uint64_t)(i + 1) << 40));
            v[k] += AWAY * (2 * ik_uniform01((uint32_t)word) - 1);
        }
    }
}

/* Where spectral norms have converged, their vectors' own dependence on a weight vanishes. */
static bool settle(const subject *s) {
    double begin = ik__spent();
    for (int i = 0; i < SETTLE && ik__spent() - begin < PATIENCE; i++)
        if (!check_trial_step(s->f, s->plugin, s->naive, s->update, true)) return false;
    return check_trial_step(s->f, s->plugin, s->naive, s->update, false);
}

static bool is_trained(const subject *s, const ik__entry *e) {
    const ik__session *t = s->naive->s;
    const ik__update *u = &t->model->players.updates[s->update];
    const ik__block *block = &t->engine->store->blocks[e->block];
    for (int i = 0; e->learned && block->trained && i < u->n; i++)
        if (u->players[i] == block->player) return true;
    return false;
}

/* Copies: the next runs overwrite gradients. */
static void take_gradients(subject *s) {
    const ik__program *g = s->naive->s->update[s->update];
    s->parameters = calloc((size_t)g->n + 1, sizeof *s->parameters);
    for (int i = 0; s->parameters && i < g->n; i++) {
        const ik__entry *e = g->order[i]->op == IK_PARAM ? g->order[i]->entry : NULL;
        if (!e || !is_trained(s, e)) continue;
        int k = 0;
        while (k < g->n_grads && g->grads[k].entry != e) k++;
        struct parameter *p = &s->parameters[s->n++];
        *p = (struct parameter){.entry = e, .missing = k == g->n_grads};
        p->gradient = p->missing ? calloc((size_t)ik_count(e->shape), sizeof(double))
                                 : check_trial_gradient(s->naive, s->update, k);
    }
}

bool check_gradients(check_findings *f, const ik_plugin *p, const check_trial *naive, int update,
                     const char *at) {
    subject s = {.f = f, .plugin = p, .naive = naive, .update = update, .at = at};
    leave_kinks(&s);
    if (!settle(&s)) return false;
    s.loss = check_trial_loss(naive, update);
    take_gradients(&s);
    bool ok = check_all(&s);
    for (int i = 0; i < s.n; i++) free(s.parameters[i].gradient);
    free(s.parameters);
    return ok;
}
