/* Training on a device that goes on while the host runs ahead, which is pretended
 * (cuda_host/pretended.c): no step waits that leaves nothing behind, and a loss that is not finite
 * is found late, told exactly and without having changed anything. */
#include <dlfcn.h>

#include "data/loader.h"
#include "support/runs.h"
#include "session/session.h"
#include "stages/train.h"

#define DEVICE                                                                                     \
    "--plugin-path " BUILD_DIR "/tests/plugins_pretended --set device=cuda --set stages=[train] "

static ik_error err;

static void must(ik_status status) {
    ck_assert_msg(!status, "%s", err.text);
}

/* --- In this process, where the state can be looked at afterwards. */

typedef struct trained {
    ik__session *s;
    char said[sizeof err.text];
    int64_t waits; /* of the training */
} trained;

static int64_t waits_so_far(void) {
    void *plugin = dlopen(BUILD_DIR "/tests/plugins_pretended/backends/cuda.so",
                          RTLD_LAZY | RTLD_NOLOAD | RTLD_LOCAL);
    ck_assert_ptr_nonnull(plugin);
    const int64_t *waits = dlsym(plugin, "pretended_waits");
    ck_assert_ptr_nonnull(waits);
    int64_t value = *waits;
    dlclose(plugin);
    return value;
}

/* Trains `file` of the folder; more settings up to a NULL. */
static trained train(const char *file, const char *name, const char *const *more) {
    char pipeline[128], out[128];
    const char *sets[16] = {"device=cuda", "stages=[train]", "train.picture_every=0"};
    int n = 3;
    for (; *more; more++) sets[n++] = *more;
    snprintf(pipeline, sizeof pipeline, "%s/%s", folder, file);
    snprintf(out, sizeof out, "%s/%s", folder, name);
    ik__run_options o = {.pipeline = pipeline, .n_sets = n, .sets = sets, .out = out, .threads = 1};
    trained t = {0};
    ik__plugins_path(BUILD_DIR "/tests/plugins_pretended");
    must(ik__session_open(&o, &t.s, &err));
    must(ik__session_folder(t.s, &o, &err));
    must(ik__session_ready(t.s, &err));
    *err.text = 0;
    t.waits = -waits_so_far();
    ik_status status = ik__train(t.s, &o, NULL, &err);
    t.waits += waits_so_far();
    if (status) strcpy(t.said, err.text);
    return t;
}

#define TRAIN(file, name, ...) train(file, name, (const char *[]){__VA_ARGS__, NULL})

/* --- Waiting. */

/* Read, and the checkpoint's tensors: however many steps come before the last. */
START_TEST(waits) {
    const char *logs = _i ? "train.accumulate=2" : "train.accumulate=1";
    trained few = TRAIN("tiny.yaml", "a", "train.steps=4", "train.log_every=99",
                        "train.checkpoint_every=0", logs, "train.ema=0.9"),
            many = TRAIN("tiny.yaml", "b", "train.steps=8", "train.log_every=99",
                         "train.checkpoint_every=0", logs, "train.ema=0.9"),
            looking = TRAIN("tiny.yaml", "c", "train.steps=8", "train.log_every=4",
                            "train.checkpoint_every=0", logs, "train.ema=0.9");
    ck_assert_str_eq(few.said, "");
    ck_assert_int_gt(few.waits, 0);
    ck_assert_int_eq(many.waits, few.waits);
    ck_assert_int_eq(looking.waits, many.waits + 2); /* step 4: the guard, the losses */
    ik__session_close(few.s);
    ik__session_close(many.s);
    ik__session_close(looking.s);
}
END_TEST

/* --- Healthy runs. */

