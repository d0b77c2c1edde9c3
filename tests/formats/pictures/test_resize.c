/* Resizing gives what Pillow gives (golden/resize.py). */
#include "support/suite.h"
#include <stdlib.h>

#include "pictures/resize.h"

#include "golden/resize.h"

START_TEST(bicubic_is_pillows) {
    int h = bicubic_cases[_i].h, w = bicubic_cases[_i].w, height = bicubic_cases[_i].height,
        width = bicubic_cases[_i].width;
    uint8_t *from = malloc((size_t)(h * w * 3)), *to = malloc((size_t)(height * width * 3));
    for (int y = 0; y < h; y++)
        for (int x = 0; x < w; x++)
            for (int c = 0; c < 3; c++)
                from[(y * w + x) * 3 + c] = (uint8_t)(x * 37 + y * 91 + c * 53 + x * y * 29);
    ck_assert(ik__resize_bicubic(from, h, w, to, height, width));
    ck_assert_mem_eq(to, bicubic_cases[_i].out, (size_t)(height * width * 3));
    free(from);
    free(to);
}
END_TEST

START_TEST(same_size_is_a_copy) {
    uint8_t from[2 * 3 * 3], to[sizeof from];
    for (size_t i = 0; i < sizeof from; i++) from[i] = (uint8_t)(i * 14);
    ck_assert(ik__resize_bicubic(from, 2, 3, to, 2, 3));
    ck_assert_mem_eq(to, from, sizeof from);
}
END_TEST

START_TEST(nearest_is_pillows) {
    int size = nearest_cases[_i].size, out = nearest_cases[_i].out;
    int32_t *from = malloc((size_t)size * sizeof *from), *to = malloc((size_t)out * sizeof *to);
    for (int i = 0; i < size; i++) from[i] = i;
    ck_assert(ik__resize_nearest(from, 1, size, to, 1, out)); /* along a row */
    ck_assert_mem_eq(to, nearest_cases[_i].source, (size_t)out * sizeof *to);
    memset(to, 0, (size_t)out * sizeof *to);
    ck_assert(ik__resize_nearest(from, size, 1, to, out, 1)); /* down a column */
    ck_assert_mem_eq(to, nearest_cases[_i].source, (size_t)out * sizeof *to);
    free(from);
    free(to);
}
END_TEST

int main(void) {
    return RUN_SUITE("resize", NULL, NULL, {bicubic_is_pillows, COUNT(bicubic_cases)},
                     {same_size_is_a_copy}, {nearest_is_pillows, COUNT(nearest_cases)});
}
