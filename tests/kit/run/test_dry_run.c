/* The dry run: every value with its origin, and an account that the run then keeps to. */
#include "support/runs.h"

#include "folder/facts.h"

/* `run PIPELINE --dry-run -v OPTIONS`, with all it says in dry.txt. */
static void dry(const char *pipeline, const char *options) {
    char arguments[900];
    snprintf(arguments, sizeof arguments, "run %s --dry-run -v --out out %s", pipeline, options);
    expect(arguments, 0, NULL);
    write_bytes("dry.txt", said, strlen(said));
    ck_assert_int_ne(shell("ls out"), 0); /* nothing was written */
}

static void has(const char *text) {
    ck_assert_msg(strstr(said, text), "'%s' is not in: %.200s", text, said);
}

static void lacks(const char *text) {
    ck_assert_msg(!strstr(said, text), "'%s' is in: %.200s", text, said);
}

/* A file that chooses another plugin than the one it includes: the other's options go, with a word;
 * its own stay, and are refused where they are wrong. */
START_TEST(another_plugin) {
    ck_assert_int_eq(
        shell("printf 'include: tiny.yaml\\nnorm: {plugin: spade, hidden: 8}\\n' >spade.yaml; "
              "printf 'include: spade.yaml\\nnorm: {plugin: inade}\\n' >back.yaml; "
              "printf 'include: tiny.yaml\\nnorm: {plugin: spade, hiden: 8}\\n' >wrong.yaml"),
        0);
    dry("spade.yaml", "");
    has("note: tiny.yaml:6:23: dropped 'noise_channels', which norm/spade does not know\n");
    has("\n  hidden: 8 ");
    dry("back.yaml", "");
    has("note: spade.yaml:2:23: dropped 'hidden', which norm/inade does not know\n");
    expect("run wrong.yaml --dry-run", 2, "wrong.yaml:2:23: error: unknown option 'hiden'");
    dry("tiny.yaml", "--set norm.plugin=spade --set norm.hidden=8");
    has("note: tiny.yaml:6:23: dropped 'noise_channels', which norm/spade does not know\n");
    has("\n  hidden: 8 ");
    dry("tiny.yaml", "--plugin-path " BUILD_DIR "/abi --set networks.generator.nodes.1.block=old");
    has("note: tiny.yaml:12:37: dropped 'out', which blocks/old does not know\n");
}
END_TEST

START_TEST(origins) {
    ck_assert_int_eq(shell("printf 'include: tiny.yaml\\nseed: 5\\nnorm: batch\\n' >top.yaml"), 0);
    dry("top.yaml", "--set train.steps=2 --set 'synthesize={items: 1}'");
    has("\nseed: 5                                       # top.yaml:2\n");
    has("name: tiny                                    # tiny.yaml:1\n");
    has("\n  plugin: batch                               # top.yaml:3\n");
    has("\n  affine: true                                # default\n");
    has("\n  steps: 2                                    # --set train.steps=2\n");
    has("\n  items: 1                                    # --set synthesize={items: 1}\n");
    has("\n  samples: 4                                  # default\n");
    has("\n  lr:\n    generator: 1e-4                           # default\n");
    has("\n        spectral: true                        # default\n"); /* of a block */
    has("\n        bias: true                            # default\n"); /* of a layer */
    has("\n  - plugin: hinge                             # tiny.yaml:20\n");
    has("\n    weight: 1                                 # default\n");
    has("\n  flip: true                                  # default\n");
    has("\n  validation: 2                               # tiny.yaml:5\n");
    has("\nstages: [train, synthesize, report]           # default\n");
}
END_TEST

/* What is printed is the pipeline: run from it, the bytes are the same. */
START_TEST(runs_again) {
    static const char options[] = "--set 'norm={plugin: spade, hidden: 4}' --set train.ema=0.5 "
                                  "--set 'name=\"a b\\nc: #d\"' --set 'seed=\n  7'";
    dry("tiny.yaml", options);
    ck_assert_int_eq(shell("sed '/^$/,$d' dry.txt >again.yaml; cat again.yaml"), 0);
    run("a", "tiny.yaml", options);
    run("b", "again.yaml", "");
    expect_same_at("a", "b", 6);
    ck_assert(same("a/images", "b/images"));
}
END_TEST

