/* Training end to end: what systems there are train, and every run comes out as it must, to the
 * byte: the same from the same seed, and the same whether it went through or was stopped. */
#include "support/runs.h"
#include "tensors/safetensors.h"

#include <math.h>

typedef struct system_row {
    const char *name, *edit, *options; /* edit: of tiny.yaml, for sed */
} system_row;

#define ENCODER(text) "s/^  discriminator/  encoder: " text "\\n  discriminator/;"
#define KL "s/^losses: \\[/losses: [{plugin: kl, weight: 0.05}, /;"
#define NORM(text) "s/^norm: .*/norm: " text "/;"

static const system_row systems[] = {
    {"inade", "", ""},
    {"spade", NORM("{plugin: spade, hidden: 8}"), ""},
    {"batch", NORM("{plugin: batch}"), ""},
    {"instance", NORM("{plugin: instance}"), ""},
    {"inade, encoder", ENCODER("{plugin: instance_unet, channels: 2}") KL, ""},
    {"vspade", NORM("{plugin: spade, hidden: 8}") ENCODER("{plugin: conv, channels: 2}") KL, ""},
    {"two threads", "", "--threads 2"},
    {"accumulate and ema", "", "--set train.accumulate=2 --set train.batch=1 --set train.ema=0.9"},
    {"epochs and decay", "", "--set train.steps=0 --set train.epochs=1 --set train.decay_epochs=1"},
};

START_TEST(trains) {
    const system_row *row = &systems[_i];
    char options[256];
    ck_assert_int_eq(shell("sed -i '%s' tiny.yaml", row->edit), 0);
    run("a", "tiny.yaml", row->options);
    run("b", "tiny.yaml", row->options);
    ck_assert_msg(same("a", "b"), "%s: two runs differ", row->name);
    ck_assert_int_eq(lines_of("a/log.jsonl"), 6);
    ck_assert_int_ne(shell("grep -E '\"(nan|-?inf)\"' a/log.jsonl"), 0);
    ck_assert_int_eq(shell("cd a/checkpoints; cmp step-00000003/weights.safetensors "
                           "step-00000006/weights.safetensors; [ $? -eq 1 ]"),
                     0); /* it learned */
    /* Stopped after three steps; a rate that falls depends on the length, so not by a setting. */
    ck_assert_int_eq(shell("cp -r a c && rm -r c/checkpoints/step-00000006 c/images"), 0);
    snprintf(options, sizeof options, "%s --resume", row->options);
    run("c", "tiny.yaml", options);
    ck_assert_int_eq(shell("rm -f a/images/*-00000003.png"), 0);
    ck_assert_msg(same("a", "c"), "%s: the resumed run differs", row->name);
}
END_TEST

START_TEST(unet) {
    static const char options[] =
        "--threads 1 --set dataset.size=[32,32] --set train.steps=4 --set device=cpu "
        "--set train.log_every=1 --set train.checkpoint_every=2 --set dataset.validation=4";
    run("a", SOURCE_DIR "/pipelines/tests/unet.yaml", options);
    run("b", SOURCE_DIR "/pipelines/tests/unet.yaml", options);
    ck_assert(same("a", "b"));
    ck_assert_int_eq(lines_of("a/log.jsonl"), 4);
}
END_TEST

START_TEST(seed) {
    run("a", "tiny.yaml", "");
    run("b", "tiny.yaml", "--set seed=4");
    ck_assert(!same("a/log.jsonl", "b/log.jsonl"));
    ck_assert(!same("a/images/samples.png", "b/images/samples.png"));
    ck_assert(!same("a/checkpoints/step-00000006/weights.safetensors",
                    "b/checkpoints/step-00000006/weights.safetensors"));
    expect("run tiny.yaml --out a -q --resume --set seed=4", 2, "keeps its seed");
}
END_TEST

