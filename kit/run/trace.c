/* Running one program once and writing what it makes, perhaps after steps of training; see trace.h.
 */
#include "trace.h"

#include "base/files.h"
#include "base/numbers.h"
#include "exec/finite.h"
#include "session/checkpoint.h"
#include "session/start.h"
#include "trace_record.h"
#include "trace_steps.h"
#include "weights/convert.h"

#include <stdlib.h>

/* --- writing */

typedef struct item {
    ik_tensor tensor;
    const void *at;
    bool host; /* `at` is: no storage of the backend */
} item;

typedef struct writer {
    ik__session *s;
    ik__st_writer *file;
    int n, room;
    item *items;
    bool odd; /* what was written holds numbers that are not finite */
} writer;

static void IK_PRINTF(4, 5)
    add(writer *w, ik_tensor tensor, const void *at, const char *format, ...) {
    if (w->n == w->room) return; /* never: `room` counts all there can be */
    char name[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(name, sizeof name, format, args);
    va_end(args);
    ik__st_add(w->file, name, tensor.dtype, tensor.shape);
    w->items[w->n++] = (item){tensor, at, false};
}

static void list_losses(writer *w, const ik__trace_losses *losses) {
    for (int i = 0; i < losses->n; i++) {
        const ik_tensor number = {.shape = IK_SHAPE0(), .dtype = IK_F32};
        add(w, number, &losses->v[i].value, "%s", losses->v[i].name);
        w->items[w->n - 1].host = true;
    }
}

static ik_tensor tensor_of(const ik__entry *e) {
    return (ik_tensor){.shape = e->shape, .dtype = IK_F32};
}

static void list(writer *w, const ik__program *p, const ik__trace_options *t) {
    const ik__names *outputs = &p->graph->outputs, *assigns = &p->graph->assigns;
    for (int i = 0; i < outputs->n; i++) {
        const ik_tensor *x = &outputs->v[i].node->t;
        add(w, *x, p->pointer[x->id], "%s", outputs->v[i].name);
    }
    for (int i = 0; t->grads && i < p->n_grads; i++) {
        const ik__entry *e = p->grads[i].entry;
        add(w, tensor_of(e), ik__store_grad(w->s->engine->store, e), "grad.%s", e->path);
    }
    for (int i = 0; i < assigns->n; i++) {
        const ik__entry *e = ik__store_find(w->s->engine->store, assigns->v[i].name);
        add(w, tensor_of(e), ik__store_value(w->s->engine->store, e), "state.%s", e->path);
    }
    for (int i = 0; t->all && i < p->n; i++) {
        const ik__node *x = p->order[i];
        if (ik__is_leaf(x->op)) continue;
        add(w, x->t, p->pointer[x->t.id], "node.%d.%s%s%s", x->t.id, ik__op_name(x),
            *x->path ? "." : "", x->path);
    }
}

static ik_status write_items(writer *w, const char *path, ik_error *err) {
    const ik__engine *e = w->s->engine;
    ik_status status = IK_OK;
    w->odd = false;
    ik__st_begin(w->file);
    for (int i = 0; i < w->n && !status; i++) {
        int64_t n = ik_count(w->items[i].tensor.shape);
        if (w->items[i].host) {
            ik__st_write(w->file, w->items[i].at, n);
            continue;
        }
        void *host = malloc((size_t)n * sizeof(float));
        status = host ? ik__engine_read(e, &w->items[i].tensor, host, w->items[i].at, err)
                      : ik_errorf(err, IK_FAILED, "%s: out of memory", path);
        if (!status) ik__st_write(w->file, host, n);
        if (!status && w->items[i].tensor.dtype == IK_F32) w->odd |= ik__first_odd(host, n) >= 0;
        free(host);
    }
    return status;
}

/* The file is there to be looked at, but nobody shall take it for a result. */
static ik_status not_finite(ik__session *s, ik__program *p, const ik_step *step,
                            const ik__trace_options *t, ik_error *err) {
    char where[600];
    ik__check_finite(s->engine, p, step, where, sizeof where);
    return ik_errorf(err, IK_FAILED, "%s was written, but holds what is no finite number%s%s",
                     t->outputs, where[0] ? ": " : "", where);
}

static ik_status write_results(ik__session *s, ik__program *p, const ik_step *step,
                               const ik__trace_options *t, const ik__trace_losses *losses,
                               ik_error *err) {
    int room = losses->n + p->graph->outputs.n + p->graph->assigns.n + p->n_grads + p->n;
    writer w = {.s = s, .room = room, .items = calloc((size_t)room + 1, sizeof *w.items)};
    w.file = ik__st_writer_new(t->outputs);
    ik_status status = IK_OK;
    if (!w.items || !w.file) status = ik_errorf(err, IK_FAILED, "%s: out of memory", t->outputs);
    if (!status) {
        list_losses(&w, losses);
        list(&w, p, t);
        ik__st_meta_set(w.file, "program", p->name);
        ik__st_meta_set(w.file, "device", s->device);
        status = write_items(&w, t->outputs, err);
    }
    free(w.items);
    if (!status) {
        status = ik__st_commit(w.file, err);
        return status || !w.odd ? status : not_finite(s, p, step, t, err);
    }
    ik__st_abort(w.file);
    return status;
}

/* --- together */

static ik_status load(ik__session *s, const ik__trace_options *t, ik_error *err) {
    ik_status status = ik__session_ready(s, err);
    if (status) return status;
    return t->weights.n ? ik__weights_fill(s, t->weights, NULL, err) : ik__weights_start(s, err);
}

static ik_status run(ik__session *s, int k, ik__program *p, ik__trace_inputs *in,
                     const ik__trace_options *t, ik_error *err) {
    ik__trace_losses losses = {0};
    uint64_t before = (uint64_t)(t->steps * s->model->players.n_updates);
    ik_step step = {.seed = (uint64_t)s->set.seed, .step = k < 0 ? 0 : before + (uint64_t)k};
    ik_status status = load(s, t, err);
    if (!status) status = ik__trace_train(s, in, t->steps, &losses, err);
    if (!status && t->save_weights) status = ik__weights_save(s, t->save_weights, err);
    /* Of two names for one file that was not there. */
    if (!status) status = ik__apart(t->outputs, t->save_weights, err);
    if (!status) status = ik__trace_inputs_feed(in, s, p, err);
    if (!status) status = ik__program_run(s->engine, p, &step, false, err);
    if (!status) status = write_results(s, p, &step, t, &losses, err);
    free(losses.v);
    return status;
}

/* The pipeline with the batch that the inputs have. */
static ik_status begin(const ik__run_options *o, int64_t batch, ik__session **out, ik_error *err) {
    char train[48], synthesize[48];
    snprintf(train, sizeof train, "train.batch=%lld", (long long)batch);
    snprintf(synthesize, sizeof synthesize, "synthesize.batch=%lld", (long long)batch);
    const char **sets = malloc(sizeof *sets * (size_t)(o->n_sets + 3));
    if (!sets) return ik_errorf(err, IK_FAILED, "out of memory");
    for (int i = 0; i < o->n_sets; i++) sets[i] = o->sets[i];
    sets[o->n_sets] = train;
    sets[o->n_sets + 1] = synthesize;
    sets[o->n_sets + 2] = "train.accumulate=1";
    ik__run_options with = *o;
    with.no_data = true;
    with.sets = sets;
    with.n_sets = o->n_sets + 3;
    ik_status status = ik__session_begin(&with, out, err);
    free(sets);
    return status;
}

/* Finds the program that is asked for among the pipeline's. */
static ik_status find_program(const ik__session *s, const ik__trace_options *t, int *k,
                              ik_error *err) {
    const ik__players *p = &s->model->players;
    char list[512] = "sample, encode";
    size_t at = strlen(list);
    *k = !strcmp(t->program, "sample") ? IK__TRACE_SAMPLE : IK__TRACE_ENCODE;
    if (*k == IK__TRACE_ENCODE && strcmp(t->program, "encode")) {
        *k = ik__update_find(p, t->program);
        for (int i = 0; i < p->n_updates && at < sizeof list; i++)
            at += (size_t)snprintf(list + at, sizeof list - at, "%s%s",
                                   i + 1 < p->n_updates ? ", " : " and ", p->updates[i].name);
        if (*k < 0)
            return ik_errorf(err, IK_USAGE, "unknown program '%s'; there are %s", t->program, list);
    }
    if (*k >= 0 || !t->grads) return IK_OK;
    return ik_errorf(err, IK_USAGE, "%s has no gradients; they are those of programs that train",
                     t->program);
}

/* Nothing that is read is written over. */
static ik_status keep_sources(const char *to, const ik__session *s, const ik__run_options *o,
                              const ik__trace_options *t, ik_error *err) {
    if (!to) return IK_OK;
    const ik__model *m = s->model;
    ik_status status = ik__weights_spare(to, err);
    if (!status) status = ik__apart(to, t->inputs, err);
    if (!status) status = ik__apart(to, o->pipeline, err);
    if (!status) status = ik__apart(to, m->weights.file, err);
    for (int i = 0; i < t->weights.n && !status; i++) status = ik__apart(to, t->weights.v[i], err);
    for (int i = 0; i < m->n_networks && !status; i++)
        status = ik__apart(to, m->networks[i].weights.file, err);
    return status;
}

ik_status ik__trace(const ik__run_options *o, const ik__trace_options *t, ik_error *err) {
    ik__trace_inputs in;
    ik_status status = ik__trace_inputs_open(t->inputs, &in, err);
    if (status) return status;
    ik__session *s = NULL;
    ik__program *p = NULL;
    int k = IK__TRACE_SAMPLE;
    in.steps = t->steps;
    status = begin(o, in.batch, &s, err);
    if (!status) status = keep_sources(t->outputs, s, o, t, err);
    if (!status) status = keep_sources(t->save_weights, s, o, t, err);
    if (!status) status = find_program(s, t, &k, err);
    if (!status) s->engine->keep_all = t->all;
    if (!status && t->save_weights) status = ik__trace_declare(s, k, err);
    if (!status && t->steps) status = ik__trace_record_training(s, &in, err);
    if (!status && k >= 0) p = s->update[k];
    if (!status && !p) status = ik__trace_record(s, k, t->program, &in, &p, err);
    if (!status) status = run(s, k, p, &in, t, err);
    ik__session_close(s);
    ik__trace_inputs_close(&in);
    return status;
}
