/* Trials; see trial.h. */
#include "trial.h"

#include "plugin/blame.h"
#include "session/start.h"

#include <math.h>
#include <stdlib.h>

/* What stands in each kind's place, and beside what a plugin is measured. */
static const struct {
    const char *name, *options, *place;
} built_in[IK_KIND_COUNT] = {
    [IK_NORM] = {"inade", "noise_channels: 4", "norm"},
    [IK_BLOCK] = {"resblock", "out: 6", "networks.generator.nodes.1"},
    [IK_ENCODER] = {"instance_unet", "channels: 4", "networks.encoder"},
    [IK_DISCRIMINATOR] = {"multiscale_patch", "scales: 1, layers: 4, channels: 4",
                          "networks.discriminator"},
    [IK_LOSS] = {"feature_matching", "from: 0", "losses.0"},
    [IK_BACKEND] = {"cpu", "", "device"},
};

const char *check_trial_peer(ik_kind kind) {
    return built_in[kind].name;
}

/* "NAME, options": of the subject, the options are the user's. */
static const char *part(ik_kind kind, ik_kind which, const char *name, bool subject, char *text,
                        size_t size) {
    bool own = kind == which;
    const char *options = own && subject ? "" : built_in[which].options;
    snprintf(text, size, "%s%s%s", own ? name : built_in[which].name, *options ? ", " : "",
             options);
    return text;
}

static void pipeline(ik_kind kind, const char *name, bool subject, check_size size,
                     const char *device, char *text, size_t room) {
    char norm[200], block[200], encoder[200], discriminator[200], loss[200];
#define PART(which, to) part(kind, which, name, subject, to, sizeof to)
    snprintf(text, room,
             "name: check\nseed: 7\nstages: [train]\nthreads: 2\n"
             "device: {plugin: %s}\n"
             "dataset: {plugin: shapes, size: [%d, %d], count: 2, validation: 1, "
             "max_instances: 6}\n"
             "norm: {plugin: %s}\n"
             "networks:\n"
             "  generator:\n"
             "    inputs: {z: [16]}\n"
             "    nodes:\n"
             "      - {id: fc, op: linear, in: z, out: [%d, %d, 6]}\n"
             "      - {id: subject, block: %s}\n"
             "      - {op: upsample, factor: 4}\n"
             "      - {id: up, block: resblock, out: 4}\n"
             "      - {op: upsample}\n"
             "      - {op: leaky_relu, slope: 0.2}\n"
             "      - {id: rgb, op: conv2d, out: 3, kernel: 3}\n"
             "      - {op: tanh}\n"
             "  encoder: {plugin: %s}\n"
             "  discriminator: {plugin: %s}\n"
             "losses: [{plugin: %s}, {plugin: %s}]\n"
             "train: {batch: 2}\n",
             device, size.height, size.width, PART(IK_NORM, norm), size.height / 8, size.width / 8,
             PART(IK_BLOCK, block), PART(IK_ENCODER, encoder),
             PART(IK_DISCRIMINATOR, discriminator), PART(IK_LOSS, loss),
             kind == IK_LOSS && !strcmp(name, "hinge") ? "l1" : "hinge");
#undef PART
}

static ik_status upload(ik__session *s, ik_error *err) {
    ik__batch *b = NULL;
    int64_t n = s->set.train.batch;
    ik_status status = ik__batch_new(&s->info->fields, n, &b, err);
    for (int64_t i = 0; i < n && !status; i++)
        status = ik__data_read(s->data, IK_TRAIN, i % s->info->count[IK_TRAIN], NULL, b, i, err);
    if (!status) status = ik__upload_batch(s, b, err);
    ik__batch_free(b);
    return status;
}

static void name_players(check_trial *t) {
    const ik__players *p = &t->s->model->players;
    for (int i = 0; i < p->n_updates; i++) {
        char names[88];
        ik__update_players(p, &p->updates[i], names, sizeof names);
        snprintf(t->whose[i], sizeof t->whose[i], "%s's", names);
    }
}

