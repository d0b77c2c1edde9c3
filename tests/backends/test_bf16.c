/* The kernels of the cuda backend with every operand that may be bf16 stored so: to 1e-2 of what
 * the naive backend makes of the same values, and the same bytes every time. */
#include "op_bench.h"

#include "op_cases.h"

static op_result result_of(op_bench *b, float poison) {
    op_poison(b, poison);
    op_run(b);
    return op_read(b);
}

START_TEST(near_naive) {
    const op_case *c = case_of(_i);
    op_bench naive = op_build(c, "naive", false), bf16 = op_build(c, "cuda_host_bf16", false);
    op_result want = result_of(&naive, NAN), got = result_of(&bf16, NAN);
    op_assert_same(&bf16, &got, &want, 1e-2);
    op_result again = result_of(&bf16, 1e30f);
    op_assert_bytes(&bf16, &got, &again);
    op_result_free(&want);
    op_result_free(&got);
    op_result_free(&again);
    op_free(&naive);
    op_free(&bf16);
}
END_TEST

/* The backend does round: a third is not exact in bf16. */
START_TEST(values_are_rounded) {
    static const op_case fill = {
        .op = IK_FILL, .attrs = {.shape = SHAPE(1), .alpha = 1.0 / 3}, .constant = true};
    op_bench b = op_build(&fill, "cuda_host_bf16", false);
    op_result got = result_of(&b, NAN);
    float third = 1.0f / 3;
    ck_assert(*(float *)got.y != third);
    op_round(1, &third);
    ck_assert(*(float *)got.y == third);
    op_result_free(&got);
    op_free(&b);
}
END_TEST

int main(void) {
    ik__plugins_path(BUILD_DIR "/tests/plugins_bf16");
    op_bf16 = true;
    return RUN_OPS("bf16", {near_naive, count_cases()}, {values_are_rounded});
}
