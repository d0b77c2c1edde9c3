/* A picture is the same to the last bit whoever else is in its batch: a row of a linear layer's
 * output does not depend on how many rows there are. */
#include "op_bench.h"

/* Rows of y, of which there are `rows`. */
static float *linear(const char *backend, int64_t rows, int64_t depth, int64_t outputs) {
    const op_case c = {.op = IK_LINEAR,
                       .in = {REAL(rows, depth), REAL(outputs, depth), REAL(outputs)}};
    op_bench b = op_build(&c, backend, false);
    op_run(&b);
    op_result r = op_read(&b);
    float *y = r.y;
    r.y = NULL;
    op_result_free(&r);
    op_free(&b);
    return y;
}

static const struct { int64_t depth, outputs; } sizes[] = {{8, 5}, {64, 33}, {300, 16}, {513, 70}};

START_TEST(alone_and_together) {
    static const char *const backends[] = {"naive", "cpu"};
    enum { MOST = 15 };
    for (int k = 0; k < (int)COUNT(backends); k++) {
        const int64_t outputs = sizes[_i].outputs;
        float *together = linear(backends[k], MOST, sizes[_i].depth, outputs);
        for (int64_t rows = 1; rows < MOST; rows++) {
            float *fewer = linear(backends[k], rows, sizes[_i].depth, outputs);
            ck_assert_msg(!memcmp(fewer, together, (size_t)(rows * outputs) * sizeof *fewer),
                          "%s: %d rows differ from the same among %d", backends[k], (int)rows,
                          MOST);
            free(fewer);
        }
        free(together);
    }
}
END_TEST

int main(void) {
    return RUN_OPS("rows", {alone_and_together, COUNT(sizes)});
}
