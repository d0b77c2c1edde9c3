#include "measure.h"

#include "base/clock.h"
#include "data/loader.h"
#include "exec/adam.h"
#include "stages/synthesize.h"

#include <stdlib.h>

enum { FEWEST = 3, MOST_SERIES = 9, WARM = 3 };

bool is_device(const ik__session *s) {
    return IK__PROVIDES(s->engine->backend, elapsed);
}

/* The floor is oneDNN's, below the backend that uses it. */
static bool has_floor(const ik__session *s) {
    return !strcmp(s->device, "cpu");
}

/* --- Replays. */

static ik_status run_update(ik__session *s, int which, uint64_t n, ik_error *err) {
    const ik__players *p = &s->model->players;
    const ik__update *u = &p->updates[which];
    ik_step step = {(uint64_t)s->set.seed, (uint64_t)p->n_updates * n + (uint64_t)which, 0};
    if (!s->update[which]) return IK_OK;
    ik_status status = ik__program_run(s->engine, s->update[which], &step, true, err);
    if (status) return status;
    ik__program_commit(s->engine, s->update[which]);
    for (int i = 0; i < u->n; i++)
        ik__adam_step(s->engine->store, u->players[i], &p->v[u->players[i]].adam);
    return IK_OK;
}

ik_status run_step(ik__session *s, bool training, uint64_t n, ik_error *err) {
    if (!training) {
        ik_step step = {(uint64_t)s->set.seed, n, 0};
        return ik__program_run(s->engine, s->sample, &step, true, err);
    }
    ik_status status = IK_OK;
    for (int i = 0; i < s->model->players.n_updates && !status; i++)
        status = run_update(s, i, n, err);
    return status;
}

static int compare(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static ik_status replays(ik__session *s, bool training, double seconds, measured *m,
                         ik_error *err) {
    double took[MOST_SERIES], before, began = ik__now();
    ik_status status = IK_OK;
    uint64_t n = 0;
    for (; n < WARM && !status; n++) status = run_step(s, training, n, err);
    while (!status && (m->series < FEWEST || ik__now() - began < seconds) &&
           m->series < MOST_SERIES) {
        status = ik__engine_elapsed(s->engine, &before, err);
        for (int i = 0; i < REPLAYS && !status; i++) status = run_step(s, training, n++, err);
        if (!status) status = ik__engine_elapsed(s->engine, &took[m->series], err);
        took[m->series++] /= REPLAYS;
    }
    if (status) return status;
    qsort(took, (size_t)m->series, sizeof *took, compare);
    m->least = took[0];
    m->replay = took[m->series / 2];
    return IK_OK;
}

/* --- Memory. */

static void note_memory(ik__session *s, measured *m) {
    const ik__engine *e = s->engine;
    ik__memory all = ik__session_memory(s);
    size_t available, total;
    m->bytes = (double)(all.values + all.gradients + all.moments + all.averages + all.arena +
                        all.workspace + all.inputs);
    for (int i = 0; i < e->n_programs; i++) m->bytes += (double)e->programs[i]->kept_bytes;
    if (!IK__PROVIDES(e->backend, memory)) return;
    e->backend->memory(e->self, &available, &total);
    m->taken = (double)(total - available);
}

static ik_status on_device(ik__session *s, bool training, double seconds, measured *m,
                           ik_error *err) {
    ik__facts_peak(&s->facts); /* the floor's own memory does not count */
    ik_status status = is_device(s) ? replays(s, training, seconds, m, err) : IK_OK;
    note_memory(s, m);
    return status;
}

/* --- Synthesis. */

static ik_status nothing(void *user, const ik__painted *p, ik_error *err) {
    (void)user, (void)p, (void)err;
    return IK_OK;
}

static ik_status paint(ik__session *s, ik_error *err) {
    return ik__paint_each(s, 0, s->set.synthesize.batch, 1, IK__FRESH, nothing, NULL, err);
}

ik_status measure_synthesis(ik__session *s, double seconds, measured *m, ik_error *err) {
    ik_status status = IK_OK;
    double began = ik__now();
    for (; !status && (m->repeats < FEWEST || ik__now() - began < seconds); m->repeats++)
        status = paint(s, err);
    m->seconds = 1e-6 * (double)(s->facts.picture_us * s->set.synthesize.batch);
    if (!status) status = on_device(s, false, seconds, m, err);
    return status || !has_floor(s) ? status : floor_add(s->sample, &m->floor, err);
}

/* --- Training. */

static ik_status step_as_seen(ik__session *s, const ik__batch *batch, uint64_t n, ik_error *err) {
    for (int i = 0; i < s->model->players.n_updates; i++) {
        if (!s->update[i]) continue;
        const ik__names *losses = &s->update[i]->graph->outputs;
        ik_status status = ik__upload_batch(s, batch, err);
        if (!status) status = run_update(s, i, n, err);
        for (int k = 0; k < losses->n && !status; k++) {
            float value;
            status = ik__program_tensor(s->engine, s->update[i], losses->v[k].node, &value, err);
        }
        if (status) return status;
    }
    return IK_OK;
}

static ik_status open_loader(ik__session *s, ik__loader **loader, const ik__batch **batch,
                             ik_error *err) {
    const ik__course course = {.items = s->info->count[IK_TRAIN], .batch = s->set.train.batch};
    ik_status status =
        ik__loader_open(s->data, &course, 1, (uint64_t)s->set.seed, false, 0, loader, err);
    return status ? status : ik__loader_next(*loader, batch, err);
}

ik_status measure_training(ik__session *s, double seconds, measured *m, ik_error *err) {
    ik__loader *loader = NULL;
    const ik__batch *batch;
    ik_status status = open_loader(s, &loader, &batch, err);
    if (!status) status = step_as_seen(s, batch, 0, err);
    double start = ik__now();
    for (m->seconds = 1e9; !status && (m->repeats < FEWEST || ik__now() - start < seconds);) {
        double began = ik__now();
        status = step_as_seen(s, batch, (uint64_t)++m->repeats, err);
        double took = ik__now() - began;
        if (took < m->seconds) m->seconds = took;
    }
    ik__loader_close(loader);
    if (!status) status = on_device(s, true, seconds, m, err);
    for (int i = 0; i < s->model->players.n_updates && !status && has_floor(s); i++)
        if (s->update[i]) status = floor_add(s->update[i], &m->floor, err);
    return status;
}

ik_status upload_scenes(ik__session *s, bool training, ik_error *err) {
    if (!training) return paint(s, err);
    ik__loader *loader = NULL;
    const ik__batch *batch;
    ik_status status = open_loader(s, &loader, &batch, err);
    if (!status) status = ik__upload_batch(s, batch, err);
    ik__loader_close(loader);
    return status;
}
