/* Losses, on the device or read at once; see guard.h. */
#include "guard.h"

#include <math.h>
#include <stdlib.h>

static int count(const ik__program *p) {
    int n = p ? p->graph->outputs.n : 0;
    return n < IK__LOSSES ? n : IK__LOSSES;
}

static void *place(const ik__guard *g, ik__role role, int64_t part) {
    size_t each = g->engine->backend->element_bytes(g->engine->self, IK_F32) * IK__LOSSES;
    return (char *)g->kept + (size_t)(role * g->parts + part) * each;
}

ik_status ik__guard_open(ik__guard *g, ik__engine *e, ik__program *const programs[2], int64_t parts,
                         ik_error *err) {
    *g = (ik__guard){.engine = e, .programs = programs, .parts = parts};
    if (!IK__PROVIDES(e->backend, guard)) return IK_OK;
    g->kept = e->backend->alloc(e->self, (size_t)(2 * parts * IK__LOSSES) *
                                             e->backend->element_bytes(e->self, IK_F32));
    return g->kept ? IK_OK : ik_errorf(err, IK_FAILED, "error: out of memory for the losses");
}

void ik__guard_close(ik__guard *g) {
    if (g->kept) g->engine->backend->free(g->engine->self, g->kept);
    g->kept = NULL;
}

static void add(ik__guard *g, ik__role role, int64_t part, int i, float value) {
    if (!part) g->mean[role][i] = 0;
    g->mean[role][i] += value / (float)g->parts;
}

static ik_status read_at_once(ik__guard *g, int64_t step, ik__role role, int64_t part,
                              ik_error *err) {
    ik__program *p = g->programs[role];
    for (int i = 0; i < count(p); i++) {
        float value;
        ik_status status =
            ik__program_tensor(g->engine, p, p->graph->outputs.v[i].node, &value, err);
        if (status) return status;
        if (!isfinite(value)) {
            g->bad = (struct ik__bad_loss){true, step, part, role, i, value};
            return IK_FAILED;
        }
        add(g, role, part, i, value);
    }
    g->known = true;
    return IK_OK;
}

ik_status ik__guard_take(ik__guard *g, int64_t step, ik__role role, int64_t part, ik_error *err) {
    if (!g->kept) return read_at_once(g, step, role, part, err);
    const ik__program *p = g->programs[role];
    const void *scalars[IK__LOSSES];
    for (int i = 0; i < count(p); i++) scalars[i] = p->pointer[p->graph->outputs.v[i].node->t.id];
    g->engine->backend->guard(g->engine->self, count(p), scalars, place(g, role, part),
                              (uint64_t)((2 * step + role) * g->parts + part));
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
    g->bad = (struct ik__bad_loss){
        true, program / 2, (int64_t)number % g->parts, (ik__role)(program % 2), loss, value};
    return IK_FAILED;
}

ik_status ik__guard_read(ik__guard *g, ik_error *err) {
    ik_status status = ik__guard_check(g, err);
    if (status || !g->kept) return status;
    int64_t n = 2 * g->parts * IK__LOSSES;
    float *all = malloc((size_t)n * sizeof *all);
    if (!all) return ik_errorf(err, IK_FAILED, "error: out of memory for the losses");
    status = g->engine->backend->download(g->engine->self, IK_F32, n, all, g->kept, err);
    for (int64_t k = 0; k < 2 * g->parts && !status; k++)
        for (int i = 0; i < count(g->programs[k / g->parts]); i++)
            add(g, (ik__role)(k / g->parts), k % g->parts, i, all[k * IK__LOSSES + i]);
    g->known = !status;
    free(all);
    return status;
}

/* --- Telling them. */

const char *ik__player(ik__role role) {
    return role == IK__GENERATOR ? "generator" : "discriminator";
}

void ik__guard_text(const ik__guard *g, char *text, size_t size) {
    size_t at = 0;
    text[0] = 0;
    for (int role = 0; role < 2 && g->known; role++)
        for (int i = 0; i < count(g->programs[role]) && at < size; i++) {
            const char *name = g->programs[role]->graph->outputs.v[i].name;
            if (!strcmp(name, "total")) name = role ? "D" : "G";
            at += (size_t)snprintf(text + at, size - at, "%s%s %.3f", at ? "  " : "", name,
                                   (double)g->mean[role][i]);
        }
}

void ik__guard_log(const ik__guard *g, ik__log *log) {
    for (int role = 0; role < 2; role++)
        for (int i = 0; i < count(g->programs[role]); i++) {
            char key[96];
            snprintf(key, sizeof key, "%s.%s", ik__player((ik__role)role),
                     g->programs[role]->graph->outputs.v[i].name);
            ik__log_real(log, key, g->mean[role][i]);
        }
}
