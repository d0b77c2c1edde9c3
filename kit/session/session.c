/* From a YAML file to programs that are ready to run. */
#include "session.h"

#include "base/files.h"
#include "exec/compile.h"
#include "exec/memory.h"
#include "folder/folder.h"
#include "model/recording.h"

#include <stdlib.h>

/* `device: auto`: the backend most preferred among those that can run here. */
typedef struct choice {
    const char *name;
    int preference;
} choice;

static void consider(const char *path, const ik_plugin *p, const char *why_not, void *user) {
    (void)path, (void)why_not;
    choice *best = user;
    const ik_backend_iface *b = p ? p->iface : NULL;
    ik__instance *i;
    ik_error ignored;
    if (!b || b->preference <= best->preference ||
        ik__instance_named(IK_BACKEND, p->name, &i, &ignored))
        return;
    char text[256];
    if (!b->probe || b->probe(i->self, text, sizeof text)) *best = (choice){p->name, b->preference};
    ik__instance_free(i);
}

static ik_status make_backend(ik__session *s, ik__instance **out, ik_error *err) {
    s->device = s->set.device;
    const ik__conf *conf = ik__conf_get(s->conf, "device");
    if (conf && (conf->kind == IK_CONF_MAP || strcmp(s->device, "auto")))
        return ik__instance_new(IK_BACKEND, conf, NULL, out, err);
    choice best = {"cpu", 0}; /* named in the message if there is none at all */
    ik__plugins_list(IK_BACKEND, consider, &best);
    s->device = best.name;
    return ik__instance_named(IK_BACKEND, best.name, out, err);
}

/* Every backend computes in f32; what else it can it says itself. */
static ik_status set_precision(const ik__session *s, const ik__instance *i, ik_error *err) {
    const ik_backend_iface *b = i->plugin->iface;
    ik_error why = {""};
    if (IK__PROVIDES(b, precision) && !b->precision(i->self, (ik_precision)s->set.precision, &why))
        return IK_OK;
    if (!IK__PROVIDES(b, precision) && s->set.precision == IK_PRECISION_F32) return IK_OK;
    const ik__conf *at = ik__conf_get(s->conf, "precision");
    return ik__conf_fail(at ? at : s->conf, err,
                         "precision: device '%s' %s; set `precision: f32` or another `device`",
                         s->device, *why.text ? why.text : "computes in f32 only");
}

static ik_status open_backend(ik__session *s, int threads, ik_error *err) {
    ik__instance *i;
    ik_status status = make_backend(s, &i, err);
    if (status) return status;
    const ik_backend_iface *b = i->plugin->iface;
    char why[256] = "";
    if (b->probe && !b->probe(i->self, why, sizeof why)) {
        status = ik_errorf(err, IK_FAILED, "device '%s' cannot be used: %s", s->device, why);
        ik__instance_free(i);
        return status;
    }
    status = set_precision(s, i, err);
    if (!status) status = ik__engine_new(i, threads, &s->engine, err);
    if (status) ik__instance_free(i);
    return status;
}

ik__graph *ik__session_graph(const ik__session *s, bool training) {
    const ik__data_info *d = s->info;
    ik_scene_info info = {.batch = training ? s->set.train.batch : s->set.synthesize.batch,
                          .height = d->height,
                          .width = d->width,
                          .labels = d->labels,
                          .max_instances = d->max_instances,
                          .max_segments = d->max_segments,
                          .training = training};
    ik__graph *g = ik__recording_new(s->engine->store, s->model, &info);
    if (!g) return NULL;
    ik__recording *r = ik__recording_of(g);
    r->n_given = d->fields.n;
    r->given = s->given;
    r->xavier = s->set.init;
    /* While it trains, pictures are few, and memory is dear. */
    g->fixed = !training && !ik__settings_stage(&s->set, "train");
    return g;
}

/* One player's gradients; gives how many there are. */
static int player_gradients(ik__session *s, ik__graph *g, int player, int recorded,
                            ik_tensor *total, ik__gradient *out) {
    int n = 0;
    ik__node **wrt = calloc((size_t)recorded + 1, sizeof *wrt);
    ik_tensor **grads = calloc((size_t)recorded + 1, sizeof *grads);
    for (int i = 0; wrt && i < recorded; i++) {
        const ik__node *leaf = g->nodes[i];
        if (leaf->op != IK_PARAM) continue;
        ik__block *b = &s->engine->store->blocks[leaf->entry->block];
        if (ik__player_of(s->model, b->name) != player) continue;
        b->trained = true;
        b->player = player;
        b->averaged = s->model->players.v[player].role == IK_ROLE_GENERATOR;
        wrt[n++] = g->nodes[i];
    }
    if (!wrt || !grads)
        ik__graph_fail_as(g, IK_FAILED, "out of memory while deriving gradients");
    else
        ik__backward(g, total, n, wrt, grads);
    for (int i = 0; wrt && grads && i < n; i++) {
        wrt[i]->entry->reached |= grads[i] != NULL;
        out[i] = (ik__gradient){wrt[i]->entry, grads[i]};
    }
    free(wrt);
    free(grads);
    return n;
}

