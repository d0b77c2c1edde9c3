/* A watch hears of a run what a terminal would show, and stops it; two runs at a time have a watch
 * each. */
#include "base/watch.h"
#include "session/session.h"
#include "stages/train.h"
#include "support/runs.h"
#include "support/suite.h"

#include <pthread.h>

typedef struct heard {
    int steps, saves, notes, results, listening, asked;
    int64_t last, stop_at; /* stop_at 0: never */
    char saved[256], said[4096];
} heard;

static void note(void *user, ik__tone tone, const char *text) {
    heard *h = user;
    h->notes += tone == IK__NOTED;
    h->results += tone == IK__RESULT;
    strncat(h->said, text, sizeof h->said - strlen(h->said) - 2);
    strcat(h->said, "\n");
}

static void step(void *user, int64_t now, int64_t total, const char *losses) {
    heard *h = user;
    if (h->steps) ck_assert_int_eq(now, h->last + 1);
    ck_assert_int_eq(total, 6);
    ck_assert_int_eq(losses != NULL, h->steps > 0);
    ck_assert_int_eq(h->listening, 1);
    h->last = now;
    h->steps++;
}

static void saved(void *user, const char *path) {
    heard *h = user;
    h->saves++;
    snprintf(h->saved, sizeof h->saved, "%s", path);
}

static void listen_to(void *user, bool listening) {
    ((heard *)user)->listening += listening ? 1 : -1;
}

static bool stop(void *user) {
    heard *h = user;
    h->asked++;
    return h->stop_at && h->last >= h->stop_at;
}

/* tiny.yaml, trained under a watch of its own. */
static ik_status train(const char *name, heard *h, ik_error *err) {
    const ik__watch watch = {h, note, step, saved, listen_to, stop};
    const ik__watch *before = ik__watch_set(&watch);
    char pipeline[128], out[128];
    const char *sets[] = {"stages=[train]"};
    snprintf(pipeline, sizeof pipeline, "%s/tiny.yaml", folder);
    snprintf(out, sizeof out, "%s/%s", folder, name);
    ik__run_options o = {.pipeline = pipeline, .n_sets = 1, .sets = sets, .out = out, .threads = 1};
    ik__session *s;
    ik_status status = ik__session_open(&o, &s, err);
    if (!status) status = ik__session_folder(s, &o, err);
    if (!status) status = ik__session_ready(s, err);
    if (!status) status = ik__train(s, &o, NULL, err);
    ik__session_close(s);
    ik__watch_set(before);
    return status;
}

static void set_up_watch(void) {
    set_up_runs();
    ik__plugins_path(BUILD_DIR "/lib/inadekit");
}

START_TEST(hears_all) {
    heard h = {0};
    ik_error err = {""};
    ck_assert_msg(!train("a", &h, &err), "%s", err.text);
    ck_assert_int_eq(h.steps, 7); /* and one before the first */
    ck_assert_int_eq(h.last, 6);
    ck_assert_int_eq(h.saves, 2);
    ck_assert_ptr_nonnull(strstr(h.saved, "/a/checkpoints/step-00000006"));
    ck_assert_int_eq(h.listening, 0);
    ck_assert_int_eq(h.notes + h.results, 0);
    ck_assert_ptr_nonnull(strstr(h.said, "trained 6 steps in "));
}
END_TEST

START_TEST(stops) {
    heard h = {.stop_at = 2};
    ik_error err = {""};
    ck_assert_int_eq(train("a", &h, &err), IK_INTERRUPTED);
    ck_assert_str_eq(err.text, "stopped at step 2; a checkpoint was saved, go on with --resume");
    ck_assert_int_eq(h.asked, 2);
    ck_assert_int_eq(h.saves, 1);
    ck_assert_int_eq(shell("test -s a/checkpoints/step-00000002/weights.safetensors"), 0);
}
END_TEST

static void *in_thread(void *user) {
    ik_error err = {""};
    heard *h = user;
    ck_assert_msg(!train(h->stop_at ? "a" : "b", h, &err), "%s", err.text);
    return NULL;
}

/* Plugins are loaded by both at once; neither hears of the other. */
START_TEST(two_at_a_time) {
    heard h[2] = {{.stop_at = 100}, {0}};
    pthread_t t[2];
    for (int i = 0; i < 2; i++) ck_assert_int_eq(pthread_create(&t[i], NULL, in_thread, &h[i]), 0);
    for (int i = 0; i < 2; i++) pthread_join(t[i], NULL);
    for (int i = 0; i < 2; i++) ck_assert_int_eq(h[i].steps, 7);
    ck_assert_int_eq(shell("test -d a/checkpoints/step-00000006"), 0);
    expect_same_at("a", "b", 6);
}
END_TEST

int main(void) {
    return RUN_SUITE("watch", set_up_watch, tear_down, {hears_all}, {stops}, {two_at_a_time});
}
