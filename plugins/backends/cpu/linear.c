/* y = x w^T + b, a picture's rows the same whoever else is in the batch.
 *
 * A library's product sums a row in an order that depends on how many rows there are (oneDNN: on
 * the rows left over after its tiles), so that a picture would differ in the last digit from one
 * painted alone. Here each sum runs over k in order, in tiles of ROWS by LANES: the weights of
 * LANES outputs are turned to [k][lane], DEEP of k at a time, and missing rows are computed and
 * dropped. */
#include "cpu.h"

enum { HALF = 8, LANES = 2 * HALF, ROWS = 6, DEEP = 256 };

typedef float half __attribute__((vector_size(HALF * sizeof(float))));

/* w: [n][k] from the panel's first output on; of the lanes past n the weights are 0. */
static inline __attribute__((always_inline)) void turn(const float *restrict w, int64_t k,
                                                       int64_t depth, int64_t columns,
                                                       float (*restrict panel)[LANES]) {
    for (int64_t j = 0; j < LANES; j++)
        for (int64_t i = 0; i < depth; i++) panel[i][j] = j < columns ? w[j * k + i] : 0;
}

/* sums[r] += x[r][i] * panel[i], i in order. */
static inline __attribute__((always_inline)) void tile(const float *const *x,
                                                       const float (*restrict panel)[LANES],
                                                       int64_t depth,
                                                       float (*restrict sums)[LANES]) {
    half left[ROWS], right[ROWS], w[2];
    for (int r = 0; r < ROWS; r++) {
        memcpy(&left[r], sums[r], sizeof(half));
        memcpy(&right[r], sums[r] + HALF, sizeof(half));
    }
    for (int64_t i = 0; i < depth; i++) {
        memcpy(w, panel[i], sizeof w);
#pragma GCC unroll 6
        for (int r = 0; r < ROWS; r++) {
            left[r] += x[r][i] * w[0];
            right[r] += x[r][i] * w[1];
        }
    }
    for (int r = 0; r < ROWS; r++) {
        memcpy(sums[r], &left[r], sizeof(half));
        memcpy(sums[r] + HALF, &right[r], sizeof(half));
    }
}

/* Unit: LANES outputs of every row. */
HOT static void panels(const ik_kernel *k, int64_t from, int64_t to) {
    const int64_t rows = k->node.out->shape.d[0], n = k->node.out->shape.d[1];
    const int64_t depth = k->node.in[0]->shape.d[1];
    const float *x = k->in[0], *w = k->in[1], *bias = k->in[2];
    float *y = k->out;
    _Alignas(64) float panel[DEEP][LANES], sums[ROWS][LANES];
    for (int64_t first = from * LANES; first < to * LANES; first += LANES) {
        const int64_t columns = cpu_min(LANES, n - first);
        for (int64_t at = 0; at == 0 || at < depth; at += DEEP) {
            const int64_t deep = cpu_min(DEEP, depth - at);
            turn(w + first * depth + at, depth, deep, columns, panel);
            for (int64_t row = 0; row < rows; row += ROWS) {
                const float *in[ROWS];
                for (int64_t r = 0; r < ROWS; r++) {
                    const int64_t taken = cpu_min(row + r, rows - 1);
                    const float *before = at ? y + taken * n + first : bias + first;
                    in[r] = x + taken * depth + at;
                    for (int64_t j = 0; j < LANES; j++) sums[r][j] = j < columns ? before[j] : 0;
                }
                tile(in, panel, deep, sums);
                for (int64_t r = 0; r < ROWS && row + r < rows; r++)
                    memcpy(y + (row + r) * n + first, sums[r], (size_t)columns * sizeof *y);
            }
        }
    }
}

static int64_t panel_count(const ik_node_desc *node) {
    return cpu_ceil_div(node->out->shape.d[1], LANES);
}

const cpu_op cpu_linear_ops[IK_OP_COUNT] = {[IK_LINEAR] = {panels, panel_count, .cost = 16}};
