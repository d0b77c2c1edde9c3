/* Names in an index: each is found where it was put, and no other. */
#include "base/index.h"
#include "support/suite.h"

START_TEST(many_names) {
    enum { MANY = 20000 };
    static char names[2 * MANY][16];
    ik__pool *pool = ik__pool_new();
    ik__index index = {0};
    ck_assert_int_eq(ik__index_find(&index, "n0"), -1);
    for (int i = 0; i < 2 * MANY; i++) snprintf(names[i], sizeof names[i], "n%d", i);
    for (int i = 0; i < MANY; i++) {
        ik__index_add(pool, &index, names[i], 3 * i);
        if (i % 1000 == 0) ck_assert_int_eq(ik__index_find(&index, names[i + 1]), -1);
    }
    for (int i = 0; i < 2 * MANY; i++)
        ck_assert_int_eq(ik__index_find(&index, names[i]), i < MANY ? 3 * i : -1);
    ik__index_add(pool, &index, "", 7);
    ck_assert_int_eq(ik__index_find(&index, ""), 7);
    ik__pool_free(pool);
}
END_TEST

int main(void) {
    return RUN_SUITE("index", NULL, NULL, {many_names});
}
