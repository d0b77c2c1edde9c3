/* Losses, on the device or read at once; see guard.h. */
#include "guard.h"

#include <math.h>
#include <stdlib.h>

static int count(const ik__program *p) {
    return p ? p->graph->outputs.n : 0;
}

static void *place(const ik__guard *g, int update, int64_t part) {
    size_t each = g->engine->backend->element_bytes(g->engine->self, IK_F32) * IK__LOSSES;
    return (char *)g->kept + (size_t)(update * g->parts + part) * each;
}

ik_status ik__guard_open(ik__guard *g, ik__engine *e, const ik__players *players,
                         ik__program *const *programs, int64_t parts, ik_error *err) {
    *g = (ik__guard){.engine = e, .players = players, .programs = programs, .parts = parts};
    for (int u = 0; u < players->n_updates; u++)
        if (count(programs[u]) > IK__LOSSES)
            return ik_errorf(err, IK_USAGE,
                             "%s has %d losses with their totals, at most %d can be "
                             "watched; leave some out",
                             programs[u]->name, count(programs[u]), IK__LOSSES);
    if (!IK__PROVIDES(e->backend, guard)) return IK_OK;
    g->kept = e->backend->alloc(e->self, (size_t)(players->n_updates * parts * IK__LOSSES) *
                                             e->backend->element_bytes(e->self, IK_F32));
    return g->kept ? IK_OK : ik_errorf(err, IK_FAILED, "out of memory for the losses");
}

void ik__guard_close(ik__guard *g) {
    if (g->kept) g->engine->backend->free(g->engine->self, g->kept);
    g->kept = NULL;
}

static void add(ik__guard *g, int update, int64_t part, int i, float value) {
    if (!part) g->mean[update][i] = 0;
    g->mean[update][i] += value / (float)g->parts;
}

static ik_status read_at_once(ik__guard *g, int64_t step, int update, int64_t part, ik_error *err) {
    ik__program *p = g->programs[update];
    for (int i = 0; i < count(p); i++) {
        float value;
        ik_status status =
            ik__program_tensor(g->engine, p, p->graph->outputs.v[i].node, &value, err);
        if (status) return status;
        if (!isfinite(value)) {
            g->bad = (struct ik__bad_loss){true, step, part, update, i, value};
            return IK_FAILED;
        }
        add(g, update, part, i, value);
    }
    g->known = true;
    return IK_OK;
}

ik_status ik__guard_take(ik__guard *g, int64_t step, int update, int64_t part, ik_error *err) {
    if (!g->kept) return read_at_once(g, step, update, part, err);
    const ik__program *p = g->programs[update];
    const void *scalars[IK__LOSSES];
    for (int i = 0; i < count(p); i++) scalars[i] = p->pointer[p->graph->outputs.v[i].node->t.id];
    g->engine->backend->guard(
        g->engine->self, count(p), scalars, place(g, update, part),
        (uint64_t)((g->players->n_updates * step + update) * g->parts + part));
    return IK_OK;
}

ik_status ik__guard_check(ik__guard *g, ik_error *err) {
    uint64_t number;
    int loss;
    float value;
    if (!g->kept) return IK_OK;
    ik_status status = g->engine->backend->guarded(g->engine->self, &number, &loss, &value, err);
    if (status || loss < 0) return status;
    int64_t program = (int64_t)number / g->parts;
    int n = g->players->n_updates;
    g->bad = (struct ik__bad_loss){
        true, program / n, (int64_t)number % g->parts, (int)(program % n), loss, value};
    return IK_FAILED;
}

ik_status ik__guard_read(ik__guard *g, ik_error *err) {
    ik_status status = ik__guard_check(g, err);
    if (status || !g->kept) return status;
    int64_t rows = g->players->n_updates * g->parts, n = rows * IK__LOSSES;
    float *all = malloc((size_t)n * sizeof *all);
    if (!all) return ik_errorf(err, IK_FAILED, "out of memory for the losses");
    status = g->engine->backend->download(g->engine->self, IK_F32, n, all, g->kept, err);
    for (int64_t k = 0; k < rows && !status; k++)
        for (int i = 0; i < count(g->programs[k / g->parts]); i++)
            add(g, (int)(k / g->parts), k % g->parts, i, all[k * IK__LOSSES + i]);
    g->known = !status;
    free(all);
    return status;
}

/* --- Telling them. */

/* Is result i of an update this player's? Gives the name of its loss then. */
static const char *loss_of(const ik__guard *g, int u, int i, const ik__player *player) {
    const char *name;
    const ik__player *p = ik__result_player(g->players, &g->players->updates[u],
                                            g->programs[u]->graph->outputs.v[i].name, &name);
    return p == player ? name : NULL;
}

/* A player's total, and what it is made of: "G 14.9 (hinge 0.1, l1 0.3)". */
static size_t player_text(const ik__guard *g, int u, const ik__player *p, char *text, size_t size) {
    const int n = count(g->programs[u]);
    const char *name, *before = " (";
    size_t at = 0;
    for (int i = 0; i < n && at < size; i++)
        if ((name = loss_of(g, u, i, p)) && !strcmp(name, "total"))
            at +=
                (size_t)snprintf(text + at, size - at, "%s %.3f", p->letter, (double)g->mean[u][i]);
    for (int i = 0; i < n && at < size; i++) {
        if (!(name = loss_of(g, u, i, p)) || !strcmp(name, "total")) continue;
        at += (size_t)snprintf(text + at, size - at, "%s%s %.3f", before, name,
                               (double)g->mean[u][i]);
        before = ", ";
    }
    if (before[0] == ',' && at < size) at += (size_t)snprintf(text + at, size - at, ")");
    return at;
}

void ik__guard_text(const ik__guard *g, char *text, size_t size) {
    size_t at = 0;
    text[0] = 0;
    for (int u = 0; u < g->players->n_updates && g->known; u++) {
        const ik__update *update = &g->players->updates[u];
        for (int i = 0; i < update->n && g->programs[u] && at + 2 < size; i++) {
            if (at) at += (size_t)snprintf(text + at, size - at, "  ");
            at += player_text(g, u, &g->players->v[update->players[i]], text + at, size - at);
        }
    }
}

void ik__guard_log(const ik__guard *g, ik__log *log) {
    for (int u = 0; u < g->players->n_updates; u++)
        for (int i = 0; i < count(g->programs[u]); i++) {
            char key[160];
            const char *name;
            const ik__player *p =
                ik__result_player(g->players, &g->players->updates[u],
                                  g->programs[u]->graph->outputs.v[i].name, &name);
            snprintf(key, sizeof key, "%s.%s", p->name, name);
            ik__log_real(log, key, g->mean[u][i]);
        }
}