ik_strings check_trial_sets(ik__pool *pool, const ik_strings *given, const char *stage,
                            const char *device) {
    enum { OURS = 5 };
    const char **sets = ik__pool_alloc(pool, sizeof *sets * (size_t)(given->n + OURS));
    char *stages = ik__pool_alloc(pool, 64), *named = ik__pool_alloc(pool, 64);
    int n = 0;
    snprintf(stages, 64, "stages=[%.40s]", stage);
    snprintf(named, 64, "device=%.50s", device);
    sets[n++] = "train.batch=2"; /* unless the user says so */
    for (int i = 0; i < given->n; i++) sets[n++] = given->v[i];
    sets[n++] = stages;
    sets[n++] = named;
    sets[n++] = "precision=f32";
    sets[n++] = "threads=2";
    return (ik_strings){n, sets};
}

static ik_status ready(const check_subject *of, const check_trial *t, ik_error *err) {
    t->s->engine->keep_all = of->keep_all;
    return ik__session_ready(t->s, err);
}

static ik_status open_theirs(const check_subject *of, const char *device, check_trial *out,
                             ik_error *err) {
    ik__pool *pool = ik__pool_new();
    const ik_strings sets = check_trial_sets(pool, of->sets, "train", device);
    const ik__run_options o = {.pipeline = of->pipeline, .n_sets = sets.n, .sets = sets.v};
    ik_status status = ik__session_begin(&o, &out->s, err);
    ik__blame_count(of->plugin);
    if (!status) status = ik__session_record(out->s, false, err);
    out->used = ik__blame_count(of->plugin) > 0;
    if (!status) status = ready(of, out, err);
    if (!status) status = ik__weights_start(out->s, err);
    ik__pool_free(pool);
    return status;
}

static ik_status open_ours(const check_subject *of, check_size size, const char *device,
                           check_trial *out, ik_error *err) {
    static const ik_strings none = {0};
    char text[2048];
    check_placed placed;
    pipeline(of->kind, of->name, of->sets != NULL, size, device, text, sizeof text);
    ik_status status = check_placed_open(of->sets ? of->sets : &none, text,
                                         built_in[of->kind].place, &placed, err);
    const ik__run_options o = {
        .pipeline = placed.path, .n_sets = placed.sets.n, .sets = placed.sets.v};
    if (!status) status = ik__session_open(&o, &out->s, err);
    if (!status) status = ready(of, out, err);
    check_placed_close(&placed);
    return status;
}

ik_status check_trial_new(const check_subject *of, check_size size, const char *device,
                          check_trial *out, ik_error *err) {
    *out = (check_trial){.step = {7, 0, 0}};
    ik_status status =
        of->pipeline ? open_theirs(of, device, out, err) : open_ours(of, size, device, out, err);
    if (!status) status = upload(out->s, err);
    if (!status) name_players(out);
    if (!status) return IK_OK;
    check_trial_free(out);
    return status;
}

void check_trial_free(check_trial *t) {
    ik__session_close(t->s);
    t->s = NULL;
}

static ik_status move(const check_trial *from, const check_trial *to, const ik__entry *e,
                      ik_error *err) {
    ik__store *a = from->s->engine->store, *b = to->s->engine->store;
    const ik__entry *other = ik__store_find(b, e->path);
    if (!other)
        return ik_errorf(err, IK_FAILED, "%s is recorded on '%s' only", e->path, from->s->device);
    float *host = ik__store_read(a, e, IK__VALUE, err);
    if (!host) return IK_FAILED;
    ik_status status = ik__store_write(a, e, IK__VALUE, host, err);
    if (!status) status = ik__store_write(b, other, IK__VALUE, host, err);
    free(host);
    return status;
}

ik_status check_trial_copy(const check_trial *from, const check_trial *to, ik_error *err) {
    const ik__store *st = from->s->engine->store;
    ik_status status = IK_OK;
    for (int i = 0; i < st->n && !status; i++) status = move(from, to, st->entries[i], err);
    return status;
}

