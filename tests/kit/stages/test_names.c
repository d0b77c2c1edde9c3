/* A layout's name in the names of its pictures: never another's, never too long for a file. */
#include "stages/synthesize.h"
#include "support/runs.h"

#include <png.h>

static const char *path(char names[][256], int64_t row, char *to) {
    ik__batch b = {.n = 4, .names = names};
    ik__path p = ik__painted_path("f", &b, row, 7);
    strcpy(to, p.text);
    return to;
}

START_TEST(distinct) {
    static char names[4][256], to[4][PATH_MAX + 8];
    strcpy(names[0], "a");
    strcpy(names[1], "b");
    strcpy(names[2], "a");
    strcpy(names[3], "a");
    ck_assert_str_eq(path(names, 0, to[0]), "f/a-7.png");
    ck_assert_str_eq(path(names, 1, to[1]), "f/b-7.png");
    ck_assert_str_eq(path(names, 2, to[2]), "f/a~2-7.png");
    ck_assert_str_eq(path(names, 3, to[3]), "f/a~3-7.png");
}
END_TEST

/* Of 255 bytes, alike but for the last, of characters of two bytes. */
START_TEST(long_ones) {
    static char names[4][256], to[4][PATH_MAX + 8];
    for (int i = 0; i < 4; i++) {
        for (int k = 0; k < 254; k += 2) memcpy(names[i] + k + (i < 2), "\xC3\xA4", 2);
        if (i < 2) names[i][0] = 'x';
        names[i][254] = (char)('0' + i);
        if (i < 2) names[i][253] = 'y';
        path(names, i, to[i]);
        ck_assert_uint_lt(strlen(to[i]), 200);
        const char *end = strchr(to[i], '~');
        ck_assert_ptr_nonnull(end);
        ck_assert_int_eq((end[-2] & 0xFF), 0xC3); /* whole */
        for (int k = 0; k < i; k++) ck_assert_str_ne(to[i], to[k]);
    }
}
END_TEST

/* From the data's folders to the pictures: four of two layouts. */
START_TEST(of_files) {
    uint8_t rgb[8 * 8 * 3] = {0}, map[8 * 8] = {0};
    ck_assert_int_eq(shell("mkdir -p data/train_img data/train_label data/val_img data/val_label"),
                     0);
    for (int i = 0; i < 8; i++) {
        static const char *const folders[] = {"train_img", "train_label", "val_img", "val_label"};
        char file[512];
        png_image png = {.version = PNG_IMAGE_VERSION,
                         .width = 8,
                         .height = 8,
                         .format = i % 2 ? PNG_FORMAT_GRAY : PNG_FORMAT_RGB};
        snprintf(file, sizeof file, "%s/data/%s/%0250d.png", folder, folders[i % 4], i / 4);
        ck_assert(png_image_write_to_file(&png, file, 0, i % 2 ? map : rgb, 0, NULL));
    }
    run("r", "tiny.yaml",
        "--set 'dataset={plugin: folder, root: data, labels: 1, size: [32, 32]}' "
        "--set train.steps=1 --set stages=[train,synthesize]");
    ck_assert_int_eq(shell("[ $(ls r/images/samples | wc -l) = 4 ]"), 0);
    ck_assert_int_eq(shell("[ $(cd r/images/samples && cat *.png | grep -ao '0\\{249\\}[01]' | "
                           "sort -u | wc -l) = 2 ]"),
                     0); /* each says its whole name inside */
}
END_TEST

int main(void) {
    return RUN_SUITE("names", set_up_runs, tear_down, {distinct}, {long_ones}, {of_files});
}
