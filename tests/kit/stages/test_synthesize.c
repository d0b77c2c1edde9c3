/* inadekit synthesize: pictures from one label map. A run's samples are what it is held against:
 * the same layout, weights and seed give the same pixels. */
#include "support/runs.h"

#include <png.h>

#include "data/data.h"
#include "pictures/image.h"
#include "plugin/plugins.h"

#define TRAINED                                                                                    \
    "--set train.steps=24 --set train.lr.generator=0.02 --set train.picture_every=0 "              \
    "--set train.ema=0.5 "
#define ENCODER "--set networks.encoder.plugin=instance_unet --set networks.encoder.channels=4 "

enum { SIDE = 32, PIXELS = SIDE * SIDE };

static void write_map(const char *name, int side, const int32_t *map) {
    char path[160];
    uint8_t bytes[4 * PIXELS];
    ck_assert_int_le(side * side, 4 * PIXELS);
    for (int i = 0; i < side * side; i++) bytes[i] = (uint8_t)map[i];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    png_image p = {.version = PNG_IMAGE_VERSION,
                   .width = (png_uint_32)side,
                   .height = (png_uint_32)side,
                   .format = PNG_FORMAT_GRAY};
    ck_assert(png_image_write_to_file(&p, path, 0, bytes, 0, NULL));
}

static int32_t layout_label[PIXELS], layout_instance[PIXELS];

/* The first validation layout of tiny.yaml as label.png and inst.png, whose values are three times
 * the numbers of the instances. */
static void write_layout(void) {
    static const char text[] = "{plugin: shapes, size: [32, 32], count: 6, validation: 2, "
                               "max_instances: 8}";
    ik__conf *conf;
    ik__data *data;
    ik__batch *b;
    ik_error err = {""};
    int32_t tripled[PIXELS];
    setenv("INADEKIT_PLUGIN_PATH", BUILD_DIR "/lib/inadekit", 1);
    ck_assert_int_eq(ik__conf_parse("text", text, sizeof text - 1, &conf, &err), 0);
    ck_assert_msg(!ik__data_open(conf, 3, &data, &err), "%s", err.text);
    ck_assert_int_eq(ik__batch_new(&ik__data_info_of(data)->fields, 1, &b, &err), 0);
    ck_assert_int_eq(ik__data_read(data, IK_VALIDATION, 0, NULL, b, 0, &err), 0);
    memcpy(layout_label, b->label, sizeof layout_label);
    memcpy(layout_instance, b->instance, sizeof layout_instance);
    for (int i = 0; i < PIXELS; i++) tripled[i] = 3 * b->instance[i];
    write_map("label.png", SIDE, layout_label);
    write_map("inst.png", SIDE, tripled);
    ik__batch_free(b);
    ik__data_close(data);
    ik__conf_free(conf);
}

/* One that the layout does not hold. */
static int absent_label(void) {
    for (int label = 0;; label++) {
        bool found = false;
        for (int i = 0; i < PIXELS; i++) found |= layout_label[i] == label;
        if (!found) return label;
    }
}

static void set_up_layout(void) {
    set_up_runs();
    write_layout();
}

/* Pixels of a picture, in one of two places. */
static const uint8_t *pixels_of(const char *name, int place) {
    static uint8_t kept[2][3 * PIXELS];
    char path[300];
    int h, w;
    uint8_t *rgb;
    ik_error err = {""};
    snprintf(path, sizeof path, "%s/%s", folder, name);
    ck_assert_msg(!ik__images.read_rgb(path, &h, &w, &rgb, &err), "%s", err.text);
    ck_assert_int_eq(h, SIDE);
    ck_assert_int_eq(w, SIDE);
    memcpy(kept[place], rgb, sizeof kept[place]);
    free(rgb);
    return kept[place];
}

static bool same_pixels(const char *a, const char *b) {
    return !memcmp(pixels_of(a, 0), pixels_of(b, 1), 3 * PIXELS);
}

START_TEST(as_in_a_run) {
    run("a", "tiny.yaml", TRAINED "--set synthesize.vary.labels=[sky]");
    expect("synthesize a -l label.png -i inst.png -n 2 -o s", 0, "2 pictures in s");
    ck_assert(same_pixels("a/images/samples/validation_000000-0.png", "s/label-0.png"));
    ck_assert(same_pixels("a/images/samples/validation_000000-1.png", "s/label-1.png"));
    expect("synthesize a -l label.png -i inst.png -n 2 -o v --vary-label sky", 0, ", averaged, ");
    ck_assert(same_pixels("a/images/varied/validation_000000-1.png", "v/label-1.png"));
    ck_assert(!same_pixels("v/label-0.png", "v/label-1.png"));
    expect("synthesize a -l label.png -i inst.png -n 2 -o w --vary-label 0 -q", 0, "");
    ck_assert_str_eq(said, "");
    ck_assert(same_pixels("v/label-1.png", "w/label-1.png"));
}
END_TEST

