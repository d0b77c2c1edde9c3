/* Three training steps against PyTorch: what they add to every parameter, on both backends for the
 * CPU. The same scenes, pictures and z each step; the encoder's noise is given. */
#include "support/golden_files.h"

#include "model/recording.h"
#include "run/trace_inputs.h"
#include "session/checkpoint.h"

enum { STEPS = 3 };

typedef struct run {
    ik__session *s;
    ik__trace_inputs inputs;
    ik__st *want;
} run;

static void must(ik_status status, const ik_error *err) {
    ck_assert_msg(!status, "%s", err->text);
}

static void begin(run *r, const char *device) {
    char set[64];
    snprintf(set, sizeof set, "device=%s", device);
    const char *sets[] = {set};
    ik__run_options o = {.pipeline = GOLDEN ".yaml", .n_sets = 1, .sets = sets};
    ik_error err;
    must(ik__trace_inputs_open(GOLDEN "/inputs.safetensors", &r->inputs, &err), &err);
    must(ik__session_begin(&o, &r->s, &err), &err);
    r->want = open_golden("adam");
}

static void end(run *r) {
    ik__st_close(r->want);
    ik__session_close(r->s);
    ik__trace_inputs_close(&r->inputs);
}

/* As training records it, but that z and the noise are read. */
static void record(run *r, int update) {
    ik_error err;
    ik_tensor *total;
    const ik__update *u = &r->s->model->players.updates[update];
    ik__graph *g = ik__session_graph(r->s, true);
    ik__recording_of(g)->supplied = r->inputs.names;
    ik__record_update(g, u, &total);
    ck_assert_msg(!g->failed && total, "%s", g->error.text);
    ik__fuse(g, r->s->engine->instance->plugin->abi_minor);
    ik__gradient *grads = calloc((size_t)g->n + 1, sizeof *grads);
    ck_assert_ptr_nonnull(grads);
    int n = ik__session_gradients(r->s, g, u, &total, grads);
    must(ik__program_new(r->s->engine, u->name, g, n, grads, &r->s->update[update], &err), &err);
    free(grads);
}

static void play(run *r, int update, int step) {
    ik__session *s = r->s;
    ik__engine *e = s->engine;
    ik_error err;
    char name[32];
    snprintf(name, sizeof name, "eps.%d", 2 * step + update);
    ik_shape shape;
    float *eps = read_reals(r->want, name, &shape);
    must(ik__trace_inputs_feed(&r->inputs, s, s->update[update], &err), &err);
    must(ik__engine_upload(e, "noise.eps", shape.d[0], eps, &err), &err);
    free(eps);
    ik_step at = {.seed = 1, .step = 2 * (uint64_t)step + (uint64_t)update};
    must(ik__program_run(e, s->update[update], &at, true, &err), &err);
    ik__program_commit(e, s->update[update]);
    const struct ik__train *set = &s->set.train;
    for (int i = 0; i < e->store->n_blocks; i++) {
        ik__block *b = &e->store->blocks[i];
        if (!b->trained || !b->learned || ik__player_of(s->model, b->name) != update) continue;
        ik_adam a = {set->lr[update], set->betas.v[0], set->betas.v[1], set->eps, ++b->t};
        e->backend->adam(e->self, b->learned, &a, b->value, b->grad, b->m, b->v);
    }
}

static bool ends_in(const char *text, const char *end) {
    size_t n = strlen(text), m = strlen(end);
    return n >= m && !strcmp(text + n - m, end);
}

/* Biases before a normalisation: their gradient is rounding, of which Adam makes whole steps. So is
 * that of the discriminators' last while all scores lie within the hinge, but here they do not. */
static bool is_rounding(const char *path) {
    if (!ends_in(path, ".bias")) return false;
    if (!strncmp(path, "generator.", 10))
        return strstr(path, ".conv_") && !strstr(path, "up_3.conv_1") && !strstr(path, "conv_img");
    return !strncmp(path, "encoder.", 8) && !strstr(path, "_conv_");
}

static float *value_of(run *r, const char *path, ik_shape *shape) {
    ik__engine *e = r->s->engine;
    const ik__entry *entry = ik__store_find(e->store, path);
    ck_assert_msg(entry, "there is no %s", path);
    *shape = entry->shape;
    int64_t n = ik_count(*shape);
    float *v = malloc((size_t)n * sizeof *v);
    ik_error err;
    ck_assert_ptr_nonnull(v);
    must(e->backend->download(e->self, IK_F32, n, v, ik__store_value(e->store, entry), &err), &err);
    return v;
}

/* Every parameter's update; gives how many were compared. */
static int compare_updates(run *r, const char *device) {
    ik__st *before = open_golden("weights");
    int compared = 0;
    for (int i = 0; i < ik__st_count(r->want); i++) {
        const char *name = ik__st_entry_at(r->want, i)->name, *path = name + strlen("update.");
        if (strncmp(name, "update.", 7) || is_rounding(path)) continue;
        ik_shape shape, same;
        float *now = value_of(r, path, &shape), *was = read_reals(before, path, &same);
        ck_assert(ik_same_shape(shape, same));
        for (int64_t k = 0; k < ik_count(shape); k++) now[k] -= was[k];
        distance d = compare_values(r->want, name, now, shape);
        ck_assert_msg(d.apart <= 1e-3 * d.size, "%s: %s is %g off, of %g", device, name, d.apart,
                      d.size);
        free(now);
        free(was);
        compared++;
    }
    ik__st_close(before);
    return compared;
}

/* The parameters of all players but those biases. */
enum { COMPARED = 125 };

static void train(const char *device) {
    run r;
    ik_error err;
    begin(&r, device);
    record(&r, 0);
    record(&r, 1);
    must(ik__session_ready(r.s, &err), &err);
    must(ik__weights_load(r.s, GOLDEN "/weights.safetensors", &err), &err);
    for (int i = 0; i < STEPS; i++) {
        play(&r, 0, i);
        play(&r, 1, i);
    }
    ck_assert_int_eq(compare_updates(&r, device), COMPARED);
    end(&r);
}

START_TEST(naive) {
    train("naive");
}
END_TEST

START_TEST(cpu) {
    train("cpu");
}
END_TEST

int main(void) {
    return RUN_SUITE("adam", set_up, tear_down, {naive}, {cpu});
}
