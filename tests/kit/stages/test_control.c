/* Control over single instances in the synthesize stage: what may change does, what may not keeps
 * its bytes, and a picture says how it was made. */
#include "support/runs.h"

#include "pictures/image.h"

/* Trained enough that noise shows in 8 bits. */
#define COLOURFUL "--set train.steps=24 --set train.lr.generator=0.02 --set train.picture_every=0 "
#define ENCODER                                                                                    \
    COLOURFUL "--set networks.encoder.plugin=instance_unet --set networks.encoder.channels=4 "
#define PICTURE(run, grid, n) run "/images/" grid "/validation_000000-" n ".png"

/* Pixels only: the text of two pictures may differ. */
static bool same_pixels(const char *a, const char *b) {
    int h[2], w[2];
    uint8_t *rgb[2] = {NULL, NULL};
    const char *names[2] = {a, b};
    ik_error err = {""};
    for (int i = 0; i < 2; i++) {
        char path[300];
        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        ck_assert_msg(!ik__images.read_rgb(path, &h[i], &w[i], &rgb[i], &err), "%s", err.text);
    }
    bool same =
        h[0] == h[1] && w[0] == w[1] && !memcmp(rgb[0], rgb[1], (size_t)h[0] * (size_t)w[0] * 3);
    free(rgb[0]);
    free(rgb[1]);
    return same;
}

START_TEST(only_what_is_named_is_drawn_anew) {
    run("a", "tiny.yaml", COLOURFUL "--set synthesize.vary.instances=[2]");
    ck_assert(same_pixels(PICTURE("a", "samples", "0"), PICTURE("a", "varied", "0")));
    ck_assert(!same_pixels(PICTURE("a", "varied", "0"), PICTURE("a", "varied", "1")));
    run("b", "tiny.yaml",
        COLOURFUL "--set dataset.validation=4 --set synthesize.items=4 "
                  "--set synthesize.vary.instances=[7]"); /* the third layout's alone */
    ck_assert(same_pixels(PICTURE("b", "varied", "0"), PICTURE("b", "varied", "1")));
    ck_assert(!same_pixels("b/images/varied/validation_000002-0.png",
                           "b/images/varied/validation_000002-1.png"));
    ck_assert(same_pixels(PICTURE("a", "samples", "1"), PICTURE("b", "samples", "1")));
}
END_TEST

START_TEST(labels_by_name_or_number) {
    run("a", "tiny.yaml", COLOURFUL "--set synthesize.vary.labels=[sky]");
    run("b", "tiny.yaml", COLOURFUL "--set synthesize.vary.labels=[0]");
    ck_assert(same_pixels(PICTURE("a", "varied", "1"), PICTURE("b", "varied", "1")));
    ck_assert(!same_pixels(PICTURE("a", "varied", "0"), PICTURE("a", "varied", "1")));
    expect("run tiny.yaml --dry-run --set synthesize.vary.labels=[skies]", 2,
           "the dataset has no label 'skies'; its labels are 0 to 5, or their names");
}
END_TEST

START_TEST(style_of_another_picture) {
    run("a", "tiny.yaml", ENCODER "--set 'synthesize.style=[{item: 1, from: 0, to: 0}]'");
    run("b", "tiny.yaml", ENCODER "--set 'synthesize.style=[{item: 0, from: 0, to: 0}]'");
    ck_assert(!same_pixels(PICTURE("a", "samples", "0"), PICTURE("a", "styled", "0")));
    ck_assert(!same_pixels(PICTURE("a", "styled", "0"), PICTURE("b", "styled", "0")));
    ck_assert(same_pixels(PICTURE("a", "samples", "0"), PICTURE("b", "samples", "0")));
}
END_TEST

START_TEST(style_that_cannot_be) {
    expect("run tiny.yaml --dry-run --set 'synthesize.style=[{item: 1, from: 0, to: 0}]'", 2,
           "there is nothing to encode with; add an encoder");
    expect("run tiny.yaml --out a -q " ENCODER
           "--set 'synthesize.style=[{item: 9, from: 0, to: 0}]'",
           2, "synthesize.style: there is no item 9, only 2");
    expect("run tiny.yaml --out b -q " ENCODER
           "--set 'synthesize.style=[{item: 0, from: 99, to: 0}]'",
           2, "there is no 99");
}
END_TEST

START_TEST(a_picture_says_how_it_was_made) {
    run("a", "tiny.yaml", "--set synthesize.vary.instances=[2]");
    ck_assert_int_eq(shell("grep -aq 'inadekit.seed.3' " PICTURE("a", "varied", "1")), 0);
    ck_assert_int_eq(
        shell("grep -aq 'inadekit.item.validation_000000' " PICTURE("a", "varied", "1")), 0);
    ck_assert_int_eq(shell("grep -aq 'instances: .2.' " PICTURE("a", "varied", "1")), 0);
}
END_TEST

START_TEST(synthesis_alone_takes_the_checkpoint) {
    run("a", "tiny.yaml", "--set train.ema=0.9");
    ck_assert_int_eq(shell("cp -r a b && rm -r b/images"), 0);
    run("b", "tiny.yaml", "--resume --set train.ema=0.9 --set stages=[synthesize]");
    ck_assert(same("a/images/samples", "b/images/samples"));
    expect("run tiny.yaml --out c -q --resume --set stages=[synthesize]", 2,
           "c has no checkpoint, so there is nothing to resume; ");
}
END_TEST

int main(void) {
    return RUN_SUITE("control", set_up_runs, tear_down, {only_what_is_named_is_drawn_anew},
                     {labels_by_name_or_number}, {style_of_another_picture}, {style_that_cannot_be},
                     {a_picture_says_how_it_was_made}, {synthesis_alone_takes_the_checkpoint});
}
