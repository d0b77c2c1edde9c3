/* Every allocation of a run fails once: the run ends with an error and a message, or, where it can
 * do without, with the same bytes; never by a signal, and never as if nothing had been.
 *
 * The C library's functions are replaced by ones that count and refuse what our own code asks for.
 */
#define _GNU_SOURCE
#include "support/runs.h"

#include "run/run.h"
#include "support/allocations.h"

static long calls, refused; /* refused: the number of the call that fails, 0 for none */
static bool counting;
static _Thread_local bool inside;

static bool refuses(void *caller) {
    if (!counting || inside) return false;
    inside = true;
    bool now = is_ours(caller) && __atomic_add_fetch(&calls, 1, __ATOMIC_RELAXED) == refused;
    inside = false;
    if (now) errno = ENOMEM;
    return now;
}

#if !defined(__SANITIZE_ADDRESS__)
EXPORT char *strdup(const char *text) {
    size_t n = strlen(text) + 1;
    char *copy = refuses(CALLER) ? NULL : __libc_malloc(n);
    return copy ? memcpy(copy, text, n) : NULL;
}
EXPORT int vasprintf(char **to, const char *format, va_list args) {
    va_list again;
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, format, again);
    va_end(again);
    *to = refuses(CALLER) || n < 0 ? NULL : __libc_malloc((size_t)n + 1);
    return *to ? vsnprintf(*to, (size_t)n + 1, format, args) : -1;
}
EXPORT int asprintf(char **to, const char *format, ...) {
    va_list args;
    if (refuses(CALLER)) {
        *to = NULL;
        return -1;
    }
    va_start(args, format);
    inside = true;
    int n = vasprintf(to, format, args);
    inside = false;
    va_end(args);
    return n;
}
/* Thousands of runs need not wait for the disk. */
EXPORT int fsync(int fd) {
    (void)fd;
    return 0;
}
#endif

static const char smallest[] =
    "name: smallest\n"
    "device: naive\n"
    "threads: 1\n"
    "dataset: {plugin: shapes, size: [32, 32], count: 2, validation: 1, max_instances: 8}\n"
    "norm: {plugin: inade, noise_channels: 2}\n"
    "networks:\n"
    "  generator:\n"
    "    inputs: {z: [4]}\n"
    "    nodes:\n"
    "      - {id: fc, op: linear, in: z, out: [16, 16, 2]}\n"
    "      - {id: head, block: resblock, out: 2}\n"
    "      - {op: upsample}\n"
    "      - {id: rgb, op: conv2d, out: 3, kernel: 3}\n"
    "      - {op: tanh}\n"
    "  discriminator: {plugin: multiscale_patch, scales: 1, layers: 2, channels: 2}\n"
    "losses: [{plugin: hinge}]\n"
    "train: {steps: 1, batch: 1, log_every: 1, picture_every: 1, ema: 0.9}\n"
    "synthesize: {samples: 1, items: 1, batch: 1}\n"
    "stages: [train, synthesize]\n";

/* Beside the smallest: an encoder, whose styles are taken, a metric, and a report. */
static const char larger[] = "include: smallest.yaml\n"
                             "networks: {encoder: {plugin: instance_unet, channels: 1}}\n"
                             "losses: [{plugin: hinge}, {plugin: kl}]\n"
                             "synthesize: {style: [{item: 0, from: 0, to: 0}]}\n"
                             "evaluate: [{plugin: pixels}]\n"
                             "stages: [train, synthesize, evaluate, report]\n";

static const char *pipeline_file;

static ik_status run_here(const char *name, ik_error *err) {
    char pipeline[128], out[128];
    snprintf(pipeline, sizeof pipeline, "%s/%s", folder, pipeline_file);
    snprintf(out, sizeof out, "%s/%s", folder, name);
    const ik__run_options o = {.pipeline = pipeline, .out = out};
    return ik__run(&o, err);
}

/* In a process of its own: 0, it went well; 1, it failed and said why; 2, it failed and did not. */
static int run_without(long call) {
    fflush(NULL);
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (!child) {
        ik_error err = {""};
        calls = 0;
        refused = call;
        counting = true;
        ik_status status = run_here("b", &err);
        counting = false;
        _exit(!status ? 0 : *err.text ? 1 : 2);
    }
    int status = 0;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

START_TEST(each_fails) {
    if (!REPLACED) {
        puts("skipped: a sanitizer has malloc to itself");
        return;
    }
    ik_error err = {""};
    setenv("INADEKIT_PLUGIN_PATH", BUILD_DIR "/lib/inadekit", 1);
    write_bytes("smallest.yaml", smallest, sizeof smallest - 1);
    write_bytes("larger.yaml", larger, sizeof larger - 1);
    pipeline_file = _i ? "larger.yaml" : "smallest.yaml";
    ck_assert_msg(!run_here("a", &err), "%s", err.text); /* plugins are loaded from here on */
    counting = true;
    ck_assert_msg(!run_here("c", &err), "%s", err.text);
    counting = false;
    long all = calls, done_without = 0;
    ck_assert_int_gt(all, 100);
    /* Most of the larger run is the smaller one's: a part of it has to do. */
    for (long n = 1; n <= all; n += _i ? 7 : 1) {
        int status = run_without(n);
        ck_assert_msg(status < 2, "allocation %ld of %ld: status %d", n, all, status);
        if (!status) ck_assert_msg(same("a", "b"), "allocation %ld of %ld: other bytes", n, all);
        done_without += !status;
        if (lines_of("b/log.jsonl") || !status) ck_assert_int_eq(shell("rm -rf b"), 0);
    }
    printf("of %ld allocations %ld were done without\n", all, done_without);
}
END_TEST

int main(void) {
    return RUN_SUITE("no_memory", set_up_runs, tear_down, {each_fails, 2});
}