/* Without -v about ten lines: what there is, what it takes, and whether it would run. */
START_TEST(brief) {
    expect("run tiny.yaml --dry-run --out out --set networks.encoder.plugin=instance_unet "
           "--set norm.plugin=batch 2>/dev/null",
           0,
           "data        6 items to train on, 2 to validate on, 32x32, 6 labels, at most 8 "
           "instances\n"
           "stages      train, synthesize, report\n"
           "networks    generator ");
    has(" k parameters, discriminator 6.92 k, encoder left out\n"
        "training    6 steps of 2 pictures, 3 steps an epoch\n"
        "memory      ");
    has("multiply-adds a step; how long one takes is known once some have run\n"
        "disk        3 checkpoints of ");
    has("KiB at most; ");
    has("run folder  out/\nverdict     ready to run\n");
    lacks("not trained");
    lacks("weights   ");
    int lines = 0;
    for (const char *p = said; *p; p++) lines += *p == '\n';
    ck_assert_int_le(lines, 10);
    dry("tiny.yaml", ""); /* and at the end of all the rest */
    has("report.html");
    has("\n\ndata        6 items");
    has("\nverdict     ready to run\n");
}
END_TEST

START_TEST(verdicts) {
    run("a", "tiny.yaml", "");
    expect("run tiny.yaml --dry-run --out a", 0,
           "run folder  a/: It has checkpoints of an earlier run: --resume would be needed.\n"
           "verdict     it would not run without --resume, or another --out\n");
    has(" at the speed of a\n");
    expect("run tiny.yaml --dry-run --out a --resume", 0, "verdict     ready to run\n");
    expect("run tiny.yaml --dry-run --out a --resume --set seed=9", 2,
           "was trained with seed 3, the pipeline says 9; a resumed run keeps its seed\n");
    has("verdict     it would not run; the error says why\n");
    has("note: other settings than those of a/checkpoints/step-00000006:\n  seed: 3 then, 9 now\n");
    expect("run tiny.yaml --dry-run --out a --resume --set norm.noise_channels=9", 1,
           "a/checkpoints/step-00000006/weights.safetensors does not fit this pipeline ");
    expect("run tiny.yaml --dry-run --out a --resume --set train.ema=0.9", 2,
           "a was trained without averaged weights, which cannot begin in its middle");
    ck_assert_int_eq(shell("rm a/checkpoints/step-00000006/optimizer.safetensors"), 0);
    expect("run tiny.yaml --dry-run --out a --resume", 1,
           "a/checkpoints/step-00000006/optimizer.safetensors: cannot be opened: No such file");
    expect("run tiny.yaml --dry-run --set train.accumulate=4 2>/dev/null", 2,
           "verdict     it would not run; the error says why\n");
    expect("run tiny.yaml --dry-run --set stages=[synthesize]", 0,
           "weights     generator: random, nothing has trained them; --resume, or `weights: FILE`, "
           "takes trained ones\n");
}
END_TEST

/* A node that nobody uses. */
START_TEST(not_trained) {
    ck_assert_int_eq(shell("sed -i 's/^      - {op: upsample}/      - {id: aside, op: conv2d, out: "
                           "5, kernel: 3}\\n      - {op: upsample, in: up}/' tiny.yaml"),
                     0);
    expect("run tiny.yaml --dry-run", 0,
           "not trained 2 of 47 parameters, which no loss reaches: generator.aside.weight, "
           "generator.aside.bias\n");
    run("a", "tiny.yaml", "--set stages=[train]");
    has("note: not trained: 2 of 47 parameters, which no loss reaches: generator.aside.weight, ");
    dry("tiny.yaml", "");
    has("\nleft out\n");
    has("\n  not trained: 2 of 47 parameters");
    expect("run tiny.yaml --dry-run --set stages=[synthesize]", 0, NULL);
    lacks("not trained");
}
END_TEST

