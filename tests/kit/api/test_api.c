/* The public C interface: it paints what the program paints, to the byte, varies what it is told to
 * vary, and says what is wrong with what it is given. */
#include "inadekit/inadekit.h"
#include "pictures/image.h"
#include "support/runs.h"
#include "support/suite.h"

#include <png.h>

enum { SIDE = 32, PIXELS = SIDE * SIDE, BYTES = 3 * PIXELS };

static int32_t label[PIXELS], instance[PIXELS];
static char heard[8192], trained[128];
static ik_error err;

static void note(void *user, ik_tone tone, const char *text) {
    (void)user, (void)tone;
    strncat(heard, text, sizeof heard - strlen(heard) - 2);
    strcat(heard, "\n");
}
static const ik_watch watch = {.size = sizeof watch, .note = note};
static const ik_layout layout = {
    .size = sizeof layout, .height = SIDE, .width = SIDE, .label = label, .instance = instance};

static void write_map(const char *name, const int32_t *map) {
    char path[160];
    uint8_t bytes[PIXELS];
    for (int i = 0; i < PIXELS; i++) bytes[i] = (uint8_t)map[i];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    png_image p = {
        .version = PNG_IMAGE_VERSION, .width = SIDE, .height = SIDE, .format = PNG_FORMAT_GRAY};
    ck_assert(png_image_write_to_file(&p, path, 0, bytes, 0, NULL));
}

/* A run with an encoder in `a`, and the layout: sky above ground, a house of two instances. */
static void set_up_api(void) {
    set_up_runs();
    ck_assert_int_eq(
        shell("sed -i 's/^  discriminator/  encoder: {plugin: instance_unet, channels: 4}\\n"
              "  discriminator/;s/^losses: \\[/losses: [{plugin: kl, weight: 0.05}, /' tiny.yaml"),
        0);
    run("a", "tiny.yaml",
        "--set stages=[train] --set train.steps=12 --set train.lr.generator=0.02 "
        "--set train.picture_every=0");
    snprintf(trained, sizeof trained, "%s/a", folder);
    for (int i = 0; i < PIXELS; i++) {
        int x = i % SIDE, y = i / SIDE;
        bool house = y > 10 && y < 24 && x > 4 && x < 28;
        label[i] = house ? 2 : y < 16 ? 0 : 1;
        instance[i] = house ? 7 + (x > 15) : label[i];
    }
    *heard = 0;
}

static ik_painter *opened(void) {
    const ik_source source = {.size = sizeof source,
                              .checkpoint = trained,
                              .batch = 2,
                              .plugins = BUILD_DIR "/lib/inadekit",
                              .watch = &watch};
    ik_painter *p;
    ck_assert_msg(!ik_painter_open(&source, &p, &err), "%s", err.text);
    return p;
}

static void paint(ik_painter *p, const ik_choice *choice, uint8_t *rgb) {
    ck_assert_msg(!ik_paint(p, &layout, choice, rgb, &err), "%s", err.text);
}

/* Sample n of what the program painted into `out`. */
static uint8_t *painted(const char *out, int n) {
    char path[160];
    int h, w;
    uint8_t *rgb;
    snprintf(path, sizeof path, "%s/%s/label-%d.png", folder, out, n);
    ck_assert_msg(!ik__images.read_rgb(path, &h, &w, &rgb, &err), "%s", err.text);
    ck_assert_int_eq(h * w, PIXELS);
    return rgb;
}

START_TEST(describes) {
    ik_painter *p = opened();
    ik_painter_info info = {.size = sizeof info};
    ik_painter_describe(p, &info);
    ck_assert_int_eq(info.height, SIDE);
    ck_assert_int_eq(info.width, SIDE);
    ck_assert_int_eq(info.labels, 6);
    ck_assert_int_eq(info.max_instances, 8);
    ck_assert_str_eq(info.label_names[2], "house");
    ck_assert_str_eq(info.device, "cpu");
    ck_assert(info.styles);
    ck_assert_ptr_nonnull(strstr(heard, "weights of "));
    /* A caller of an earlier version knows less of it. */
    ik_painter_info less = {.size = offsetof(ik_painter_info, labels), .labels = -5};
    ik_painter_describe(p, &less);
    ck_assert_int_eq(less.width, SIDE);
    ck_assert_int_eq(less.labels, -5);
    ck_assert_int_ge(ik_api_version(), IK_API_VERSION);
    ck_assert_ptr_nonnull(strstr(ik_version(), "inadekit "));
    ik_painter_close(p);
    ik_painter_close(NULL);
}
END_TEST