/* k of 6 steps, the log cut back to them, and on. */
START_TEST(resumed) {
    char options[64];
    run("a", "tiny.yaml", "");
    snprintf(options, sizeof options, "--set train.steps=%d", _i);
    run("b", "tiny.yaml", options);
    ck_assert_int_eq(lines_of("b/log.jsonl"), _i);
    ck_assert_int_eq(shell("printf '{\"step\":99}\\n{\"st' >>b/log.jsonl; mkdir -p "
                           "b/checkpoints/.writing-00000009; touch "
                           "b/checkpoints/.writing-00000009/weights.safetensors"),
                     0);
    run("b", "tiny.yaml", "--resume");
    expect_same_at("a", "b", 6);
    ck_assert(same("a/images/samples", "b/images/samples"));
    ck_assert_int_ne(shell("ls -d b/checkpoints/.writing*"), 0);
    run("b", "tiny.yaml", "--resume"); /* there is nothing left to do */
    expect_same_at("a", "b", 6);
}
END_TEST

/* The largest size of a spectrally normalised weight before any training. */
static float largest_initial(const char *out, const char *options) {
    char all[200], path[300];
    snprintf(all, sizeof all,
             "--set train.steps=1 --set train.lr.generator=0 --set train.picture_every=0 %s",
             options);
    run(out, "tiny.yaml", all);
    snprintf(path, sizeof path, "%s/%s/checkpoints/step-00000001/weights.safetensors", folder, out);
    ik__st *st;
    ik_error err = {""};
    ck_assert_msg(!ik__st_open(path, &st, &err), "%s", err.text);
    int at = ik__st_find(st, "generator.head.conv_0.weight_orig");
    ck_assert_int_ge(at, 0);
    float v[8 * 8 * 9], most = 0;
    ck_assert_int_eq(ik_count(ik__st_entry_at(st, at)->shape), 8 * 8 * 9);
    ck_assert(!ik__st_read(st, at, v, &err));
    for (int i = 0; i < 8 * 8 * 9; i++) most = fmaxf(most, fabsf(v[i]));
    ik__st_close(st);
    return most;
}

/* U(+-1/sqrt(72)), or a normal of deviation 0.02 sqrt(2 / 144). */
START_TEST(initial_weights) {
    float uniform = largest_initial("a", ""), xavier = largest_initial("b", "--set init=xavier");
    ck_assert(uniform > 0.11f && uniform <= 0.11786f);
    ck_assert(xavier > 0.004f && xavier < 0.014f);
}
END_TEST

/* A new run is never mistaken for one that goes on, nor the reverse. */
START_TEST(nothing_to_resume) {
    run("a", "tiny.yaml", "");
    expect("run tiny.yaml --out aa --resume", 2,
           "aa has no checkpoint, so there is nothing to resume; name the run's folder");
    expect("run tiny.yaml --out aa --resume --dry-run", 2, "aa has no checkpoint");
    expect("run tiny.yaml --out aa --resume --set stages=[synthesize]", 2, "aa has no checkpoint");
    ck_assert_int_ne(shell("ls aa"), 0);
    run("b", "tiny.yaml", "");
    expect("run tiny.yaml --out a -q", 2, "a has checkpoints of an earlier run");
    ck_assert(same("a", "b"));
}
END_TEST

START_TEST(shorter_log) {
    run("a", "tiny.yaml", "--set train.steps=3");
    ck_assert_int_eq(shell("echo '{}' >a/log.jsonl"), 0);
    expect("run tiny.yaml --out a -q --resume", 1, "a/log.jsonl: has 3 bytes");
}
END_TEST

/* A run of far more steps than are awaited, after its first five. */
static pid_t start_long(const char *out) {
    int status;
    pid_t child = start(out, "--set", "train.checkpoint_every=0", "--set", "train.steps=1000000");
    while (lines_of("b/log.jsonl") < 5) {
        ck_assert_int_eq(waitpid(child, &status, WNOHANG), 0);
        sleep_for(0.001);
    }
    return child;
}

/* 1 is the documented status: the run was not finished. What it had done is as if nothing had
 * happened. */