ik_strings check_trial_small(const check_findings *f, const ik_plugin *p, ik__pool *pool,
                             char *text, size_t room) {
    enum { WIDE = 16, SMALL = 4 };
    const ik_strings *given = &f->what->sets;
    int most = given->n, n = 0;
    for (const ik_option *o = p->options; o && o->name; o++) most++;
    const char **sets = ik__pool_alloc(pool, sizeof *sets * (size_t)(most + 1));
    size_t at = 0;
    *text = 0;
    for (int i = 0; i < given->n; i++) sets[n++] = given->v[i];
    for (const ik_option *o = p->options; o && o->name; o++) {
        if (o->type != IK_OPT_INT || !o->fallback || atoll(o->fallback) < WIDE) continue;
        if (check_is_set(f, o->name)) continue;
        long long small = o->min > SMALL ? (long long)o->min : SMALL;
        size_t size = strlen(o->name) + 24;
        char *set = ik__pool_alloc(pool, size);
        snprintf(set, size, "%s=%lld", o->name, small);
        sets[n++] = set;
        if (at < room)
            at += (size_t)snprintf(text + at, room - at, "%s%s in place of %s", at ? ", " : "", set,
                                   o->fallback);
    }
    return (ik_strings){n, sets};
}

ik_status check_trial_run(const check_trial *t, int update, bool keep, ik_error *err) {
    return ik__program_run(t->s->engine, t->s->update[update], &t->step, !keep, err);
}

static ik__node *total(const check_trial *t, int update) {
    return ik__names_get(&t->s->update[update]->graph->outputs, "total");
}

typedef enum extent { WHOLE, KEPT, FORWARD } extent;

static bool run(check_findings *f, const ik_plugin *p, const check_trial *t, int update,
                extent how) {
    ik_error err = {""};
    ik__blame b;
    check_going_on();
    ik__blame_begin(&b, p, "computing");
    ik_status status = how == FORWARD ? ik__program_run_to(t->s->engine, t->s->update[update],
                                                           total(t, update), &t->step, &err)
                                      : check_trial_run(t, update, how == KEPT, &err);
    ik__blame_end(&b);
    if (status) check_found_error(f, "a step", &err);
    return !status;
}

bool check_trial_step(check_findings *f, const ik_plugin *p, const check_trial *t, int update,
                      bool keep) {
    return run(f, p, t, update, keep ? KEPT : WHOLE);
}

bool check_trial_forward(check_findings *f, const ik_plugin *p, const check_trial *t, int update) {
    return run(f, p, t, update, FORWARD);
}

/* Where a backend stores reals in 8 bytes, they are doubles in this process: the naive one. */
static bool is_exact(const check_trial *t) {
    const ik__engine *e = t->s->engine;
    return e->backend->element_bytes(e->self, IK_F32) == sizeof(double);
}

double check_trial_loss(const check_trial *t, int update) {
    const ik__program *p = t->s->update[update];
    float rounded = 0;
    ik_error err;
    if (is_exact(t)) return *(const double *)p->pointer[total(t, update)->t.id];
    if (ik__program_tensor(t->s->engine, (ik__program *)p, total(t, update), &rounded, &err))
        return 0;
    return rounded;
}

double *check_trial_gradient(const check_trial *t, int update, int i) {
    const ik__store *st = t->s->engine->store;
    const ik__entry *e = t->s->update[update]->grads[i].entry;
    int64_t n = ik_count(e->shape);
    double *out = malloc(sizeof *out * (size_t)n);
    float *host = malloc(sizeof *host * (size_t)n);
    const void *at = ik__store_grad(st, e);
    ik_error err;
    bool ok = out && host;
    if (ok && is_exact(t))
        memcpy(out, at, sizeof *out * (size_t)n);
    else if (ok && (ok = !st->backend->download(st->self, IK_F32, n, host, at, &err)))
        for (int64_t k = 0; k < n; k++) out[k] = host[k];
    free(host);
    if (ok) return out;
    free(out);
    return NULL;
}

double check_trial_distance(const check_trial *a, const check_trial *b, int update) {
    double sum = 0, scale = 0;
    for (int i = 0; i < a->s->update[update]->n_grads; i++) {
        double *x = check_trial_gradient(a, update, i), *y = check_trial_gradient(b, update, i);
        int64_t n = ik_count(a->s->update[update]->grads[i].entry->shape);
        for (int64_t k = 0; x && y && k < n; k++) {
            sum += (x[k] - y[k]) * (x[k] - y[k]);
            scale += x[k] * x[k];
        }
        free(x);
        free(y);
    }
    return scale > 0 ? sqrt(sum / scale) : sqrt(sum);
}
