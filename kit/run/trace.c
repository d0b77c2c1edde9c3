/* Recording one program so that everything it makes has a name, running it once, writing the names;
 * see trace.h. */
#include "trace.h"

#include "model/recording.h"
#include "session/checkpoint.h"
#include "session/start.h"
#include "exec/compile.h"
#include "trace_inputs.h"

#include <stdlib.h>

/* Which program: an update by its number, or one of these. */
enum { SAMPLE = -2, ENCODE = -1 };

/* --- recording */

/* Makes the parameters of the other programs known, which are to be saved, too. The graphs
 * themselves are not wanted. */
static ik_status declare(const ik__session *s, int but, ik_error *err) {
    const ik__players *p = &s->model->players;
    bool trains = ik__settings_stage(&s->set, "train");
    ik_status status = IK_OK;
    for (int k = 0; trains && k < p->n_updates && !status; k++) {
        if (k == but) continue;
        ik__graph *g = ik__session_graph(s, true);
        if (!g) return ik_errorf(err, IK_FAILED, "out of memory");
        ik_tensor *totals[IK__MOST_PLAYERS];
        ik__record_update(g, &p->updates[k], totals);
        if (g->failed) {
            *err = g->error;
            status = g->status;
        }
        ik__graph_free(g);
    }
    return status;
}

static void name_features(ik__graph *g) {
    static const char *const which[] = {"fake", "real"};
    const ik__recording *r = ik__recording_of(g);
    for (int w = 0; r->has_judged && w < 2; w++)
        for (int s = 0; s < r->judged[w].scales; s++)
            for (int i = 0; i < r->judged[w].features[s]; i++) {
                char name[64];
                snprintf(name, sizeof name, "feature.%s.%d.%d", which[w], s, i);
                ik__names_set(g, &g->outputs, name, r->judged[w].feature[s][i]);
            }
}

/* The program's outputs so far are losses. */
static void name_results(ik__graph *g) {
    for (int i = 0; i < g->outputs.n; i++) {
        char name[160];
        snprintf(name, sizeof name, "loss.%s", g->outputs.v[i].name);
        g->outputs.v[i].name = ik__pool_strdup(g->pool, name);
    }
    ik__node *fake = ik__names_get(&ik__recording_of(g)->values, "fake");
    if (fake) ik__names_set(g, &g->outputs, "fake", &fake->t);
    name_features(g);
}

static void name_latents(ik__graph *g) {
    const ik__names *latents = &ik__recording_of(g)->latents;
    for (int i = 0; i < latents->n; i++)
        ik__names_set(g, &g->outputs, latents->v[i].name, &latents->v[i].node->t);
}

/* Fills the losses to differentiate of an update. */
static void record_graph(ik__graph *g, int k, ik_tensor **totals) {
    bool any = k < 0;
    if (k == SAMPLE) {
        ik__record_sample(g);
    } else if (k == ENCODE) {
        ik__record_encode(g);
    } else {
        const ik__update *u = &ik__recording_of(g)->model->players.updates[k];
        ik__record_update(g, u, totals);
        for (int i = 0; i < u->n; i++) any |= totals[i] != NULL;
        if (!g->failed && !any)
            ik__graph_fail(g,
                           "no loss has a term for %s; add `{plugin: NAME}` to `losses:`; "
                           "`inadekit plugins list losses` shows the names",
                           u->name);
        if (!g->failed) name_results(g);
    }
    if (g->failed || k == ENCODE) return;
    name_latents(g);
    ik__name_posteriors(g);
}

typedef struct losses {
    ik__session *s;
    int k;
    ik_tensor *totals[IK__MOST_PLAYERS];
} losses;

static int derive(void *user, ik__graph *g, ik__gradient *out) {
    const losses *l = user;
    const ik__update *u = &l->s->model->players.updates[l->k];
    return ik__session_gradients(l->s, g, u, l->totals, out);
}

static ik_status record(ik__session *s, int k, const char *name, const char *const *supplied,
                        ik__program **out, ik_error *err) {
    losses l = {.s = s, .k = k};
    ik__graph *g = ik__session_graph(s, k >= 0);
    if (g) {
        ik__recording_of(g)->supplied = supplied;
        record_graph(g, k, l.totals);
    }
    return ik__compile(s->engine, name, g, k >= 0 ? derive : NULL, &l, out, err);
}