START_TEST(the_same_bytes) {
    const char *options = _i ? DEVICE "--set train.steps=10 --set train.accumulate=2 --set "
                                      "train.batch=1 --set train.ema=0.9 "
                             : DEVICE "--set train.steps=10 ";
    char all[600];
    snprintf(all, sizeof all, "%s --set train.log_every=1", options);
    run("one", "tiny.yaml", all);
    snprintf(all, sizeof all, "%s --set train.log_every=5", options);
    run("five", "tiny.yaml", all);
    ck_assert_int_eq(shell("grep -E '\"step\":(5|10),' one/log.jsonl | cmp - five/log.jsonl"), 0);
    ck_assert_int_eq(lines_of("five/log.jsonl"), 2);
    ck_assert(same("one/images", "five/images"));
    ck_assert_int_eq(shell("[ $(ls one/checkpoints | wc -l) -eq 2 ]"), 0);
    for (int step = 9; step <= 10; step++) {
        ck_assert_int_eq(shell("cmp one/checkpoints/step-%08d/weights.safetensors "
                               "five/checkpoints/step-%08d/weights.safetensors",
                               step, step),
                         0);
        /* All but how long the log is, which the file's head tells. */
        ck_assert_int_eq(
            shell("for i in one five; do f=$i/checkpoints/step-%08d/optimizer.safetensors; "
                  "n=$(od -An -tu8 -N8 $f); tail -c +$((n + 9)) $f > $i.data; "
                  "grep -ao 'adam_steps[^,}]*' $f > $i.steps; done; "
                  "cmp one.data five.data && cmp one.steps five.steps && test -s one.steps",
                  step),
            0);
    }
}
END_TEST

/* --- Losses that are not finite: what the encoder makes grows until its exponential overflows. */

static void write_growing(void) {
    ck_assert_int_eq(
        shell("sed -e 's/^  discriminator/  encoder: {plugin: conv, channels: 2, layers: 6}\\n  "
              "discriminator/' -e 's/^norm: .*/norm: {plugin: spade, hidden: 8}/' -e "
              "'s/^losses: \\[/losses: [{plugin: kl, weight: 0.05}, /' tiny.yaml > growing.yaml"),
        0);
}

static const struct {
    const char *rate, *batch, *accumulate, *said;
    int step;
    bool generator;
} growing[] = {
    {"1", "2", "1", "the loss 'kl' of the generator is inf: the buffer generator.", 4, true},
    {"0.7", "2", "1", "the loss 'hinge' of the discriminator is nan: the parameter enc", 5, false},
    {"1", "1", "2", "the loss 'kl' of the generator is inf: the buffer generator.", 4, true},
    {"2", "1", "2", "the loss 'hinge' of the discriminator is nan: the parameter enc", 2, false},
};

static trained grow(int i, const char *name, int steps, int every) {
    char set[5][64];
    snprintf(set[0], sizeof set[0], "train.lr.generator=%s", growing[i].rate);
    snprintf(set[1], sizeof set[1], "train.batch=%s", growing[i].batch);
    snprintf(set[2], sizeof set[2], "train.accumulate=%s", growing[i].accumulate);
    snprintf(set[3], sizeof set[3], "train.steps=%d", steps);
    snprintf(set[4], sizeof set[4], "train.log_every=%d", every);
    return TRAIN("growing.yaml", name, set[0], set[1], set[2], set[3], set[4],
                 "train.checkpoint_every=0", "train.ema=0.9");
}

static float *numbers(const ik__session *s, const void *block, int64_t n) {
    float *v = calloc((size_t)n, sizeof *v);
    ck_assert_ptr_nonnull(v);
    if (block) must(s->engine->backend->download(s->engine->self, IK_F32, n, v, block, &err));
    return v;
}

/* Weights, moments, averages, buffers, and how often Adam stepped. */
static void expect_same_state(const ik__session *a, const ik__session *b) {
    const ik__store *x = a->engine->store, *y = b->engine->store;
    ck_assert_int_eq(x->n_blocks, y->n_blocks);
    for (int i = 0; i < x->n_blocks; i++) {
        const ik__block *p = &x->blocks[i], *q = &y->blocks[i];
        const void *of_p[] = {p->value, p->m, p->v, p->ema, p->buffers},
                   *of_q[] = {q->value, q->m, q->v, q->ema, q->buffers};
        ck_assert_int_eq(p->t, q->t);
        for (int k = 0; k < 5; k++) {
            int64_t n = k < 4 ? p->learned : p->kept;
            float *v = numbers(a, of_p[k], n), *w = numbers(b, of_q[k], n);
            ck_assert_msg(!memcmp(v, w, (size_t)n * sizeof *v), "%s, %d", p->name, k);
            free(v);
            free(w);
        }
    }
}

