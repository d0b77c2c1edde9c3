/* Decoding and writing pictures, and what is refused. */
#include "support/pictures.h"

#include "pictures/image.h"

#include <jpeglib.h>
#include <sys/resource.h>

static ik_error err;

static void expect(ik_status status, const char *name, const char *what) {
    ck_assert_int_eq(status, IK_FAILED);
    ck_assert_msg(strstr(err.text, in_scratch(name)) == err.text, "no path in: %s", err.text);
    ck_assert_msg(strstr(err.text, what), "not '%s' in: %s", what, err.text);
}

static void refuse_map(const char *name, int bits, const char *what) {
    int h, w;
    int32_t *map;
    expect(ik__images.read_map(in_scratch(name), bits, &h, &w, &map, &err), name, what);
    ck_assert_ptr_null(map);
}

static void refuse_rgb(const char *name, const char *what) {
    int h, w;
    uint8_t *rgb;
    expect(ik__images.read_rgb(in_scratch(name), &h, &w, &rgb, &err), name, what);
    ck_assert_ptr_null(rgb);
}

static int32_t *good_map(const char *name, int bits, int h, int w) {
    int height, width;
    int32_t *map;
    ck_assert_msg(!ik__images.read_map(in_scratch(name), bits, &height, &width, &map, &err), "%s",
                  err.text);
    ck_assert_int_eq(height, h);
    ck_assert_int_eq(width, w);
    return map;
}

static uint8_t *good_rgb(const char *name, int h, int w) {
    int height, width;
    uint8_t *rgb;
    ck_assert_msg(!ik__images.read_rgb(in_scratch(name), &height, &width, &rgb, &err), "%s",
                  err.text);
    ck_assert_int_eq(height, h);
    ck_assert_int_eq(width, w);
    return rgb;
}

/* Grey and palette of every depth, plain and interlaced, give the numbers in the file. */
START_TEST(maps_of_every_depth) {
    static const int depths[] = {1, 2, 4, 8, 16};
    int bits = depths[_i % 5], palette = _i / 5 % 2, interlace = _i / 10;
    if (palette && bits == 16) return;
    enum { H = 5, W = 11 };
    uint8_t rows[H][2 * W] = {{0}};
    int32_t expected[H * W];
    for (int y = 0; y < H; y++)
        for (int x = 0; x < W; x++) {
            int v = (x * 5 + y * 3) * 997 % (1 << bits);
            expected[y * W + x] = v;
            if (bits == 16)
                rows[y][2 * x] = (uint8_t)(v >> 8), rows[y][2 * x + 1] = (uint8_t)v;
            else
                rows[y][x * bits / 8] |= (uint8_t)(v << (8 - bits - x * bits % 8));
        }
    write_png("m.png", H, W, palette ? PNG_COLOR_TYPE_PALETTE : PNG_COLOR_TYPE_GRAY, bits, rows[0],
              sizeof rows[0], interlace);
    int32_t *map = good_map("m.png", 16, H, W);
    ck_assert_mem_eq(map, expected, sizeof expected);
    free(map);
    if (bits == 16) refuse_map("m.png", 8, "has 16 bits");
}
END_TEST

START_TEST(every_colour_type_becomes_rgb) {
    static const struct {
        int colour, bits;
        uint8_t pixel[8], rgb[3];
    } cases[] = {
        {PNG_COLOR_TYPE_GRAY, 8, {90}, {90, 90, 90}},
        {PNG_COLOR_TYPE_GRAY, 4, {0xf0}, {255, 255, 255}},
        {PNG_COLOR_TYPE_GRAY_ALPHA, 8, {90, 3}, {90, 90, 90}},
        {PNG_COLOR_TYPE_PALETTE, 8, {9}, {9, 246, 7}},
        {PNG_COLOR_TYPE_RGB, 8, {1, 2, 3}, {1, 2, 3}},
        {PNG_COLOR_TYPE_RGB_ALPHA, 8, {1, 2, 3, 4}, {1, 2, 3}},
        {PNG_COLOR_TYPE_RGB, 16, {1, 99, 2, 99, 3, 99}, {1, 2, 3}},
    };
    write_png("c.png", 1, 1, cases[_i].colour, cases[_i].bits, cases[_i].pixel, 8, 0);
    uint8_t *rgb = good_rgb("c.png", 1, 1);
    ck_assert_mem_eq(rgb, cases[_i].rgb, 3);
    free(rgb);
}
END_TEST