START_TEST(signalled) {
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP, SIGXCPU};
    int status;
    char options[96];
    pid_t child = start_long("b");
    ck_assert_int_eq(kill(child, numbers[_i]), 0);
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFEXITED(status));
    ck_assert_int_eq(WEXITSTATUS(status), 1);
    ck_assert_int_eq(shell("grep 'stopped at step .*; a checkpoint was saved' b.txt"), 0);
    ck_assert_int_eq(shell("ls b/checkpoints/step-*/weights.safetensors"), 0);
    int steps = lines_of("b/log.jsonl") + 5;
    snprintf(options, sizeof options, "--set train.checkpoint_every=0 --set train.steps=%d", steps);
    run("a", "tiny.yaml", options);
    strcat(options, " --resume");
    run("b", "tiny.yaml", options);
    expect_same_at("a", "b", steps);
}
END_TEST

/* The terminal is gone, but it was started so as not to care. */
START_TEST(without_terminal) {
    int status;
    ck_assert_ptr_ne(signal(SIGHUP, SIG_IGN), SIG_ERR);
    pid_t child = start_long("b");
    signal(SIGHUP, SIG_DFL);
    int lines = lines_of("b/log.jsonl");
    ck_assert_int_eq(kill(child, SIGHUP), 0);
    while (lines_of("b/log.jsonl") < lines + 20) sleep_for(0.001);
    ck_assert_int_eq(waitpid(child, &status, WNOHANG), 0);
    kill(child, SIGTERM);
    waitpid(child, &status, 0);
}
END_TEST

/* Nobody reads what it says any more, or it has nowhere to say it: it goes on, and says it nowhere
 * else. */
START_TEST(unheard) {
    static const char *const ways[] = {"2>&1 | true", "2>&-", ">&- 2>&- <&-"};
    run("a", "tiny.yaml", "--set train.steps=60");
    ck_assert_int_eq(
        shell("%s/bin/inadekit run tiny.yaml --out b --set train.steps=60 %s", BUILD_DIR, ways[_i]),
        0);
    expect_same_at("a", "b", 60);
}
END_TEST

/* One run a folder; whoever died does not keep it. */
START_TEST(locked) {
    int status;
    char who[64];
    pid_t child = start_long("b");
    snprintf(who, sizeof who, "b is in use: process %d on ", (int)child);
    expect("run tiny.yaml --out b -q", 1, who);
    expect("run tiny.yaml --out ./b --resume -q --set stages=[synthesize]", 1, who);
    ck_assert_int_eq(kill(child, SIGKILL), 0);
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    run("b", "tiny.yaml", "");
    ck_assert_int_ne(shell("ls b/lock"), 0);
}
END_TEST

START_TEST(keeps) {
    run("a", "tiny.yaml", "--set train.checkpoint_every=1 --set train.keep=3");
    ck_assert_int_eq(shell("[ \"$(ls a/checkpoints | tr '\\n' ' ')\" = 'step-00000004 "
                           "step-00000005 step-00000006 ' ]"),
                     0);
    run("b", "tiny.yaml", "--set train.checkpoint_every=1 --set train.keep=1");
    ck_assert_int_eq(shell("[ \"$(ls b/checkpoints)\" = step-00000006 ]"), 0);
}
END_TEST

/* Two batches of one picture are one batch of two, to rounding, where no layer mixes pictures. */
START_TEST(accumulated) {
    run("a", "tiny.yaml", "--set norm.plugin=instance --set train.steps=1");
    run("b", "tiny.yaml",
        "--set norm.plugin=instance --set train.steps=1 --set train.batch=1 "
        "--set train.accumulate=2");
    ck_assert_int_eq(shell("for f in a b; do sed 's/,/\\n/g; s/[}]//' $f/log.jsonl >$f.txt; done; "
                           "paste -d: a.txt b.txt | awk -F: '{d = $2 - $4; if (d < 0) d = -d; "
                           "n++; bad += d > 1e-4} END {exit bad || n < 7}'"),
                     0);
}
END_TEST

