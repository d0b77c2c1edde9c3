/* Tiny training runs of the built program, and comparing what they wrote. */
#ifndef TEST_RUNS_H
#define TEST_RUNS_H

#include "cli.h"

#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <time.h>

static const char tiny[] =
    "name: tiny\n"
    "seed: 3\n"
    "device: cpu\n"
    "threads: 1\n"
    "dataset: {plugin: shapes, size: [32, 32], count: 6, validation: 2, max_instances: 8}\n"
    "norm: {plugin: inade, noise_channels: 8}\n"
    "networks:\n"
    "  generator:\n"
    "    inputs: {z: [256]}\n"
    "    nodes:\n"
    "      - {id: fc, op: linear, in: z, out: [4, 4, 8]}\n"
    "      - {id: head, block: resblock, out: 8}\n"
    "      - {op: upsample, factor: 4}\n"
    "      - {id: up, block: resblock, out: 4}\n"
    "      - {op: upsample}\n"
    "      - {op: leaky_relu, slope: 0.2}\n"
    "      - {id: rgb, op: conv2d, out: 3, kernel: 3}\n"
    "      - {op: tanh}\n"
    "  discriminator: {plugin: multiscale_patch, scales: 2, layers: 3, channels: 4}\n"
    "losses: [{plugin: hinge}, {plugin: feature_matching, weight: 10, from: 1}]\n"
    "train: {steps: 6, batch: 2, log_every: 1, picture_every: 3, checkpoint_every: 3}\n"
    "synthesize: {samples: 2, items: 2, batch: 2}\n";

/* A folder with tiny.yaml in it. Threads that wait must not spin: tests share the processors. */
static inline void set_up_runs(void) {
    setenv("OMP_WAIT_POLICY", "passive", 1);
    set_up();
    write_bytes("tiny.yaml", tiny, sizeof tiny - 1);
}

/* `inadekit run PIPELINE --out OUT`, quietly, with more options; succeeds. */
static inline void run(const char *out, const char *pipeline, const char *options) {
    char arguments[700];
    snprintf(arguments, sizeof arguments, "run %s --out %s -q %s", pipeline, out, options);
    expect(arguments, 0, NULL);
}

/* A shell command in the folder; its exit status. */
static inline int shell(const char *format, ...) {
    char command[1024];
    int n = snprintf(command, sizeof command, "cd %s && { ", folder);
    va_list args;
    va_start(args, format);
    n += vsnprintf(command + n, sizeof command - (size_t)n, format, args);
    va_end(args);
    ck_assert_int_lt(n + 16, (int)sizeof command);
    strcat(command, "; } >shell.txt 2>&1");
    int status = system(command);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* Times and the memory taken are in run.json and report.html alone, and differ. */
static inline bool same(const char *a, const char *b) {
    return shell("diff -rq -x run.json -x report.html %s %s", a, b) == 0;
}

/* Both runs stand at `step` with the same bytes: weights, optimiser, log. */
static inline void expect_same_at(const char *a, const char *b, int step) {
    static const char *const files[] = {"weights.safetensors", "optimizer.safetensors"};
    for (int i = 0; i < 2; i++) {
        char x[128], y[128];
        snprintf(x, sizeof x, "%s/checkpoints/step-%08d/%s", a, step, files[i]);
        snprintf(y, sizeof y, "%s/checkpoints/step-%08d/%s", b, step, files[i]);
        ck_assert_msg(same(x, y), "%s and %s differ", x, y);
    }
    ck_assert_msg(shell("cmp %s/log.jsonl %s/log.jsonl", a, b) == 0, "the logs of %s and %s differ",
                  a, b);
}

/* Starts `inadekit run tiny.yaml --out OUT` with up to four more words; output goes to OUT.txt. */
static inline pid_t start(const char *out, const char *a, const char *b, const char *c,
                          const char *d) {
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child) return child;
    char log[80];
    snprintf(log, sizeof log, "%s.txt", out);
    if (chdir(folder)) _exit(126);
    int fd = open(log, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    dup2(fd, 1);
    dup2(fd, 2);
    /* Check's children have signals of their own. */
    signal(SIGINT, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
    signal(SIGXCPU, SIG_DFL);
    execl(BUILD_DIR "/bin/inadekit", "inadekit", "run", "tiny.yaml", "--out", out, "-q", a, b, c, d,
          (char *)NULL);
    _exit(126);
}

static inline void sleep_for(double seconds) {
    struct timespec t = {(time_t)seconds, (long)((seconds - (double)(time_t)seconds) * 1e9)};
    nanosleep(&t, NULL);
}

static inline int lines_of(const char *name) {
    char path[160];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, "r");
    int n = 0;
    for (int c; f && (c = getc(f)) != EOF;) n += c == '\n';
    if (f) fclose(f);
    return n;
}

#endif