/* Every picture of a run says the command that paints it again: layouts beyond the first, samples,
 * what varies, also where a layout does not have it; with a checkpoint, and with none. */
static void repeat(const char *run, const char *grid, int layout, int sample) {
    char command[400], path[120], again[120];
    snprintf(path, sizeof path, "%s/images/%s/validation_%06d-%d.png", run, grid, layout, sample);
    ck_assert_int_eq(shell("grep -aoE 'inadekit synthesize .* --out pictures' %s >command; "
                           "rm -rf pictures",
                           path),
                     0);
    snprintf(again, sizeof again, "%s/command", folder);
    FILE *f = fopen(again, "r");
    ck_assert_ptr_nonnull(f);
    ck_assert_ptr_nonnull(fgets(command, sizeof command, f));
    fclose(f);
    command[strcspn(command, "\n")] = 0;
    ck_assert_int_eq(shell("ln -sfn %s RUN", run), 0);
    expect(command + strlen("inadekit "), 0, "pictures");
    bool varies = strcmp(grid, "varied") != 0 || strstr(command, "--vary");
    snprintf(again, sizeof again, "pictures/validation_%06d-%d.png", layout, varies ? sample : 0);
    ck_assert_msg(same_pixels(path, again), "%s does not repeat %s", command, path);
}

START_TEST(what_repeats_a_picture) {
    run("a", "tiny.yaml",
        TRAINED "--set dataset.validation=3 --set synthesize.items=3 --set synthesize.samples=3 "
                "--set synthesize.vary='{labels: [sky], instances: [6]}' --set synthesize.batch=2");
    for (int layout = 0; layout < 3; layout++)
        for (int sample = 0; sample < 3; sample++) {
            repeat("a", "samples", layout, sample);
            repeat("a", "varied", layout, sample);
        }
    run("b", "tiny.yaml", "--set stages=[synthesize] --set seed=9");
    repeat("b", "samples", 1, 1);
    run("d", "tiny.yaml",
        "--set stages=[synthesize] --set synthesize.vary.instances=[7] --set dataset.validation=3 "
        "--set synthesize.items=3");
    repeat("d", "varied", 0, 1); /* which has no such instance */
    expect(
        "synthesize a --layout 3 -o s", 2,
        "error: --layout 3: the pipeline's dataset has 3 layouts to validate on, numbered from 0");
    expect("synthesize a --layout 0 -i inst.png -o s", 2, "error: --instance goes with --label");
    expect("synthesize --pipeline tiny.yaml --layout 0 -n 1 -o r", 0,
           "note: generator: random, nothing has trained them; ");
    /* Of a map in a file the random values of a layout. */
    expect("synthesize a -l label.png -i inst.png -o s -n 1", 0, NULL);
    expect("synthesize a -l label.png -i inst.png -o t -n 1 --layout 0", 0, NULL);
    expect("synthesize a -l label.png -i inst.png -o u -n 1 --layout 1", 0, NULL);
    ck_assert(same_pixels("s/label-0.png", "t/label-0.png"));
    ck_assert(!same_pixels("s/label-0.png", "u/label-0.png"));
}
END_TEST

START_TEST(seeds) {
    run("a", "tiny.yaml", TRAINED "--set stages=[train]");
    expect("synthesize a/checkpoints/step-00000024 -l label.png -n 3 -o b --seed 5", 0, NULL);
    expect("synthesize a -l label.png -n 3 -o c --seed 5 --threads 1 --device cpu", 0, NULL);
    ck_assert(same("b", "c"));
    ck_assert_int_eq(shell("grep -aq 'inadekit.seed.5' b/label-2.png"), 0);
    ck_assert_int_eq(shell("grep -aq 'inadekit.sample.2' b/label-2.png"), 0);
    expect("synthesize a -l label.png -n 3 -o d --seed 6", 0, NULL);
    ck_assert(!same_pixels("b/label-0.png", "d/label-0.png"));
    ck_assert(!same_pixels("b/label-0.png", "b/label-1.png"));
}
END_TEST

/* How much two pictures differ, on average, inside of an instance and elsewhere. */
static void differences(const char *a, const char *b, int instance, double *in, double *out) {
    const uint8_t *x = pixels_of(a, 0), *y = pixels_of(b, 1);
    double sum[2] = {0, 0}, n[2] = {0, 0};
    for (int i = 0; i < 3 * PIXELS; i++) {
        int inside = layout_instance[i / 3] == instance;
        sum[inside] += abs(x[i] - y[i]);
        n[inside]++;
    }
    *in = sum[1] / n[1];
    *out = sum[0] / n[0];
}