int ik__session_gradients(ik__session *s, ik__graph *g, const ik__update *u,
                          ik_tensor *const *totals, ik__gradient *out) {
    int n = 0, recorded = g->n;
    for (int i = 0; i < u->n; i++)
        if (totals[i]) n += player_gradients(s, g, u->players[i], recorded, totals[i], out + n);
    return n;
}

typedef struct losses {
    ik__session *s;
    const ik__update *u;
    ik_tensor *totals[IK__MOST_PLAYERS];
} losses;

static int derive(void *user, ik__graph *g, ik__gradient *out) {
    const losses *l = user;
    return ik__session_gradients(l->s, g, l->u, l->totals, out);
}

static ik_status record_update(ik__session *s, int which, ik_error *err) {
    losses l = {.s = s, .u = &s->model->players.updates[which]};
    ik__graph *g = ik__session_graph(s, true);
    bool any = false;
    if (g) ik__record_update(g, l.u, l.totals);
    for (int i = 0; i < l.u->n; i++) any |= l.totals[i] != NULL;
    if (g && !g->failed && !any) { /* no loss for its players: they do not train */
        ik__graph_free(g);
        return IK_OK;
    }
    return ik__compile(s->engine, l.u->name, g, derive, &l, &s->update[which], err);
}

/* Every update; what paints has to have a loss. */
static ik_status record_updates(ik__session *s, ik_error *err) {
    const ik__players *p = &s->model->players;
    bool paints = false;
    for (int i = 0; i < p->n_updates; i++) {
        ik_status status = record_update(s, i, err);
        if (status) return status;
        paints |= s->update[i] && ik__update_plays(p, &p->updates[i], IK_ROLE_GENERATOR);
    }
    if (paints) return IK_OK;
    const ik__conf *losses = ik__conf_get(s->conf, "losses");
    return ik__conf_fail(losses ? losses : s->conf, err,
                         "no loss has a term for the " IK__PAINTER "; add `{plugin: NAME}`; "
                         "`inadekit plugins list losses` shows the names");
}

static ik_status record_plain(ik__session *s, const char *name, void (*record)(ik__graph *),
                              ik__program **out, ik_error *err) {
    ik__graph *g = ik__session_graph(s, false);
    if (g) record(g);
    return ik__compile(s->engine, name, g, NULL, NULL, out, err);
}

/* What metrics ask for, where the pipeline evaluates. */
static ik_status record_features(ik__session *s, ik_error *err) {
    if (!ik__evaluation_looks(s->evaluation) || !ik__settings_stage(&s->set, "evaluate"))
        return IK_OK;
    return ik__evaluation_record(s->evaluation, s->engine, ik__session_graph(s, false), err);
}

/* Refuses names of labels in `synthesize.vary` that the dataset does not have. */
static ik_status check_varied(const ik__session *s, ik_error *err) {
    const ik_strings *want = &s->set.synthesize.vary_labels;
    const ik__conf *vary = ik__conf_get(ik__conf_get(s->conf, "synthesize"), "vary");
    for (int i = 0; i < want->n; i++)
        if (ik__data_label(s->info, want->v[i]) < 0)
            return ik__conf_fail(ik__conf_get(vary, "labels"), err,
                                 "synthesize.vary: the dataset has no label '%s'; its labels are 0 "
                                 "to %lld%s",
                                 want->v[i], (long long)s->info->labels - 1,
                                 s->info->label_names ? ", or their names" : "");
    return IK_OK;
}

/* A resumed run reads the optimiser's state and the averages, so it has the training programs even
 * where it does not train. */
ik_status ik__session_record(ik__session *s, bool resume, ik_error *err) {
    ik_status status = IK_OK;
    if (ik__settings_stage(&s->set, "train") || resume) status = record_updates(s, err);
    if (!status) status = record_plain(s, "sample", ik__record_sample, &s->sample, err);
    if (!status && s->set.synthesize.n_styles)
        status = record_plain(s, "encode", ik__record_encode, &s->encode, err);
    if (!status) status = record_features(s, err);
    return status ? status : check_varied(s, err);
}

static void take_fields(ik__session *s) {
    s->info = ik__data_info_of(s->data);
    const ik__fields *f = &s->info->fields;
    for (int i = 0; i < f->n; i++)
        s->given[i] = (ik__given){f->v[i].name, f->v[i].dtype, ik__field_shape(f, i)};
}

ik_status ik__session_no_folder(const char *pipeline, ik_error *err) {
    ik__path own = ik__folder_file(pipeline, IK__PIPELINE_FILE);
    bool there = false;
    if (ik__look(own.text, &there, NULL) || !there) return IK_OK;
    return ik_errorf(err, IK_USAGE,
                     "%s is a folder, and a pipeline is wanted, as %s; a run goes on with "
                     "`inadekit run PIPELINE --resume --out FOLDER`",
                     pipeline, own.text);
}

