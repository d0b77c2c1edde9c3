/* `weights:` in a pipeline: whole files, files of one network, checkpoints, and what does not fit.
 */
#include "support/runs.h"

#include "tensors/safetensors.h"

static void set_up_weights(void) {
    set_up_runs();
    run("a", "tiny.yaml", "--set seed=8 --set train.steps=1 --set stages=[train]");
}

#define STEP "a/checkpoints/step-00000001"

/* One step that changes no parameter: the checkpoint tells what it began with. */
static void stay(const char *out, const char *options) {
    char with[600];
    snprintf(with, sizeof with,
             "--set stages=[train] --set train.steps=1 --set train.lr.generator=0 "
             "--set train.lr.discriminator=0 %s",
             options);
    run(out, "tiny.yaml", with);
}

static bool same_weights(const char *a, const char *b) {
    char x[80], y[80];
    snprintf(x, sizeof x, "%s/checkpoints/step-00000001/weights.safetensors", a);
    snprintf(y, sizeof y, "%s/checkpoints/step-00000001/weights.safetensors", b);
    return same(x, y);
}

/* Copies entries of the checkpoint, leaving out a name and dropping a prefix. */
static void copy_entries(const char *to, const char *keep, const char *drop, const char *but) {
    char from[160], path[160];
    ik_error err;
    ik__st *st;
    snprintf(from, sizeof from, "%s/" STEP "/weights.safetensors", folder);
    snprintf(path, sizeof path, "%s/%s", folder, to);
    ck_assert_msg(!ik__st_open(from, &st, &err), "%s", err.text);
    ik__st_writer *w = ik__st_writer_new(path);
    for (int pass = 0; pass < 2; pass++) {
        for (int i = 0; i < ik__st_count(st); i++) {
            const ik__st_entry *e = ik__st_entry_at(st, i);
            size_t n = drop ? strlen(drop) : 0;
            if (strncmp(e->name, keep, strlen(keep)) || (but && strstr(e->name, but))) continue;
            if (!pass) {
                ik__st_add(w, e->name + n, e->dtype, e->shape);
                continue;
            }
            float *v = malloc((size_t)ik_count(e->shape) * sizeof *v);
            ck_assert(!ik__st_read(st, i, v, NULL));
            ik__st_write(w, v, ik_count(e->shape));
            free(v);
        }
        if (!pass) ik__st_begin(w);
    }
    ck_assert_msg(!ik__st_commit(w, &err), "%s", err.text);
    ik__st_close(st);
}

START_TEST(whole_pipeline) {
    stay("random", "");
    stay("file", "--set weights=" STEP "/weights.safetensors");
    stay("folder", "--set weights=" STEP);
    stay("own", "--set networks.generator.weights={file:\\ " STEP "}");
    stay("both", "--set networks.generator.weights={file:\\ " STEP "} "
                 "--set networks.discriminator.weights=" STEP);
    ck_assert(!same_weights("random", "file"));
    ck_assert(same_weights("file", "folder"));
    ck_assert(same_weights("file", "both"));
    ck_assert(!same_weights("own", "file")); /* the discriminator's */
    stay("written", "--set weights=" STEP " --set networks.generator.weights=random "
                    "--set networks.discriminator.weights=random");
    ck_assert(same_weights("random", "written"));
}
END_TEST

START_TEST(names_without_the_network) {
    copy_entries("bare.safetensors", "generator.", "generator.", NULL);
    stay("file", "--set networks.generator.weights=" STEP);
    stay("bare", "--set networks.generator.weights=bare.safetensors");
    ck_assert(same_weights("file", "bare"));
}
END_TEST

/* Training goes on from them, the averages with them; a network the file lacks starts anew; what a
 * checkpoint holds goes before, and the file need not be there any more. */
START_TEST(training_starts_there) {
    copy_entries("g.safetensors", "generator.", NULL, NULL);
    run("b", "tiny.yaml", "--set train.steps=1 --set weights=g.safetensors --set train.ema=0.9");
    run("c", "tiny.yaml", "--set train.steps=1 --set train.ema=0.9");
    ck_assert(!same_weights("b", "c"));
    ck_assert_int_eq(shell("rm g.safetensors"), 0);
    run("b", "tiny.yaml",
        "--set train.steps=2 --set weights=g.safetensors --set train.ema=0.9 --resume");
    expect("run tiny.yaml -q --out d --set weights=g.safetensors", 2,
           "--set weights=g.safetensors:1:9: error: weights of network 'generator': g.safetensors: "
           "cannot be opened: No such file or directory");
}
END_TEST