/* Instances are named by the values of their file: 3 is number 1. */
START_TEST(one_instance_varies) {
    double in[3], out[3];
    run("a", "tiny.yaml", TRAINED "--set stages=[train] --set seed=5");
    expect("synthesize a -l label.png -i inst.png -n 4 -o v --vary-instance 3", 0, NULL);
    differences("v/label-0.png", "v/label-1.png", 1, &in[0], &out[0]);
    differences("v/label-0.png", "v/label-2.png", 1, &in[1], &out[1]);
    differences("v/label-0.png", "v/label-3.png", 1, &in[2], &out[2]);
    /* A handful of steps from chaos: seeds give 4 to 40. */
    ck_assert_msg(in[0] + in[1] + in[2] > 4 * (out[0] + out[1] + out[2]),
                  "inside %g %g %g, elsewhere %g %g %g", in[0], in[1], in[2], out[0], out[1],
                  out[2]);
    ck_assert_int_eq(shell("grep -aq 'inadekit.vary.instance 3' v/label-1.png"), 0);
}
END_TEST

START_TEST(styles) {
    run("a", "tiny.yaml", TRAINED ENCODER "--set stages=[train]");
    expect("synthesize a -l label.png -n 1 -o plain", 0, NULL);
    ck_assert_int_eq(shell("cp plain/label-0.png ref.png"), 0);
    expect("synthesize a -l label.png -n 1 -o styled --style ref.png,label.png", 0,
           "instances have their label there");
    ck_assert(!same_pixels("plain/label-0.png", "styled/label-0.png"));
    expect("synthesize a -l label.png -n 1 -o other --style label.png,label.png", 0, NULL);
    ck_assert(!same_pixels("other/label-0.png", "styled/label-0.png"));
    /* A latent of the whole picture is lent as a whole. At this rate it moves every pixel by some
     * 256ths. */
    run("z", "tiny.yaml",
        "--set train.steps=24 --set train.lr.generator=0.005 --set train.picture_every=0 "
        "--set norm.plugin=spade --set networks.encoder.plugin=conv "
        "--set networks.encoder.channels=4 --set stages=[train]");
    expect("synthesize z -l label.png -n 1 -o z1 --style ref.png,label.png", 0, NULL);
    expect("synthesize z -l label.png -n 1 -o z2 --style label.png,label.png", 0, NULL);
    ck_assert(!same_pixels("z1/label-0.png", "z2/label-0.png"));
    /* Nothing is lent by classes that are not there. */
    int32_t others[PIXELS];
    for (int i = 0; i < PIXELS; i++) others[i] = absent_label();
    write_map("others.png", SIDE, others);
    expect("synthesize a -l label.png -n 1 -o none --style ref.png,others.png", 0, ": 0 of ");
    ck_assert(same_pixels("plain/label-0.png", "none/label-0.png"));
}
END_TEST

/* The photographs may be gone: a checkpoint is enough. Files hold 255 for what is unknown. */
START_TEST(without_the_dataset) {
    int32_t map[4 * PIXELS];
    ck_assert_int_eq(shell("mkdir -p data/train_img data/train_label"), 0);
    for (int i = 0; i < PIXELS; i++) map[i] = i < 100 ? 255 : layout_label[i];
    write_map("data/train_label/a.png", SIDE, map);
    write_map("data/train_img/a.png", SIDE, map);
    ck_assert_int_eq(shell("cp data/train_label/a.png unknown.png"), 0);
    run("a", "tiny.yaml",
        "--set dataset.plugin=folder --set dataset.root=data --set dataset.labels=6 "
        "--set dataset.val_label=train_label --set dataset.val_img=train_img --set train.batch=1 "
        "--set stages=[train]");
    ck_assert_int_eq(shell("rm -r data && mv a/checkpoints/step-00000006 c && rm -r a"), 0);
    expect("synthesize c -l unknown.png -n 1 -o s", 0, "1 pictures in s");
    expect("synthesize c/weights.safetensors -l unknown.png -n 1 -o s", 0, "1 pictures in s");
    ck_assert_int_eq(shell("mkdir -p r/checkpoints && cp -r c r/checkpoints/step-00000006"), 0);
    expect("export r -o w.pth", 0, "r: its newest checkpoint is taken, step 6\n");
    expect("import absent.pth -o x.safetensors", 1,
           "absent.pth: cannot be opened: No such file or directory; it is looked for in /");
    for (int i = 0; i < 4 * PIXELS; i++) map[i] = i % 7 == 0 && i > 200 ? 9 : 1;
    write_map("large.png", 2 * SIDE, map);
    expect("synthesize c -l large.png -n 1 -o s", 1,
           "large.png: label 9 at pixel (11, 3); this dataset has 0..5 and 255");
    for (int i = 0; i < 4 * PIXELS; i++) map[i] = 1;
    write_map("large.png", 2 * SIDE, map);
    expect("synthesize c -l large.png -n 1 -o s", 0,
           "large.png: 64x64, resized to 32x32 (nearest), as in training\n");
}
END_TEST

