/* inadekit plugins check, with plugins of which each has one thing wrong: what is said of it, and
 * that nothing worse comes of it. And in a run, a plugin that crashes is named. */
#include "support/cli.h"

#include "inadekit/plugin.h"

#define TEXT_OF(x) #x
#define TEXT(x) TEXT_OF(x)
#define ABI TEXT(IK_ABI_MAJOR) "." TEXT(IK_ABI_MINOR)

#define HOSTILE BUILD_DIR "/hostile/"

static void check(const char *plugin, const char *options, int status, const char *text) {
    char arguments[400];
    snprintf(arguments, sizeof arguments, "plugins check %s%s.so %s", HOSTILE, plugin, options);
    expect(arguments, status, text);
}

START_TEST(sound) {
    check("norm/none", "", 0, "ok    it exports 'inadekit_plugin' and nothing else\n");
    static const char *const texts[] = {
        "ok    norm/none 1: wrong on purpose\n",
        "ok    plugin interface " ABI "; here " ABI "\n",
        "ok    2 options: ",
        "ok    at 32x32: recorded, shapes fit\n",
        "ok    at 32x32: a second process computes the same, bit for bit\n",
        "ok    at 32x32: generator's gradients of ",
        "ok    at 32x32: discriminator's gradients of ",
        "ok    at 32x64: recorded",
        "ok    at 64x64: recorded",
        "ok    at 64x64: cpu agrees with naive: generator's loss to ",
        "; with norm/inade ",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        ck_assert_msg(strstr(said, texts[i]), "'%s' is not in: %s", texts[i], said);
    ck_assert_ptr_null(strstr(said, "FAIL"));
    check("datasets/none", "", 0, "ok    training: 4 threads at once read the same\n");
    ck_assert_ptr_nonnull(strstr(said, "ok    it opens: 4 labels, 20 training and 3 validation"));
    check("datasets/no_items", "", 0, "note  training: no items\n");
}
END_TEST

START_TEST(built_in) {
    expect("plugins check " BUILD_DIR "/lib/inadekit/blocks/resblock.so --set out=4", 0,
           "ok    at 64x64");
    expect("plugins check " BUILD_DIR "/lib/inadekit/losses/feature_matching.so", 0, "ok    at 64");
    expect("plugins check " BUILD_DIR "/lib/inadekit/losses/perceptual.so", 0,
           "note  it takes a network that is not part of this check");
    expect("plugins check " BUILD_DIR "/lib/inadekit/encoders/instance_unet.so --set channels=4", 0,
           "ok    at 64x64");
    expect(
        "plugins check " BUILD_DIR "/lib/inadekit/discriminators/multiscale_patch.so", 0,
        "note  to be quick, it computes with channels=4 in place of 64, max_channels=4 in place of "
        "512\n");
    ck_assert_ptr_nonnull(strstr(said, "ok    at 64x64: cpu agrees"));
    expect("plugins check " BUILD_DIR "/lib/inadekit/backends/cpu.so", 0,
           "ok    at 64x64: cpu agrees with naive");
    expect("plugins check " BUILD_DIR "/lib/inadekit/datasets/shapes.so --set 'objects=[2, 3]'", 0,
           "ok    validation: 4 threads");
}
END_TEST

START_TEST(crashes_and_hangs) {
    check("norm/crashes_at_entry", "", 1, "FAIL  it crashed: ended by signal 11 (Seg");
    ck_assert_ptr_nonnull(strstr(said, "crashes_at_entry.so: listing its descriptors\n"));
    check("norm/crashes", "", 1,
          "FAIL  it crashed: ended by signal 11 (Segmentation fault); "
          "norm/crashes: recording\n");
    check("norm/aborts", "", 1, "signal 6 (Aborted); norm/aborts: recording\n");
    check("norm/recurses", "", 1, "signal 11 (Segmentation fault); norm/recurses: recording\n");
    check("norm/exits", "", 1, "FAIL  it ended the process; norm/exits: recording\n");
    check("norm/hangs", "--timeout 1", 1, "FAIL  it hung: no end after 1 s; norm/hangs: recording");
    check("norm/hangs_at_entry", "--timeout 1", 1, "hangs_at_entry.so: listing its descriptors\n");
    check("datasets/crashes", "", 1, "datasets/crashes: reading an item\n");
}
END_TEST

START_TEST(refused) {
    check("norm/too_new", "", 1,
          "FAIL  it is refused: built for plugin interface 1.99, which is newer");
    check("norm/too_old", "", 1, "FAIL  it is refused: built for plugin interface 0.");
    check("norm/not_there", "", 1, "there is no such file");
    write_bytes("text.so", "text", 4);
    expect("plugins check text.so", 1, "FAIL  it is refused: cannot be loaded");
    expect("plugins check", 2, "error: no plugin is given; name its file");
}
END_TEST

START_TEST(symbols) {
    check("norm/exports", "", 1,
          "FAIL  it exports 1 symbols beside 'inadekit_plugin': "
          "'surplus_symbol'; compile it with -fvisibility=hidden");
    check("norm/uses_core", "", 1,
          "FAIL  it uses 1 symbols of the core, which may change any day: "
          "'ik__version_text'");
}
END_TEST

START_TEST(options) {
    check(
        "norm/bad_default", "", 1,
        "FAIL  option 'a': its default '99' is refused: option 'a' of bad_default must be 1 to 9");
    check("norm/same_name", "", 1, "FAIL  option 'a': there are two of this name\n");
    check("norm/overlaps", "", 1, "FAIL  options 'a' and 'b' fill the same bytes\n");
    check("norm/no_help", "", 1, "FAIL  option 'a': it has no help");
    check("norm/taken", "", 1, "FAIL  option 'plugin': the core reads this key itself");
    check("norm/bad_name", "", 1, "FAIL  option 'Size Of': a name is lower-case letters");
    check("norm/required", "", 1,
          "FAIL  option 'a' is required (one number): nothing more can be "
          "checked without --set a=VALUE\n");
    check("norm/required", "--set a=2", 0, "ok    at 64x64: recorded");
    check("norm/required", "--set a=99", 1, "must be 1 to 9, not '99'");
    check("norm/required", "--set a=2 --set zebra=1", 1, "unknown option 'zebra'");
}
END_TEST

START_TEST(computing) {
    check("norm/not_finite", "", 1, "FAIL  at 32x32: the generator's step is not finite: ");
    ck_assert_ptr_nonnull(strstr(said, "was the first to make nan"));
    check("norm/wrong_shape", "", 1, "norm/wrong_shape changed the shape");
    check("norm/wrong_gradient", "", 1, "FAIL  at 32x32: the generator's gradient of ");
    ck_assert_ptr_nonnull(strstr(said, ", finite differences say "));
    check("norm/wrong_bias_gradient", "", 1, "FAIL  at 32x32: the generator's gradient of ");
    ck_assert_ptr_nonnull(strstr(said, "generator.subject.norm_0.bias is "));
    check("norm/no_gradient", "", 1, "FAIL  at 32x32: no gradient reaches generator.");
    ck_assert_ptr_nonnull(strstr(said, "; the op 'twice' has none; say ik_stop_gradient"));
    check("norm/leaves_dx_empty", "", 1, "; an op on its way passes none on; say");
    check("norm/stops_by_an_op", "", 1, "FAIL  at 32x32: no gradient reaches generator.");
    check("norm/at_a_kink", "", 0, "ok    at 32x32: generator's gradients of ");
    ck_assert_ptr_null(strstr(said, "left out"));
    check("norm/rough", "", 0, " directions were left out, as kinks or rounding bend the loss");
    check("norm/depends_on_process", "", 1,
          "FAIL  at 32x32: in a second process losses or gradients are others");
    check("norm/depends_on_chance", "", 1, ", and computed again ");
}
END_TEST

START_TEST(datasets) {
    check("datasets/by_chance", "", 1, "FAIL  training: an item read twice differs");
    check("datasets/not_by_threads", "", 1, "FAIL  training: 4 threads at once read other data");
    check("datasets/out_of_range", "", 1,
          "FAIL  training: item0: label 4 at pixel (36, 1); this dataset has 0..3\n");
    check("datasets/one_is_bad", "", 1, "FAIL  training: item7: label 4 at pixel (36, 1);");
    check("datasets/describes_otherwise", "", 1, "FAIL  describe says 5 labels, open 4\n");
}
END_TEST

START_TEST(metrics) {
    check("metrics/none", "", 0, "ok    of 3 layouts with 3 samples each: sum ");
    ck_assert_ptr_nonnull(strstr(said, "ok    given up and begun again, it gives the same\n"));
    ck_assert_ptr_nonnull(
        strstr(said, "ok    without pictures to compare with, it gives 1 result"));
    check("metrics/forgets_nothing", "", 1,
          "FAIL  begun again on the same samples, it gives other");
    check("metrics/not_finite", "", 1, "FAIL  its result 'sum' is not finite\n");
    check("metrics/same_name", "", 1, "FAIL  two results are called 'sum'\n");
    check("metrics/no_results", "", 1, "FAIL  of 3 layouts with 3 samples each: no results\n");
    check("metrics/crashes", "", 1, "; metrics/crashes: looking at a sample\n");
    check("metrics/reads_behind", "", 1, "; metrics/reads_behind: looking at a sample\n");
    check("metrics/gives_up_badly", "", 1, "; metrics/gives_up_badly: giving up a measurement\n");
    expect("plugins check " BUILD_DIR "/lib/inadekit/metrics/pixels.so", 0, "l1 0.3");
    expect("plugins check " BUILD_DIR "/lib/inadekit/metrics/features.so", 0,
           "note  the features it records were made up");
}
END_TEST

/* Kernels of a plugin's own between guard pages; and what is left on the heap. */
START_TEST(memory) {
    static const char *const crossing[] = {"writes_behind", "writes_its_input"};
    for (int i = 0; i < 2; i++) {
        char plugin[64], text[128];
        snprintf(plugin, sizeof plugin, "norm/%s", crossing[i]);
        snprintf(text, sizeof text, "%s: running the op 'twice' between guard pages\n", plugin);
        check(plugin, "", 1, text);
    }
    check("norm/in_float", "", 0, "ok    at 32x32: ops of its own stay within their buffers");
    ck_assert_ptr_nonnull(strstr(said, "ok    at 32x32: generator's gradients of "));
#ifndef __SANITIZE_ADDRESS__ /* which has a heap of its own */
    check("norm/leaks", "", 1, "FAIL  the op 'twice': after 100 times ");
    check("datasets/leaks", "", 1, "FAIL  training: after 100 times ");
    check("metrics/leaks", "", 1, "FAIL  measuring: after 100 times ");
#endif
}
END_TEST

START_TEST(judging_apart) {
    check("discriminators/none", "", 0,
          "ok    at 32x32: it judges pictures apart as it does together");
    check("discriminators/by_the_batch", "", 1, "FAIL  at 32x32: the generator's loss is ");
    ck_assert_ptr_nonnull(strstr(said, ", so `samplewise` is not true\n"));
}
END_TEST

/* What the small networks of the check do not have, a pipeline has: another latent, a network that
 * knows pictures. */
static const char theirs[] =
    "name: theirs\n"
    "dataset: {plugin: shapes, size: [32, 32], count: 6, validation: 2, max_instances: 8}\n"
    "norm: {plugin: instance}\n"
    "networks:\n"
    "  generator:\n"
    "    inputs: {style: [16]}\n"
    "    nodes:\n"
    "      - {id: fc, op: linear, in: style, out: [4, 4, 4]}\n"
    "      - {op: norm}\n"
    "      - {op: upsample, factor: 8}\n"
    "      - {id: rgb, op: conv2d, out: 3, kernel: 3}\n"
    "      - {op: tanh}\n"
    "  eye:\n"
    "    frozen: true\n"
    "    weights: random\n"
    "    nodes:\n"
    "      - {id: a, op: conv2d, in: image, out: 4, kernel: 3, stride: 2}\n"
    "      - {id: b, op: conv2d, out: 4, kernel: 3, stride: 2}\n"
    "    outputs: [a, b]\n"
    "  discriminator: {plugin: multiscale_patch, scales: 1, layers: 3, channels: 4}\n"
    "losses: [{plugin: hinge}, {plugin: perceptual, network: eye, layers: [1, 1]}]\n"
    "evaluate: [{plugin: features, network: eye}, has_its_own_weights]\n"
    "train: {steps: 2}\n";

START_TEST(in_a_pipeline) {
    write_bytes("theirs.yaml", theirs, sizeof theirs - 1);
    setenv("INADEKIT_PLUGIN_PATH", HOSTILE, 1);
#define THEIRS " --pipeline theirs.yaml"
    expect("plugins check " BUILD_DIR "/lib/inadekit/losses/perceptual.so" THEIRS, 0,
           "ok    in your pipeline: generator's gradients of ");
    check("norm/no_gradient", "--set norm.plugin=no_gradient" THEIRS, 1,
          "FAIL  in your pipeline: no gradient reaches generator.fc.");
    check("norm/none", THEIRS, 1, "FAIL  in your pipeline: nothing there records it\n");
    check("norm/none", "--pipeline no.yaml", 1, "FAIL  cannot open 'no.yaml'");
    expect("plugins check " BUILD_DIR "/lib/inadekit/metrics/features.so" THEIRS, 0,
           "note  its features come of the network 'eye', whose weights are random here\n");
    ck_assert_ptr_nonnull(strstr(said, "ok    of 2 layouts with 1 samples each: distance "));
    check("metrics/has_its_own_weights", THEIRS, 1,
          "FAIL  its features come of a parameter of its own, "
          "has_its_own_weights.conv.weight, which nothing fills");
    check("datasets/none", THEIRS, 1, "theirs.yaml: its `dataset:` is another\n");
    expect("plugins check " BUILD_DIR "/lib/inadekit/datasets/shapes.so" THEIRS, 0,
           "ok    training: 6 of 6 items read");
    unsetenv("INADEKIT_PLUGIN_PATH");
}
END_TEST

/* A run does suffer it, but says whose fault it is. The shell turns a signal into a status. */
START_TEST(in_a_run) {
    static const char text[] = "dataset: {plugin: shapes, size: [32, 32]}\n"
                               "norm: {plugin: crashes}\n"
                               "networks:\n"
                               "  generator:\n"
                               "    inputs: {z: [16]}\n"
                               "    nodes:\n"
                               "      - {op: linear, in: z, out: [32, 32, 3]}\n"
                               "      - {op: norm}\n";
    write_bytes("p.yaml", text, sizeof text - 1);
    char command[600];
    snprintf(command, sizeof command,
             "cd %s && sh -c '%s/bin/inadekit run p.yaml --plugin-path %s --set stages=[synthesize]"
             "; exit $?' >out.txt 2>&1",
             folder, BUILD_DIR, HOSTILE);
    int status = system(command);
    ck_assert(WIFEXITED(status) && WEXITSTATUS(status) != 0);
    snprintf(command, sizeof command,
             "cd %s && grep -q 'error: norm/crashes crashed while recording: segmentation fault; "
             "`inadekit plugins check FILE` tells more' out.txt",
             folder);
    ck_assert_int_eq(system(command), 0);
}
END_TEST

int main(void) {
    setenv("OMP_WAIT_POLICY", "passive", 1);
    return RUN_SUITE("check", set_up, tear_down, {sound}, {built_in}, {crashes_and_hangs},
                     {refused}, {symbols}, {options}, {computing}, {datasets}, {metrics}, {memory},
                     {judging_apart}, {in_a_pipeline}, {in_a_run});
}