/* The pictures that the programs would read now are some of those of a step. */
static void expect_pictures(const ik__session *s, int64_t step) {
    const struct ik__train *set = &s->set.train;
    int64_t n = set->batch * s->info->height * s->info->width * 3;
    const void *data = NULL;
    for (int i = 0; i < s->engine->n_inputs; i++)
        if (!strcmp(s->engine->inputs[i].name, "image") &&
            ik_count(s->engine->inputs[i].shape) == n)
            data = s->engine->inputs[i].data;
    ck_assert_ptr_nonnull(data);
    float *now = numbers(s, data, n);
    ik__loader *loader;
    const ik__batch *batch;
    const ik__course course = {.items = s->info->count[IK_TRAIN],
                               .batch = set->batch * set->accumulate};
    must(ik__loader_open(s->data, &course, 1, (uint64_t)s->set.seed, false, step, &loader, &err));
    must(ik__loader_next(loader, &batch, &err));
    bool found = false;
    for (int64_t part = 0; part < set->accumulate; part++)
        found = found || !memcmp(now, batch->image + part * n, (size_t)n * sizeof *now);
    ck_assert_msg(found, "other pictures than those of step %d", (int)step + 1);
    ik__loader_close(loader);
    free(now);
}

START_TEST(found_late) {
    int bad = growing[_i].step;
    char begins[64];
    write_growing();
    trained late = grow(_i, "late", 6, 99), at_once = grow(_i, "at_once", 6, 1);
    snprintf(begins, sizeof begins, "step %d: ", bad);
    ck_assert_msg(!strncmp(late.said, begins, strlen(begins)), "%s", late.said);
    ck_assert_msg(strstr(late.said, growing[_i].said), "%s", late.said);
    ck_assert_str_eq(late.said, at_once.said);
    expect_same_state(late.s, at_once.s);
    expect_pictures(late.s, bad - 1);
    ck_assert_int_eq(lines_of("late/log.jsonl"), 0);
    ck_assert_int_eq(lines_of("at_once/log.jsonl"), bad - 1);
    ck_assert_int_ne(shell("ls late/checkpoints/*"), 0);
    ik__session_close(at_once.s);
    if (growing[_i].generator) { /* the generator's comes first: nothing of the step was kept */
        trained before = grow(_i, "before", bad - 1, 99);
        expect_same_state(late.s, before.s);
        ik__session_close(before.s);
    }
    ik__session_close(late.s);
}
END_TEST

/* A picture, a checkpoint or a signal waits for the news first. */
START_TEST(found_in_time) {
#define GROWING                                                                                    \
    "run growing.yaml --out a -q --set train.lr.generator=1.5 --set train.steps=8 --set "          \
    "train.log_every=99 " DEVICE
    static const char said_so[] = "error: step 2: the loss 'hinge' of the discriminator is nan: ";
    write_growing();
    expect(GROWING "--set train.picture_every=0 --set train.checkpoint_every=3", 1, said_so);
    expect(GROWING "--set train.picture_every=3 --set train.checkpoint_every=0", 1, said_so);
    ck_assert_int_eq(shell("! ls a/checkpoints/* && ! ls a/images/*"), 0);
}
END_TEST

/* Between two lines of the log; the first line is waited for, so that it trains. */
START_TEST(stopped) {
    int status;
    run("a", "tiny.yaml",
        DEVICE "--set train.log_every=4 --set train.steps=80 "
               "--set train.picture_every=0 --set train.checkpoint_every=0");
    setenv("INADEKIT_PLUGIN_PATH", BUILD_DIR "/tests/plugins_pretended", 1);
    ck_assert_int_eq(shell("sed -i 's/^device.*/device: cuda\\nstages: [train]/;s/log_every: "
                           "1,/log_every: 4,/;s/_every: 3/_every: 0/g;s/steps: 6/steps: 80/' "
                           "tiny.yaml"),
                     0);
    pid_t child = start("b", NULL, NULL, NULL, NULL);
    while (lines_of("b/log.jsonl") < 2) {
        ck_assert_int_eq(waitpid(child, &status, WNOHANG), 0);
        sleep_for(0.001);
    }
    ck_assert_int_eq(kill(child, SIGINT), 0);
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 1);
    ck_assert_int_eq(shell("grep 'stopped at step .*; a checkpoint was saved' b.txt"), 0);
    run("b", "tiny.yaml", "--resume");
    expect_same_at("a", "b", 80);
}
END_TEST

int main(void) {
    return RUN_SUITE("guard", set_up_runs, tear_down, {waits, 2}, {the_same_bytes, 2},
                     {found_late, COUNT(growing)}, {found_in_time}, {stopped});
}