START_TEST(pipeline_and_weights) {
    run("a", "tiny.yaml", TRAINED "--set train.ema=0 --set stages=[train]");
    expect("synthesize a -l label.png -n 1 -o b", 0, NULL);
    ck_assert_int_eq(shell("mv a/checkpoints/step-00000024/weights.safetensors w.safetensors"), 0);
    expect("synthesize --pipeline tiny.yaml --weights w.safetensors -l label.png -n 1 -o c", 0,
           NULL);
    ck_assert(same_pixels("b/label-0.png", "c/label-0.png"));
    expect("synthesize --pipeline tiny.yaml --set weights=w.safetensors -l label.png -n 1 -o d", 0,
           NULL);
    ck_assert(same_pixels("b/label-0.png", "d/label-0.png"));
}
END_TEST

START_TEST(mistakes) {
    static const struct {
        const char *arguments;
        int status;
        const char *text;
    } rows[] = {
        {"-o s", 2, "error: option '--label' is required: the label map; or --layout, the number"},
        {"", 2, "error: option '--out' is required"},
        {"a -l label.png", 2, "error: option '--out' is required"},
        {"-l label.png -o s", 2, "error: name a checkpoint's folder"},
        {"a -l label.png -o s --pipeline tiny.yaml", 2, "give either it or --pipeline"},
        {"a -l label.png -o s --weights w", 2, "--weights goes with --pipeline"},
        {"tiny.yaml -l label.png -o s", 2,
         "error: tiny.yaml is a file, and the folder of a run or a checkpoint is wanted; "},
        {"none -l label.png -o s", 2, "error: none is no checkpoint: it has no weights.safetens"},
        {"a -l none.png -o s", 1, "none.png"},
        {"a -l tiny.yaml -o s", 1, "tiny.yaml"},
        {"a -l label.png -i half.png -o s", 1,
         "half.png: the instance map is 16x16, its label map"},
        {"a -l label.png -o s --vary-instance 1", 2, "--vary-instance needs --instance"},
        {"a -l label.png -i inst.png -o s --vary-instance 1", 2,
         "instance 1 is not in inst.png, which holds 0, 3"},
        {"a -l label.png -o s --vary-label skies", 2,
         "there is no label 'skies'; labels are 0 to 5, or their names"},
        {"a -l label.png -o s --vary-label 6", 2, "there is no label '6'"},
        {"a -l label.png -o s --style x.png", 2, "PICTURE,LABEL or PICTURE,LABEL,INSTANCE is wan"},
        {"a -l label.png -o s --style x.png,label.png", 1, "x.png"},
        {"a -l label.png -o s --style label.png,label.png", 2, "there is nothing to encode with"},
        {"a -l label.png -o s --device zebra", 2, "there is no plugin backends/zebra"},
        {"a -l label.png -o s -n 0", 2, "must be a whole number from 1 to 10000"},
        {"a -l label.png -o label.png/s", 1, "cannot make the folder"},
        {"--pipeline tiny.yaml --weights a/checkpoints/step-00000006/optimizer.safetensors "
         "-l label.png -o s",
         1, "does not fit this pipeline"},
        {"--pipeline spade.yaml -l label.png -o s --vary-label sky", 2,
         "no part of it can be varied alone"},
    };
    int32_t half[SIDE / 2 * SIDE / 2] = {0};
    write_map("half.png", SIDE / 2, half);
    run("a", "tiny.yaml", "--set stages=[train]");
    ck_assert_int_eq(shell("sed 's/inade, noise_channels: 8/spade/' tiny.yaml > spade.yaml"), 0);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char arguments[300];
        snprintf(arguments, sizeof arguments, "synthesize %s", rows[i].arguments);
        expect(arguments, rows[i].status, rows[i].text);
    }
    char arguments[100];
    snprintf(arguments, sizeof arguments, "synthesize a -l label.png -o s --vary-label %d",
             absent_label());
    expect(arguments, 2, " is not in label.png, which holds 0, 1");
}
END_TEST

int main(void) {
    return RUN_SUITE("synthesize", set_up_layout, tear_down, {as_in_a_run},
                     {what_repeats_a_picture}, {seeds}, {one_instance_varies}, {styles},
                     {without_the_dataset}, {pipeline_and_weights}, {mistakes});
}