ik_status ik__session_begin(const ik__run_options *o, ik__session **out, ik_error *err) {
    *out = NULL;
    ik_status named = ik__session_no_folder(o->pipeline, err);
    if (named) return named;
    ik__session *s = calloc(1, sizeof *s);
    if (!s) return ik_errorf(err, IK_FAILED, "out of memory");
    s->pool = ik__pool_new();
    ik_status status = ik__conf_load(o->pipeline, o->n_sets, o->sets, &s->conf, err);
    if (!status) ik__conf_remove(s->conf, "compare"); /* a session is one variant */
    if (!status) status = ik__settings_read(s->conf, s->pool, &s->set, err);
    if (!status) status = ik__model_new(s->conf, &s->model, err);
    if (!status)
        for (int i = 0; i < s->model->players.n; i++)
            s->model->players.v[i].adam = ik__settings_adam(&s->set, s->set.train.lr[i]);
    if (!status) status = ik__evaluation_read(s->conf, &s->evaluation, err);
    if (!status && !s->evaluation && ik__settings_stage(&s->set, "evaluate"))
        status =
            ik__conf_fail(ik__conf_get(s->conf, "stages"), err,
                          "the stage evaluate has no metrics; name them, as "
                          "`evaluate: [{plugin: NAME}]`; `inadekit plugins list metrics` shows the "
                          "names");
    const ik__conf *dataset = ik__conf_get(s->conf, "dataset");
    if (!status && !dataset)
        status = ik__conf_fail(s->conf, err,
                               "there is no `dataset:`; add one, as "
                               "`dataset: {plugin: NAME, size: [64, 64]}`; `inadekit plugins list "
                               "datasets` shows the names");
    if (!status)
        status = (o->no_data ? ik__data_describe : ik__data_open)(dataset, (uint64_t)s->set.seed,
                                                                  &s->data, err);
    if (!status) {
        take_fields(s);
        int threads = o->threads ? o->threads : (int)s->set.threads;
        status = open_backend(s, threads, err);
    }
    if (status) {
        ik__session_close(s);
        return status;
    }
    s->engine->store = ik__store_new();
    if (!s->engine->store) {
        ik__session_close(s);
        return ik_errorf(err, IK_FAILED, "out of memory");
    }
    *out = s;
    return IK_OK;
}

ik_status ik__session_open(const ik__run_options *o, ik__session **out, ik_error *err) {
    ik_status status = ik__session_begin(o, out, err);
    if (!status) status = ik__session_record(*out, o->resume, err);
    if (!status) return IK_OK;
    ik__session_close(*out);
    *out = NULL;
    return status;
}

ik__memory ik__session_memory(const ik__session *s) {
    return ik__memory_of(s->engine, s->set.train.accumulate > 1, s->set.train.ema > 0);
}

ik_status ik__session_fits(ik__session *s, ik_error *err) {
    ik__store *store = s->engine->store;
    size_t unit = s->engine->backend->element_bytes(s->engine->self, IK_F32);
    size_t weights =
        ik__store_bytes(store, unit, s->set.train.accumulate > 1, s->set.train.ema > 0);
    return ik__engine_fits(s->engine, weights, err);
}

ik_status ik__session_ready(ik__session *s, ik_error *err) {
    ik__engine *e = s->engine;
    ik_status status = ik__session_fits(s, err);
    if (!status)
        status = ik__store_build(e->store, e->backend, e->self, (uint64_t)s->set.seed,
                                 s->set.train.accumulate > 1, s->set.train.ema > 0, err);
    return status ? status : ik__engine_ready(e, err);
}

void ik__session_close(ik__session *s) {
    if (!s) return;
    ik__lock_free(s->lock);
    ik__engine_free(s->engine);
    ik__evaluation_free(s->evaluation);
    ik__data_close(s->data);
    ik__model_free(s->model);
    ik__conf_free(s->conf);
    ik__pool_free(s->pool);
    free(s);
}

ik__path ik__run_folder(const ik__settings *set, const ik__run_options *o) {
    return ik__folder_choose(o->out ? o->out : set->out, set->name, o->resume);
}

ik_status ik__session_lock(ik__session *s, const ik__run_options *o, ik_error *err) {
    s->out = ik__run_folder(&s->set, o);
    bool there;
    ik_status status = ik__look(ik__folder_file(s->out.text, ".").text, &there, err);
    return status || !there ? status : ik__lock_take(s->out.text, &s->lock, err);
}

ik_status ik__session_folder(ik__session *s, const ik__run_options *o, ik_error *err) {
    if (!s->lock) s->out = ik__run_folder(&s->set, o);
    ik_status status = ik__make_folder(ik__folder_file(s->out.text, IK__IMAGES_FOLDER).text, err);
    return status || s->lock ? status : ik__lock_take(s->out.text, &s->lock, err);
}

ik_status ik__upload_batch(ik__session *s, const ik__batch *b, ik_error *err) {
    ik_status status = IK_OK;
    for (int i = 0; i < b->fields->n && !status; i++)
        status = ik__engine_upload(s->engine, b->fields->v[i].name, b->n, b->field[i], err);
    return status;
}
