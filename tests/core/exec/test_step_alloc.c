/* A training step allocates nothing: a run of thirty steps calls malloc as often as one of ten.
 *
 * The C library's functions are replaced by ones that note who called. Counted are calls out of
 * the core and the plugins from the thread that trains; a library's own (oneDNN makes small ones)
 * and the thread that reads pictures are not. */
#define _GNU_SOURCE
#include "support/runs.h"

#include <pthread.h>

#include "run/run.h"
#include "support/allocations.h"

enum { MOST = 1 << 20 };
static void *callers[MOST];
static int calls;
static bool counting;
static pthread_t trainer;

static bool refuses(void *caller) {
    if (counting && pthread_equal(pthread_self(), trainer) && calls < MOST)
        callers[calls++] = caller;
    return false;
}

static int by_address(const void *a, const void *b) {
    const char *x = *(char *const *)a, *y = *(char *const *)b;
    return (x > y) - (x < y);
}

/* Each caller is looked up once: oneDNN 3 calls so often that the rest would take a minute. */
static int count_ours(void) {
    int ours = 0;
    bool is = false;
    ck_assert_int_lt(calls, MOST);
    qsort(callers, (size_t)calls, sizeof *callers, by_address);
    for (int i = 0; i < calls; i++) {
        if (!i || callers[i] != callers[i - 1]) is = is_ours(callers[i]);
        ours += is;
    }
    return ours;
}

static int run_steps(const char *steps, const char *norm) {
    char pipeline[128], out[128];
    snprintf(pipeline, sizeof pipeline, "%s/tiny.yaml", folder);
    snprintf(out, sizeof out, "%s/%s", folder, strchr(steps, '=') + 1);
    const char *const sets[] = {steps, "train.picture_every=0", "train.checkpoint_every=0",
                                "stages=train", norm};
    ik__run_options o = {.pipeline = pipeline, .n_sets = 5, .sets = sets, .out = out};
    ik_error err = {""};
    calls = 0;
    trainer = pthread_self();
    counting = true;
    ik_status status = ik__run(&o, &err);
    counting = false;
    ck_assert_msg(!status, "%s", err.text);
    return count_ours();
}

static const char *const norms[] = {"norm.noise_channels=8", "norm={plugin: spade, hidden: 8}",
                                    "norm=batch", "norm=instance"};

START_TEST(nothing) {
    if (!REPLACED) {
        puts("skipped: a sanitizer has malloc to itself");
        return;
    }
    setenv("INADEKIT_PLUGIN_PATH", BUILD_DIR "/lib/inadekit", 1);
    run_steps("train.steps=2", norms[_i]); /* what is made once in a process */
    int few = run_steps("train.steps=10", norms[_i]);
    int many = run_steps("train.steps=30", norms[_i]);
    ck_assert_int_gt(few, 100);
    ck_assert_msg(few == many, "%d calls in ten steps, %d in thirty", few, many);
}
END_TEST

int main(void) {
    return RUN_SUITE("step_alloc", set_up_runs, tear_down, {nothing, COUNT(norms)});
}
