/* Picture grids: where cells lie, how numbers become bytes, that labels can be told apart. */
#include "pictures/grid.h"
#include "pictures/image.h"

#include "support/suite.h"
#include <math.h>
#include <stdlib.h>
#include <unistd.h>

START_TEST(cells_and_padding) {
    float rgb[2 * 3 * 3];
    for (int i = 0; i < 18; i++) rgb[i] = -1;
    ik__grid *grid = ik__grid_new(2, 2, 2, 3, 1);
    ck_assert_ptr_nonnull(grid);
    ik__grid_image(grid, 1, 0, rgb);
    ik__grid_image(grid, 2, 0, rgb); /* outside: left out */
    ik__grid_image(grid, 0, -1, rgb);
    int h, w;
    const uint8_t *pixels = ik__grid_pixels(grid, &h, &w);
    ck_assert_int_eq(h, 7);
    ck_assert_int_eq(w, 9);
    for (int y = 0; y < h; y++)
        for (int x = 0; x < w; x++) {
            bool black = y >= 4 && y < 6 && x >= 1 && x < 4;
            for (int c = 0; c < 3; c++)
                ck_assert_int_eq(pixels[(y * w + x) * 3 + c], black ? 0 : 255);
        }
    ik__grid_free(grid);
}
END_TEST

START_TEST(bytes) {
    float rgb[9] = {-1, 0, 1, -2, 2, NAN, 0.999f, -0.995f, INFINITY};
    static const uint8_t expected[9] = {0, 127, 255, 0, 255, 0, 254, 0, 255};
    ik__grid *grid = ik__grid_new(1, 1, 1, 3, 0);
    ik__grid_image(grid, 0, 0, rgb);
    int h, w;
    ck_assert_mem_eq(ik__grid_pixels(grid, &h, &w), expected, 9);
    ik__grid_free(grid);
}
END_TEST

START_TEST(labels_and_borders) {
    int32_t label[6] = {0, 0, 1, 0, 0, -1}, instance[6] = {0, 1, 2, 0, 1, 2};
    uint8_t zero[3], one[3];
    int h, w;
    ik__label_colour(0, zero);
    ik__label_colour(1, one);
    ik__grid *grid = ik__grid_new(1, 1, 2, 3, 0);
    const uint8_t *p = ik__grid_pixels(grid, &h, &w);
    ik__grid_labels(grid, 0, 0, label, NULL);
    ck_assert_mem_eq(p, zero, 3);
    ck_assert_mem_eq(p + 3, zero, 3);
    ck_assert_mem_eq(p + 6, one, 3);
    ck_assert_int_eq(p[15], 96);
    ik__grid_labels(grid, 0, 0, label, instance);
    for (int c = 0; c < 3; c++) ck_assert_int_eq(p[c], zero[c] / 4);
    ck_assert_mem_eq(p + 6, one, 3); /* the same instance goes on below */
    ik__grid_free(grid);
}
END_TEST

START_TEST(colours_differ) {
    enum { N = 200 };
    uint8_t rgb[N][3];
    for (int i = 0; i < N; i++) ik__label_colour(i, rgb[i]);
    for (int i = 0; i < N; i++)
        for (int k = 0; k < i; k++) {
            int d = 0;
            for (int c = 0; c < 3; c++) d += abs(rgb[i][c] - rgb[k][c]);
            ck_assert_msg(d >= (i < 20 ? 30 : 1), "labels %d and %d differ by %d", k, i, d);
        }
    uint8_t last[3];
    ik__label_colour(INT32_MAX, last);
    ik__label_colour(INT32_MIN, last);
}
END_TEST

START_TEST(wrong_sizes) {
    ck_assert_ptr_null(ik__grid_new(0, 1, 1, 1, 0));
    ck_assert_ptr_null(ik__grid_new(1, 1, -1, 1, 0));
    ck_assert_ptr_null(ik__grid_new(1, 1, 1, 1, -1));
    ck_assert_ptr_null(ik__grid_new(300, 1, 256, 1, 0));
    ck_assert_ptr_null(ik__grid_new(INT32_MAX, INT32_MAX, INT32_MAX, INT32_MAX, INT32_MAX));
    ik__grid_free(NULL);
}
END_TEST

START_TEST(saved_picture_is_read_back) {
    char path[] = "/tmp/ik-grid-XXXXXX";
    int fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    close(fd);
    float rgb[12];
    for (int i = 0; i < 12; i++) rgb[i] = (float)i / 6 - 1;
    ik__grid *grid = ik__grid_new(1, 1, 2, 2, 3);
    ik__grid_image(grid, 0, 0, rgb);
    ik_error err = {0};
    ck_assert_msg(ik__grid_save(grid, path, &err) == IK_OK, "%s", err.text);
    int h, w, height, width;
    uint8_t *back;
    ck_assert_int_eq(ik__images.read_rgb(path, &height, &width, &back, &err), IK_OK);
    const uint8_t *pixels = ik__grid_pixels(grid, &h, &w);
    ck_assert_int_eq(h, height);
    ck_assert_int_eq(w, width);
    ck_assert_mem_eq(pixels, back, (size_t)(h * w * 3));
    free(back);
    unlink(path);
    ck_assert_int_eq(ik__grid_save(grid, "/nonexistent/x.png", &err), IK_FAILED);
    ck_assert_ptr_nonnull(strstr(err.text, "/nonexistent/x.png"));
    ik__grid_free(grid);
}
END_TEST

int main(void) {
    return RUN_SUITE("grid", NULL, NULL, {cells_and_padding}, {bytes}, {labels_and_borders},
                     {colours_differ}, {wrong_sizes}, {saved_picture_is_read_back});
}
