/* Random inputs of synthesis: drawn per instance, each part by itself. */
#include "stages/latents.h"

#include "support/suite.h"
#include <math.h>

enum { PARTS = 5, SIZE = 7 };

static void draw(uint64_t seed, int64_t item, const int64_t *draws, float *to) {
    ik__latent_row row = {
        .seed = seed, .name = "noise", .item = item, .parts = PARTS, .size = SIZE, .draws = draws};
    ik__latent_draw(&row, to);
}

START_TEST(one_instance_anew_leaves_the_others) {
    int64_t base[PARTS] = {0}, anew[PARTS] = {0, 0, 3, 0, 0};
    float a[PARTS * SIZE], b[PARTS * SIZE];
    draw(1, 4, base, a);
    draw(1, 4, anew, b);
    for (int k = 0; k < PARTS; k++) {
        bool same = !memcmp(a + k * SIZE, b + k * SIZE, SIZE * sizeof *a);
        ck_assert_msg(same == (k != 2), "part %d", k);
    }
}
END_TEST

START_TEST(seed_item_and_draw_each_matter) {
    int64_t base[PARTS] = {0}, all[PARTS] = {1, 1, 1, 1, 1};
    float a[PARTS * SIZE], b[PARTS * SIZE];
    draw(1, 4, base, a);
    draw(2, 4, base, b);
    ck_assert(memcmp(a, b, sizeof a));
    draw(1, 5, base, b);
    ck_assert(memcmp(a, b, sizeof a));
    draw(1, 4, all, b);
    for (int i = 0; i < PARTS * SIZE; i++) ck_assert(a[i] != b[i]);
    draw(1, 4, base, b);
    ck_assert(!memcmp(a, b, sizeof a));
}
END_TEST

START_TEST(the_numbers_are_standard_normal) {
    static float v[20000];
    ik__latent_row row = {.seed = 9, .name = "z", .parts = 1, .size = 20000, .draw = 2};
    ik__latent_draw(&row, v);
    double mean = 0, square = 0;
    for (int i = 0; i < 20000; i++) mean += v[i] / 20000.0, square += v[i] * v[i] / 20000.0;
    ck_assert_double_lt(fabs(mean), 0.03);
    ck_assert_double_lt(fabs(square - 1), 0.05);
}
END_TEST

int main(void) {
    return RUN_SUITE("latents", NULL, NULL, {one_instance_anew_leaves_the_others},
                     {seed_item_and_draw_each_matter}, {the_numbers_are_standard_normal});
}