/* --- writing */

typedef struct item {
    ik_tensor tensor;
    const void *at;
} item;

typedef struct writer {
    ik__session *s;
    ik__st_writer *file;
    int n, room;
    item *items;
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
    w->items[w->n++] = (item){tensor, at};
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
    ik__st_begin(w->file);
    for (int i = 0; i < w->n && !status; i++) {
        int64_t n = ik_count(w->items[i].tensor.shape);
        void *host = malloc((size_t)n * sizeof(float));
        status = host ? ik__engine_read(e, &w->items[i].tensor, host, w->items[i].at, err)
                      : ik_errorf(err, IK_FAILED, "%s: out of memory", path);
        if (!status) ik__st_write(w->file, host, n);
        free(host);
    }
    return status;
}

static ik_status write_results(ik__session *s, const ik__program *p, const ik__trace_options *t,
                               ik_error *err) {
    int room = p->graph->outputs.n + p->graph->assigns.n + p->n_grads + p->n;
    writer w = {.s = s, .room = room, .items = calloc((size_t)room + 1, sizeof *w.items)};
    w.file = ik__st_writer_new(t->outputs);
    ik_status status = IK_OK;
    if (!w.items || !w.file) status = ik_errorf(err, IK_FAILED, "%s: out of memory", t->outputs);
    if (!status) {
        list(&w, p, t);
        ik__st_meta_set(w.file, "program", p->name);
        ik__st_meta_set(w.file, "device", s->device);
        status = write_items(&w, t->outputs, err);
    }
    free(w.items);
    if (!status) return ik__st_commit(w.file, err);
    ik__st_abort(w.file);
    return status;
}

/* --- together */

static ik_status run(ik__session *s, int k, ik__program *p, const ik__trace_inputs *in,
                     const ik__trace_options *t, ik_error *err) {
    ik_status status = ik__session_ready(s, err);
    if (!status)
        status =
            t->weights.n ? ik__weights_fill(s, t->weights, NULL, err) : ik__weights_start(s, err);
    if (!status && t->save_weights) status = ik__weights_save(s, t->save_weights, err);
    if (!status) status = ik__trace_inputs_feed(in, s, p, err);
    ik_step step = {.seed = (uint64_t)s->set.seed, .step = k < 0 ? 0 : (uint64_t)k};
    if (!status) status = ik__program_run(s->engine, p, &step, false, err);
    return status ? status : write_results(s, p, t, err);
}

/* The pipeline with the batch that the inputs have. */
static ik_status begin(const ik__run_options *o, int64_t batch, ik__session **out, ik_error *err) {
    char train[48], synthesize[48];
    snprintf(train, sizeof train, "train.batch=%lld", (long long)batch);
    snprintf(synthesize, sizeof synthesize, "synthesize.batch=%lld", (long long)batch);
    const char **sets = malloc(sizeof *sets * (size_t)(o->n_sets + 2));
    if (!sets) return ik_errorf(err, IK_FAILED, "out of memory");
    for (int i = 0; i < o->n_sets; i++) sets[i] = o->sets[i];
    sets[o->n_sets] = train;
    sets[o->n_sets + 1] = synthesize;
    ik__run_options with = *o;
    with.no_data = true;
    with.sets = sets;
    with.n_sets = o->n_sets + 2;
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
    *k = !strcmp(t->program, "sample") ? SAMPLE : ENCODE;
    if (*k == ENCODE && strcmp(t->program, "encode")) {
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

ik_status ik__trace(const ik__run_options *o, const ik__trace_options *t, ik_error *err) {
    ik__trace_inputs in;
    ik_status status = ik__trace_inputs_open(t->inputs, &in, err);
    if (status) return status;
    ik__session *s = NULL;
    ik__program *p = NULL;
    int k = SAMPLE;
    status = begin(o, in.batch, &s, err);
    if (!status) status = find_program(s, t, &k, err);
    if (!status) s->engine->keep_all = t->all;
    if (!status && t->save_weights) status = declare(s, k, err);
    if (!status) status = record(s, k, t->program, in.names, &p, err);
    if (!status) status = run(s, k, p, &in, t, err);
    ik__session_close(s);
    ik__trace_inputs_close(&in);
    return status;
}