static void write_jpeg(const char *name, int channels, int progressive) {
    struct jpeg_compress_struct j;
    struct jpeg_error_mgr errors;
    FILE *f = fopen(in_scratch(name), "wb");
    j.err = jpeg_std_error(&errors);
    jpeg_create_compress(&j);
    jpeg_stdio_dest(&j, f);
    j.image_width = 40, j.image_height = 24, j.input_components = channels;
    j.in_color_space = channels == 1 ? JCS_GRAYSCALE : channels == 3 ? JCS_RGB : JCS_CMYK;
    jpeg_set_defaults(&j);
    jpeg_set_quality(&j, 95, TRUE);
    if (progressive) jpeg_simple_progression(&j);
    jpeg_start_compress(&j, TRUE);
    for (int y = 0; y < 24; y++) {
        uint8_t row[40 * 4];
        for (int i = 0; i < 40 * channels; i++)
            row[i] = (uint8_t)(channels == 1 ? 200 : 60 * (i % channels) + 40);
        JSAMPROW line = row;
        jpeg_write_scanlines(&j, &line, 1);
    }
    jpeg_finish_compress(&j);
    jpeg_destroy_compress(&j);
    fclose(f);
}

START_TEST(jpeg) {
    for (int progressive = 0; progressive < 2; progressive++) {
        write_jpeg("grey.jpg", 1, progressive);
        uint8_t *rgb = good_rgb("grey.jpg", 24, 40);
        for (int i = 0; i < 24 * 40 * 3; i++) ck_assert_int_le(abs(rgb[i] - 200), 2);
        free(rgb);
        write_jpeg("rgb.jpg", 3, progressive);
        rgb = good_rgb("rgb.jpg", 24, 40);
        for (int i = 0; i < 24 * 40 * 3; i++) ck_assert_int_le(abs(rgb[i] - 40 - 60 * (i % 3)), 4);
        free(rgb);
    }
    write_jpeg("cmyk.jpg", 4, 0);
    refuse_rgb("cmyk.jpg", "CMYK");
    refuse_map("rgb.jpg", 8, "is not a PNG");
}
END_TEST

/* Every shorter file is refused, and none of them crashes. */
START_TEST(truncated) {
    const char *name = _i ? "whole.jpg" : "whole.png", *cut = "cut";
    if (_i)
        write_jpeg(name, 3, 0);
    else
        write_flat(name, 9, 7, 1, 77);
    static uint8_t bytes[1 << 16];
    FILE *f = fopen(in_scratch(name), "rb");
    size_t n = fread(bytes, 1, sizeof bytes, f);
    fclose(f);
    for (size_t k = 0; k + 2 < n; k++) {
        write_bytes(cut, bytes, k);
        refuse_rgb(cut, ": ");
    }
    write_bytes(cut, bytes, n - 20);
    refuse_rgb(cut, "ends before the picture does");
}
END_TEST

START_TEST(damaged) {
    write_flat("ok.png", 9, 7, 1, 77);
    static uint8_t bytes[1 << 12];
    FILE *f = fopen(in_scratch("ok.png"), "rb");
    size_t n = fread(bytes, 1, sizeof bytes, f);
    fclose(f);
    bytes[20]++; /* in the header: its checksum tells */
    write_bytes("bad.png", bytes, n);
    refuse_rgb("bad.png", "cannot decode the PNG");
    write_bytes("text.png", "not a picture", 13);
    refuse_rgb("text.png", "neither a PNG nor a JPEG");
    refuse_rgb("absent.png", "cannot open: No such file");
}
END_TEST