/* The same checkpoint, maps and seed, by the program and in memory. */
START_TEST(paints_what_the_program_paints) {
    static uint8_t rgb[3 * BYTES], again[3 * BYTES];
    write_map("label.png", label);
    write_map("inst.png", instance);
    expect("synthesize a -l label.png -i inst.png -n 3 -o all --seed 5", 0, NULL);
    expect("synthesize a -l label.png -i inst.png -n 3 -o one --seed 5 --vary-instance 8", 0, NULL);
    expect("synthesize a -l label.png -i inst.png -n 1 -o styled --style all/label-1.png,label.png",
           0, NULL);
    static const int64_t right[] = {8};
    const ik_choice all = {.size = sizeof all, .seed = 5, .samples = 3};
    ik_choice one = all;
    one.n_vary_instances = 1, one.vary_instances = right;
    ik_painter *p = opened();
    const ik_choice *choices[] = {&all, &one};
    for (int c = 0; c < 2; c++) {
        paint(p, choices[c], rgb);
        for (int i = 0; i < 3; i++) {
            uint8_t *want = painted(c ? "one" : "all", i);
            ck_assert_msg(!memcmp(want, rgb + i * BYTES, BYTES), "choice %d, sample %d", c, i);
            free(want);
        }
    }
    paint(p, &one, again); /* nothing of a call stays for the next */
    ck_assert_mem_eq(rgb, again, 3 * BYTES);
    uint8_t *picture = painted("all", 1), *want = painted("styled", 0);
    ik_layout reference = layout;
    reference.instance = NULL;
    reference.rgb = picture;
    const ik_choice styled = {.size = sizeof styled, .seed = -1, .reference = &reference};
    paint(p, &styled, rgb);
    ck_assert_mem_eq(rgb, want, BYTES);
    paint(p, NULL, rgb);
    ck_assert_mem_ne(rgb, want, BYTES);
    free(picture);
    free(want);
    ik_painter_close(p);
}
END_TEST

static void refuses(ik_painter *p, const ik_layout *l, const ik_choice *c, const char *text) {
    static uint8_t rgb[BYTES];
    ck_assert_int_ne(ik_paint(p, l, c, rgb, &err), IK_OK);
    ck_assert_msg(strstr(err.text, text), "'%s' is not in: %s", text, err.text);
    ck_assert_int_ne(ik_paint(p, l, c, rgb, NULL), IK_OK);
}

START_TEST(says_what_is_wrong) {
    ik_painter *p = opened();
    static const char *const no_label[] = {"castle"}, *const absent[] = {"tree"};
    static const int64_t absent_instance[] = {40};
    ik_layout without = layout, wrong = layout, unsized = layout;
    without.label = NULL;
    unsized.size = 0;
    int32_t *high = malloc(sizeof label);
    memcpy(high, label, sizeof label);
    high[33] = 6;
    wrong.label = high;
    wrong.name = "the map of the street";
    refuses(p, &without, NULL, "the layout: has no label map [height,width]");
    refuses(p, &unsized, NULL, "the layout: its `size` is not filled in");
    refuses(p, NULL, NULL, "the layout: is missing");
    refuses(p, &wrong, NULL,
            "the map of the street: label 6 at pixel (1, 1); this dataset has 0..5");
    const ik_choice castle = {.size = sizeof castle, .n_vary_labels = 1, .vary_labels = no_label},
                    tree = {.size = sizeof tree, .n_vary_labels = 1, .vary_labels = absent},
                    forty = {.size = sizeof forty,
                             .n_vary_instances = 1,
                             .vary_instances = absent_instance};
    refuses(p, &layout, &castle, "there is no label 'castle'; labels are 0 to 5, or their names");
    refuses(p, &layout, &tree, "label 3 is not in the layout, which holds 0, 1, 2");
    refuses(p, &layout, &forty, "instance 40 is not in the layout, which holds 0, 1, 7, 8");
    ik_layout alone = layout;
    alone.instance = NULL;
    refuses(p, &alone, &forty, "the layout: vary_instances wants an instance map");
    free(high);
    ik_painter_close(p);

    ik_source source = {.size = sizeof source, .plugins = BUILD_DIR "/lib/inadekit"};
    ck_assert_int_eq(ik_painter_open(&source, &p, &err), IK_USAGE);
    ck_assert_str_eq(err.text, "ik_painter_open: name either a checkpoint or a pipeline");
    ck_assert_ptr_null(p);
    source.checkpoint = "nowhere";
    ck_assert_int_eq(ik_painter_open(&source, &p, &err), IK_USAGE);
    ck_assert_ptr_nonnull(strstr(err.text, "nowhere is no checkpoint"));
    source.size = 0;
    ck_assert_int_eq(ik_painter_open(&source, &p, &err), IK_USAGE);
    ck_assert_ptr_nonnull(strstr(err.text, "its `size` is not filled in"));
    ck_assert_int_eq(ik_painter_open(NULL, &p, NULL), IK_USAGE);
}
END_TEST