/* The averages paint: with a decay near 1 the pictures stay those of the first weights. */
/* What a dataset announces is a value as any other. */
START_TEST(asks_for_a_plane) {
    static const char yaml[] = "name: sketch\n"
                               "device: naive\n"
                               "dataset: {plugin: sketched, size: [4, 8]}\n"
                               "networks:\n"
                               "  generator:\n"
                               "    nodes:\n"
                               "      - {op: conv2d, in: sketch, out: 3, kernel: 3}\n"
                               "      - {op: tanh}\n"
                               "losses: [{plugin: l1}]\n"
                               "train: {steps: 3, batch: 2, log_every: 1}\n"
                               "synthesize: {samples: 1, items: 2, batch: 2}\n";
    write_bytes("sketch.yaml", yaml, strlen(yaml));
    ck_assert_int_eq(setenv("INADEKIT_PLUGIN_PATH", BUILD_DIR "/tests/plugins_data", 1), 0);
    run("a", "sketch.yaml", "");
    ck_assert_int_eq(lines_of("a/log.jsonl"), 3);
    expect("run sketch.yaml --dry-run -v", 0, "read of a scene: image, sketch");
    expect("run sketch.yaml --dry-run --set networks.generator.nodes.0.in=sketched", 2,
           "its input 'sketched' does not exist");
}
END_TEST

/* What OpenMP is told from outside neither stops a run nor changes it. */
START_TEST(openmp) {
    static const char *const told[] = {"OMP_DYNAMIC=true", "OMP_MAX_ACTIVE_LEVELS=0"};
    run("a", "tiny.yaml", "--set device=cpu --threads 5 --set train.steps=2");
    ck_assert_int_eq(shell("%s timeout -s KILL 60 " BUILD_DIR
                           "/bin/inadekit run tiny.yaml --out b -q "
                           "--set device=cpu --threads 5 --set train.steps=2",
                           told[_i]),
                     0);
    expect_same_at("a", "b", 2);
}
END_TEST

START_TEST(averaged) {
#define FAST "--set train.lr.generator=0.05 --set train.lr.discriminator=0.01 "
    run("a", "tiny.yaml", FAST);
    run("b", "tiny.yaml", FAST "--set train.ema=0.9999");
    ck_assert(same("a/log.jsonl", "b/log.jsonl"));
    ck_assert(!same("a/images/samples", "b/images/samples"));
    ck_assert_int_eq(shell("grep -q 'ema.generator.fc.weight' "
                           "b/checkpoints/step-00000006/optimizer.safetensors"),
                     0);
    ck_assert_int_ne(shell("grep -q 'ema.discriminator' "
                           "b/checkpoints/step-00000006/optimizer.safetensors"),
                     0);
    expect("run tiny.yaml --out a --resume --set train.ema=0.5", 2,
           "error: a was trained without averaged weights, which cannot begin in its middle; set "
           "train.ema to 0");
    expect("run tiny.yaml --out b --resume", 2,
           "error: b was trained with averaged weights, which would be lost; set train.ema as it");
    expect("run tiny.yaml --set train.ema=1", 2, "train.ema: a decay below 1");
    expect("run tiny.yaml --set train.eps=1e-60", 2, "train.eps: a number above 0 is wanted");
}
END_TEST

START_TEST(names) {
    expect("run tiny.yaml --set name=../../x", 2, "'../../x' is no name for a folder");
    expect("run tiny.yaml --set name=..", 2, "'..' is no name for a folder");
    expect("run tiny.yaml --set name=a/b", 2, "'a/b' is no name for a folder");
}
END_TEST

int main(void) {
    return RUN_SUITE("train", set_up_runs, tear_down, {trains, COUNT(systems)}, {unet}, {seed},
                     {resumed, 5, 1}, {nothing_to_resume}, {initial_weights}, {shorter_log},
                     {signalled, 4}, {without_terminal}, {unheard, 3}, {locked}, {keeps},
                     {accumulated}, {asks_for_a_plane}, {averaged}, {openmp, 2}, {names});
}