/* A chunk of text that claims 1.9 GB is passed over, not allocated. */
START_TEST(chunk_that_lies) {
    enum { BEHIND_HEADER = 33 };
    write_flat("ok.png", 9, 7, 1, 77);
    static uint8_t bytes[1 << 12];
    FILE *f = fopen(in_scratch("ok.png"), "rb");
    size_t n = fread(bytes, 1, sizeof bytes, f);
    fclose(f);
    memmove(bytes + BEHIND_HEADER + 8, bytes + BEHIND_HEADER, n - BEHIND_HEADER);
    memcpy(bytes + BEHIND_HEADER, "\x74\0\0\0tEXt", 8);
    write_bytes("lies.png", bytes, n + 8);
    struct rusage before, after;
    getrusage(RUSAGE_SELF, &before);
    refuse_rgb("lies.png", "ends before the picture does");
    getrusage(RUSAGE_SELF, &after);
    ck_assert_int_lt(after.ru_maxrss - before.ru_maxrss, 64 << 10);
}
END_TEST

START_TEST(colour_is_no_map) {
    write_flat("rgb.png", 3, 3, 1, 5);
    refuse_map("rgb.png", 8, "is an RGB picture, a label map has one channel");
    uint8_t rows[4 * 4] = {0};
    write_png("ga.png", 2, 2, PNG_COLOR_TYPE_GRAY_ALPHA, 8, rows, 4, 0);
    refuse_map("ga.png", 8, "a label map has one channel");
}
END_TEST

START_TEST(too_large) {
    uint8_t *row = calloc(1, 20000);
    write_png("wide.png", 1, 16385, PNG_COLOR_TYPE_GRAY, 8, row, 0, 0);
    refuse_map("wide.png", 8, "16385x1");
    refuse_rgb("wide.png", "scale it down");
    write_png("huge.png", 16384, 16384, PNG_COLOR_TYPE_GRAY, 1, row, 0, 0);
    refuse_map("huge.png", 8, "16384x16384");
    free(row);
}
END_TEST

START_TEST(written_png_reads_back) {
    uint8_t rgb[4 * 5 * 3];
    for (size_t i = 0; i < sizeof rgb; i++) rgb[i] = (uint8_t)(i * 41);
    const char *keys[] = {"Software", "seed"}, *values[] = {"inadekit", "\xc3\xa4 7"};
    ck_assert_int_eq(ik__png_write(in_scratch("w.png"), 4, 5, rgb, 2, keys, values, &err), IK_OK);
    uint8_t *back = good_rgb("w.png", 4, 5);
    ck_assert_mem_eq(back, rgb, sizeof rgb);
    free(back);
    char bytes[1024];
    FILE *f = fopen(in_scratch("w.png"), "rb");
    size_t n = fread(bytes, 1, sizeof bytes, f);
    fclose(f);
    ck_assert_ptr_nonnull(memmem(bytes, n, "tEXtSoftware\0inadekit", 21));
    ck_assert_ptr_nonnull(memmem(bytes, n, "iTXtseed", 8));
    /* Nothing is left beside it. */
    ck_assert_int_eq(remove(in_scratch("w.png")), 0);
    ck_assert_int_eq(rmdir(scratch), 0);
    ck_assert_int_eq(mkdir(scratch, 0777), 0);
}
END_TEST

START_TEST(writing_fails_with_the_path) {
    uint8_t rgb[3] = {0};
    expect(ik__png_write(in_scratch("no/w.png"), 1, 1, rgb, 0, NULL, NULL, &err), "no/w.png",
           "cannot be written: No such file or directory; choose a folder that exists");
    make_folder("dir.png");
    make_folder("dir.png/full");
    expect(ik__png_write(in_scratch("dir.png"), 1, 1, rgb, 0, NULL, NULL, &err), "dir.png",
           "cannot be written: Is a directory");
    const char *key = "", *value = "";
    expect(ik__png_write(in_scratch("k.png"), 1, 1, rgb, 1, &key, &value, &err), "k.png",
           "text key");
}
END_TEST

int main(void) {
    return RUN_SUITE("image", scratch_make, scratch_remove, {maps_of_every_depth, 20},
                     {every_colour_type_becomes_rgb, 7}, {jpeg}, {truncated, 2}, {damaged},
                     {chunk_that_lies}, {colour_is_no_map}, {too_large}, {written_png_reads_back},
                     {writing_fails_with_the_path});
}