START_TEST(left_out) {
    ck_assert_int_eq(shell("sed -i 's/^  discriminator/  encoder: {plugin: instance_unet, "
                           "channels: 2}\\n  discriminator/; s/^losses: \\[/&{plugin: kl}, /' "
                           "tiny.yaml"),
                     0);
    dry("tiny.yaml", "");
    lacks("network encoder:");
    lacks("loss kl:");
    has("\nread of a scene: image, ");
    dry("tiny.yaml", "--set 'norm={plugin: spade, hidden: 4}'");
    has("\n  network encoder: it encodes noise, which nothing asks for while training\n");
    has("\n  loss kl: it has no term here");
    lacks("network generator:");
    dry("tiny.yaml", "--set 'losses=[{plugin: l1}]'");
    has("\n  network discriminator: no loss asks what it says\n");
    dry("tiny.yaml", "--set stages=[synthesize]");
    lacks("\n  loss "); /* there is no training that would miss it */
}
END_TEST

static double mebibytes(const char *what) {
    const char *at = strstr(said, what);
    ck_assert_msg(at, "'%s' is not in: %.200s", what, said);
    return strtod(at + strlen(what), NULL);
}

/* The memory that was foretold is what the run then says it has planned. */
START_TEST(memory) {
    char path[100];
    ik__facts f;
    run("a", "tiny.yaml", "--set train.ema=0.9 --set train.accumulate=2 --set train.batch=1");
    snprintf(path, sizeof path, "%s/a", folder);
    ck_assert(ik__facts_read(&f, path));
    dry("tiny.yaml", "--set train.ema=0.9 --set train.accumulate=2 --set train.batch=1");
    const double mib = 1048576;
    double state =
        mebibytes("  gradients ") + mebibytes("  optimiser ") + mebibytes("  averaged weights ");
    ck_assert_double_eq_tol(state, (double)f.state_bytes / mib, 0.16);
    ck_assert_double_eq_tol(mebibytes("  weights and buffers "), (double)f.value_bytes / mib, 0.06);
    ck_assert_double_eq_tol(mebibytes("  activations, shared by programs "),
                            (double)f.arena_bytes / mib, 0.06);
    /* Each network's parameters have a gradient and its sum, two moments, and an average where they
     * paint. */
    int64_t all = 0, painting = 0;
    for (int i = 0; i < f.n_networks; i++) {
        all += f.networks[i].params;
        if (strcmp(f.networks[i].name, "discriminator")) painting += f.networks[i].params;
    }
    double least = 4.0 * (double)(4 * all + painting); /* entries begin at multiples of 64 bytes */
    ck_assert_double_ge((double)f.state_bytes, least);
    ck_assert_double_le((double)f.state_bytes, 1.02 * least);
}
END_TEST

START_TEST(leaves) {
    dry("tiny.yaml", "--set synthesize.vary.instances=[1]");
    has("\nwould be written to out/\n");
    has("images/varied-mask.png");
    has("every 3 steps and at the end\n");
    has("the newest 2 are kept");
    has("report.html");
    lacks("has checkpoints");
    dry("tiny.yaml", "--set stages=[train]");
    lacks("report.html");
    lacks("samples.png");
    run("a", "tiny.yaml", "");
    ck_assert_int_eq(shell("cp -r a kept"), 0);
    expect("run tiny.yaml --dry-run --out a", 0, "--resume would be needed.\n");
    expect("run tiny.yaml --dry-run --out a --resume", 0, "the run goes on from the newest.\n");
    ck_assert_int_eq(shell("diff -r a kept"), 0);
}
END_TEST

/* Every pipeline of the project can be looked at, and its printed form is the same pipeline. */
START_TEST(of_the_project) {
    char arguments[400];
    static const char *const files[] = {"quickstart", "tests/unet"};
    snprintf(arguments, sizeof arguments, "%s/pipelines/%s.yaml", SOURCE_DIR, files[_i]);
    dry(arguments, "");
    ck_assert_int_eq(shell("sed '/^$/,$d' dry.txt >again.yaml; cp dry.txt first.txt"), 0);
    dry("again.yaml", "");
    /* What is free on the disk may change between the two. */
    ck_assert_int_eq(shell("sed -i 's/; [^;]* free$//' dry.txt first.txt; "
                           "sed 's/ *# .*//' dry.txt >x; sed 's/ *# .*//' first.txt >y; "
                           "grep -v '^note:' y | diff x - && ! grep '# default' dry.txt"),
                     0);
}
END_TEST

int main(void) {
    return RUN_SUITE("dry_run", set_up_runs, tear_down, {another_plugin}, {origins}, {runs_again},
                     {brief}, {verdicts}, {not_trained}, {left_out}, {memory}, {leaves},
                     {of_the_project, 2});
}