/* Neither one that is to be made nor anything in one that is there. */
START_TEST(a_failed_start_leaves_no_folder) {
    expect("run tiny.yaml --out new/run -q --set weights=nowhere.pth", 2, "nowhere.pth");
    ck_assert_int_ne(shell("ls new"), 0);
    expect("run tiny.yaml -q --set networks.generator.weights=nowhere.pth", 2, "nowhere.pth");
    ck_assert_int_ne(shell("ls runs"), 0);
}
END_TEST

START_TEST(what_does_not_fit) {
    copy_entries("d.safetensors", "discriminator.", NULL, NULL);
    expect("run tiny.yaml -q --out e --set stages=[synthesize] --set weights=d.safetensors", 2,
           "weights: d.safetensors holds nothing for a network of this pipeline");
    copy_entries("less.safetensors", "generator.", "generator.", "conv_1.bias");
    expect("run tiny.yaml -q --out e --set networks.generator.weights=less.safetensors "
           "--set norm.noise_channels=6",
           1, "missing: generator.head.conv_1.bias");
    ck_assert_ptr_nonnull(strstr(said, "missing: generator.up.conv_1.bias"));
    ck_assert_ptr_nonnull(strstr(
        said, "of another shape: generator.head.norm_0.fc_noise.weight, [8,8] there, [8,6] here"));
    expect("run tiny.yaml -q --out e --set weights=[a]", 2,
           "error: weights: a file is wanted, or {file: FILE, map: MAP}, or random");
    expect("run tiny.yaml -q --out e --set networks.generator.weights={map:\\ x}", 2, "'file'");
}
END_TEST

/* A network that losses look into: its file is named where it lacks, and random weights are said.
 */
START_TEST(frozen) {
#define FROZEN "run " SOURCE_DIR "/tests/golden/perceptual_small.yaml --out p "
    expect(FROZEN "--set 'networks.vgg19.weights={file: none.pth, from: \"https://a.b/c\"}'", 2,
           "error: weights of network 'vgg19': none.pth: ");
    ck_assert_ptr_nonnull(strstr(said, "; it is to be had at https://a.b/c; `--set "
                                       "networks.vgg19.weights=random` does without\n"));
    expect(FROZEN "--set dataset.max_instances=12 --set stages=[train]", 0,
           "note: network 'vgg19' is frozen with random weights, as the pipeline says\n");
}
END_TEST

/* A checkpoint's averages paint, where nothing trains on from it; as they do in the run itself. */
START_TEST(averages_of_a_checkpoint) {
    run("m", "tiny.yaml", "--set train.ema=0.5 --set train.steps=3 --set train.lr.generator=0.02");
    expect("run tiny.yaml --out p --set stages=[synthesize] --set "
           "weights=m/checkpoints/step-00000003",
           0, "network 'generator': the averaged weights of m/checkpoints/step-00000003\n");
    ck_assert_int_eq(shell("cmp m/images/samples.png p/images/samples.png"), 0);
    expect("run tiny.yaml --out q --set stages=[train] --set weights=m/checkpoints/step-00000003",
           0, NULL);
    ck_assert_ptr_null(strstr(said, "averaged"));
}
END_TEST

/* A dry run says where networks would start from, and finds what does not fit. */
START_TEST(dry) {
    expect("run tiny.yaml --dry-run -v --set weights=" STEP, 0, "\nweights\n  generator ");
    ck_assert_ptr_nonnull(strstr(said, STEP "/weights.safetensors, "));
    ck_assert_ptr_nonnull(strstr(said, "\n  discriminator "));
    expect("run tiny.yaml --dry-run -v --set "
           "'networks.generator.weights={file: none.pth, from: \"https://a.b/c\"}'",
           2,
           "  generator        none.pth, which is not there; it is to be had at https://a.b/c\n");
    ck_assert_ptr_nonnull(strstr(said, "error: weights of network 'generator': none.pth: "));
    expect("run tiny.yaml --dry-run -v --set weights=none.pth", 2,
           "none.pth, which is not there\n");
    ck_assert_ptr_nonnull(strstr(said, "verdict     it would not run; "));
    expect("run tiny.yaml --dry-run --set weights=" STEP " --set norm.noise_channels=6", 1,
           "of another shape: generator.head.norm_0.fc_noise.weight, [8,8] there, [8,6] here");
    expect("run tiny.yaml --dry-run", 0, NULL);
    ck_assert_ptr_null(strstr(said, "\nweights\n"));
}
END_TEST

int main(void) {
    return RUN_SUITE("weights", set_up_weights, tear_down, {whole_pipeline},
                     {names_without_the_network}, {training_starts_there}, {frozen},
                     {a_failed_start_leaves_no_folder}, {what_does_not_fit},
                     {averages_of_a_checkpoint}, {dry});
}