/* Generator and encoder from files apart paint what the checkpoint does, in a style, too. */
START_TEST(weights_apart) {
    static uint8_t whole[BYTES], apart[BYTES], photo[BYTES];
    static const char *const names[] = {"generator", "encoder"};
    char files[2][128], pipeline[128], arguments[300];
    for (int i = 0; i < 2; i++) {
        char map[100];
        int n = snprintf(map, sizeof map, "network: %s\nrules: [{theirs: '**', ours: '**'}]\n",
                         names[i]);
        write_bytes("map.yaml", map, (size_t)n);
        snprintf(arguments, sizeof arguments,
                 "export a/checkpoints/step-00000012 -o %s.safetensors --map ./map.yaml", names[i]);
        expect(arguments, 0, NULL);
        snprintf(files[i], sizeof files[i], "%s/%s.safetensors", folder, names[i]);
    }
    snprintf(pipeline, sizeof pipeline, "%s/a/checkpoints/step-00000012/pipeline.yaml", folder);
    const char *const more[] = {files[1]};
    ik_source source = {.size = sizeof source,
                        .pipeline = pipeline,
                        .weights = files[0],
                        .n_more_weights = 1,
                        .more_weights = more,
                        .plugins = BUILD_DIR "/lib/inadekit",
                        .watch = &watch};
    for (int i = 0; i < BYTES; i++) photo[i] = (uint8_t)(i * 7);
    ik_layout reference = layout;
    reference.rgb = photo;
    const ik_choice choice = {.size = sizeof choice, .seed = 4, .reference = &reference};
    ik_painter *p = opened(), *q;
    ck_assert_int_eq(ik_paint(p, &layout, &choice, whole, &err), IK_OK);
    ik_painter_close(p);
    ck_assert_msg(!ik_painter_open(&source, &q, &err), "%s", err.text);
    ck_assert_int_eq(ik_paint(q, &layout, &choice, apart, &err), IK_OK);
    ik_painter_close(q);
    ck_assert_mem_eq(whole, apart, BYTES);
    source.n_more_weights = 0;
    ck_assert_int_eq(ik_painter_open(&source, &q, &err), IK_FAILED);
    ck_assert_ptr_nonnull(strstr(err.text, "holds nothing for the network 'encoder'"));
}
END_TEST

static bool after_two(void *user) {
    return ++*(int *)user == 2;
}

/* A run is told, stopped and gone on with; the result is that of the program. */
START_TEST(runs) {
    char pipeline[128], out[128];
    int asked = 0;
    const char *const sets[] = {"stages=[train]", "train.steps=4"};
    const ik_watch stops = {.size = sizeof stops, .user = &asked, .note = note, .stop = after_two};
    snprintf(pipeline, sizeof pipeline, "%s/tiny.yaml", folder);
    snprintf(out, sizeof out, "%s/b", folder);
    ik_job job = {.size = sizeof job,
                  .pipeline = pipeline,
                  .n_sets = 2,
                  .sets = sets,
                  .out = out,
                  .threads = 1,
                  .plugins = BUILD_DIR "/lib/inadekit",
                  .watch = &stops};
    ck_assert_int_eq(ik_run(&job, &err), IK_INTERRUPTED);
    ck_assert_str_eq(err.text, "stopped at step 2; a checkpoint was saved, go on with --resume");
    job.resume = true;
    job.watch = &watch;
    ck_assert_msg(!ik_run(&job, &err), "%s", err.text);
    ck_assert_ptr_nonnull(strstr(heard, "trained 2 steps in "));
    run("c", "tiny.yaml", "--set stages=[train] --set train.steps=4 --threads 1");
    expect_same_at("b", "c", 4);
    job.pipeline = NULL;
    ck_assert_int_eq(ik_run(&job, &err), IK_USAGE);
}
END_TEST

int main(void) {
    return RUN_SUITE("api", set_up_api, tear_down, {describes}, {paints_what_the_program_paints},
                     {says_what_is_wrong}, {weights_apart}, {runs});
}
