/* Moments, normalising, and their gradients.
 *
 * x [B,H,W,C] falls into G groups of N consecutive pixels. Sums over pixels go by blocks of 64 in
 * float and over blocks in double. A block's variance is taken about its own mean, and the blocks
 * are joined by the parallel axis theorem, so that a large mean costs no digits. */
#include <math.h>

#include "cpu.h"

enum { BLOCK = 64, CHUNK = 64 };

typedef struct groups {
    int64_t g, n, c, blocks, chunks; /* groups, pixels of one, channels; blocks and chunks of one */
} groups;

static groups groups_of(const ik_tensor *x, const ik_tensor *stats) {
    groups s = {.g = stats->shape.d[0], .c = cpu_channels(x)};
    s.n = ik_count(x->shape) / cpu_max(s.g * s.c, 1);
    s.blocks = cpu_ceil_div(s.n, BLOCK);
    s.chunks = cpu_ceil_div(s.c, CHUNK);
    return s;
}

size_t cpu_coefficients_bytes(const ik_tensor *stats) {
    return (size_t)(ik_count(stats->shape) / 2) * CPU_COEFFICIENTS * sizeof(float);
}

void cpu_coefficients(const ik_tensor *x, const ik_tensor *stats, const float *values,
                      const float *dstats, double eps, float *out) {
    const groups s = groups_of(x, stats);
    for (int64_t g = 0; g < s.g; g++, values += 2 * s.c, out += CPU_COEFFICIENTS * s.c) {
        for (int64_t c = 0; c < s.c; c++) {
            out[CPU_MEAN * s.c + c] = values[c];
            out[CPU_R * s.c + c] = (float)(1 / sqrt((double)values[s.c + c] + eps));
            out[CPU_A * s.c + c] = dstats ? dstats[c] / (float)s.n : 0;
            out[CPU_B * s.c + c] = dstats ? 2 * dstats[s.c + c] / (float)s.n : 0;
        }
        if (dstats) dstats += 2 * s.c;
    }
}

/* --- moments */

/* Per block and channel: mean, and the sum of squares about it. */
HOT static void moments_blocks(const ik_kernel *k, int64_t from, int64_t to) {
    const groups s = groups_of(k->node.in[0], k->node.out);
    const float *x = k->in[0];
    for (int64_t i = from; i < to; i++) {
        const int64_t start = i % s.blocks * BLOCK, n = cpu_min(BLOCK, s.n - start);
        const float *restrict at = x + (i / s.blocks * s.n + start) * s.c;
        float *restrict mean = (float *)k->workspace + i * 2 * s.c, *restrict square = mean + s.c;
        for (int64_t c = 0; c < s.c; c++) mean[c] = square[c] = 0;
        for (int64_t p = 0; p < n; p++)
            for (int64_t c = 0; c < s.c; c++) mean[c] += at[p * s.c + c];
        for (int64_t c = 0; c < s.c; c++) mean[c] /= (float)n;
        for (int64_t p = 0; p < n; p++)
            for (int64_t c = 0; c < s.c; c++) {
                const float d = at[p * s.c + c] - mean[c];
                square[c] += d * d;
            }
    }
}

HOT static void moments_join(const ik_kernel *k, int64_t from, int64_t to) {
    const groups s = groups_of(k->node.in[0], k->node.out);
    for (int64_t i = from; i < to; i++) {
        const int64_t g = i / s.chunks, c0 = i % s.chunks * CHUNK;
        const int64_t channels = cpu_min(CHUNK, s.c - c0);
        const float *partial = (const float *)k->workspace + g * s.blocks * 2 * s.c + c0;
        double mean[CHUNK] = {0}, square[CHUNK] = {0};
        for (int64_t b = 0; b < s.blocks; b++) {
            const double n = (double)cpu_min(BLOCK, s.n - b * BLOCK);
            for (int64_t c = 0; c < channels; c++) mean[c] += n * partial[b * 2 * s.c + c];
        }
        for (int64_t c = 0; c < channels; c++) mean[c] /= (double)s.n;
        for (int64_t b = 0; b < s.blocks; b++) {
            const double n = (double)cpu_min(BLOCK, s.n - b * BLOCK);
            for (int64_t c = 0; c < channels; c++) {
                const double d = partial[b * 2 * s.c + c] - mean[c];
                square[c] += partial[(b * 2 + 1) * s.c + c] + n * d * d;
            }
        }
        float *out = (float *)k->out + g * 2 * s.c + c0;
        for (int64_t c = 0; c < channels; c++) {
            out[c] = (float)mean[c];
            out[s.c + c] = (float)(square[c] / (double)s.n);
        }
    }
}

static size_t blocks_bytes(const groups s) {
    return (size_t)(s.g * s.blocks * 2 * s.c) * sizeof(float);
}

static size_t moments_workspace(const cpu *c, const ik_node_desc *node) {
    (void)c;
    return blocks_bytes(groups_of(node->in[0], node->out));
}

/* Sums of blocks of x's pixels, then their sums. */
static ik_status reduce(ik_kernel *k, const ik_tensor *x, cpu_range blocks, cpu_range join) {
    const groups s = groups_of(x, k->node.out);
    cpu_split(k, s.g * s.blocks, ik_count(x->shape), blocks);
    cpu_split(k, s.g * s.chunks, s.g * s.blocks * s.c * 2, join);
    return IK_OK;
}

static ik_status moments_run(ik_kernel *k, const ik_step *step, ik_error *err) {
    (void)step, (void)err;
    return reduce(k, k->node.in[0], moments_blocks, moments_join);
}

/* --- normalize, moments_dx, normalize_dx: one pass over pixels with the coefficients at hand */

/* x and stats are inputs 0 and 1 of these, except of normalize_dx, whose dy comes first. */
static int x_input(const ik_kernel *k) {
    return k->node.op == IK_NORMALIZE_DX || k->node.op == IK_NORMALIZE_DSTATS;
}

HOT static void normalize_range(const ik_kernel *k, int64_t from, int64_t to) {
    const groups s = groups_of(k->node.in[0], k->node.in[1]);
    for (int64_t p = from; p < to; p++) {
        const float *restrict of = (float *)k->workspace + p / s.n * CPU_COEFFICIENTS * s.c;
        const float *restrict mean = of, *restrict r = of + CPU_R * s.c;
        const float *restrict x = (float *)k->in[0] + p * s.c;
        float *restrict out = (float *)k->out + p * s.c;
        for (int64_t c = 0; c < s.c; c++) out[c] = (x[c] - mean[c]) * r[c];
    }
}

HOT static void moments_dx_range(const ik_kernel *k, int64_t from, int64_t to) {
    const groups s = groups_of(k->node.in[0], k->node.in[1]);
    for (int64_t p = from; p < to; p++) {
        const float *restrict of = (float *)k->workspace + p / s.n * CPU_COEFFICIENTS * s.c;
        const float *restrict mean = of, *restrict a = of + CPU_A * s.c;
        const float *restrict b = of + CPU_B * s.c;
        const float *restrict x = (float *)k->in[0] + p * s.c;
        float *restrict out = (float *)k->out + p * s.c;
        for (int64_t c = 0; c < s.c; c++) out[c] = a[c] + (x[c] - mean[c]) * b[c];
    }
}

HOT static void normalize_dx_range(const ik_kernel *k, int64_t from, int64_t to) {
    const groups s = groups_of(k->node.in[1], k->node.in[2]);
    for (int64_t p = from; p < to; p++) {
        const float *restrict of = (float *)k->workspace + p / s.n * CPU_COEFFICIENTS * s.c;
        const float *restrict mean = of, *restrict r = of + CPU_R * s.c;
        const float *restrict a = of + CPU_A * s.c, *restrict b = of + CPU_B * s.c;
        const float *restrict dy = (float *)k->in[0] + p * s.c;
        const float *restrict x = (float *)k->in[1] + p * s.c;
        float *restrict out = (float *)k->out + p * s.c;
        for (int64_t c = 0; c < s.c; c++) out[c] = dy[c] * r[c] + (a[c] + (x[c] - mean[c]) * b[c]);
    }
}

static size_t coefficients_workspace(const cpu *c, const ik_node_desc *node) {
    (void)c;
    return cpu_coefficients_bytes(node->in[node->op == IK_NORMALIZE_DX ? 2 : 1]);
}

static ik_status pass_run(ik_kernel *k, const ik_step *step, ik_error *err) {
    (void)step, (void)err;
    const int x = x_input(k);
    const float *dstats = k->node.n_in > x + 2 ? k->in[x + 2] : NULL;
    cpu_coefficients(k->node.in[x], k->node.in[x + 1], k->in[x + 1], dstats, k->node.attrs->eps,
                     k->workspace);
    cpu_split(k, cpu_pixels(&k->node), ik_count(k->node.out->shape),
              k->node.op == IK_NORMALIZE      ? normalize_range
              : k->node.op == IK_NORMALIZE_DX ? normalize_dx_range
                                              : moments_dx_range);
    return IK_OK;
}

/* --- normalize_dstats */

HOT static void dstats_blocks(const ik_kernel *k, int64_t from, int64_t to) {
    const groups s = groups_of(k->node.in[1], k->node.out);
    for (int64_t i = from; i < to; i++) {
        const int64_t start = i % s.blocks * BLOCK, n = cpu_min(BLOCK, s.n - start);
        const int64_t at = (i / s.blocks * s.n + start) * s.c;
        const float *restrict dy = (float *)k->in[0] + at, *restrict x = (float *)k->in[1] + at;
        const float *restrict mean = (float *)k->in[2] + i / s.blocks * 2 * s.c;
        float *restrict sum = (float *)k->workspace + i * 2 * s.c, *restrict product = sum + s.c;
        for (int64_t c = 0; c < s.c; c++) sum[c] = product[c] = 0;
        for (int64_t p = 0; p < n; p++, dy += s.c, x += s.c)
            for (int64_t c = 0; c < s.c; c++) {
                sum[c] += dy[c];
                product[c] += dy[c] * (x[c] - mean[c]);
            }
    }
}

HOT static void dstats_join(const ik_kernel *k, int64_t from, int64_t to) {
    const groups s = groups_of(k->node.in[1], k->node.out);
    for (int64_t i = from; i < to; i++) {
        const int64_t g = i / s.chunks, c0 = i % s.chunks * CHUNK;
        const int64_t channels = cpu_min(CHUNK, s.c - c0);
        const float *partial = (const float *)k->workspace + g * s.blocks * 2 * s.c + c0;
        double sum[CHUNK] = {0}, product[CHUNK] = {0};
        for (int64_t b = 0; b < s.blocks; b++, partial += 2 * s.c)
            for (int64_t c = 0; c < channels; c++) {
                sum[c] += partial[c];
                product[c] += partial[s.c + c];
            }
        const float *var = (const float *)k->in[2] + (g * 2 + 1) * s.c + c0;
        float *out = (float *)k->out + g * 2 * s.c + c0;
        for (int64_t c = 0; c < channels; c++) {
            const double r = 1 / sqrt((double)var[c] + k->node.attrs->eps);
            out[c] = (float)(-r * sum[c]);
            out[s.c + c] = (float)(-0.5 * r * r * r * product[c]);
        }
    }
}

static size_t dstats_workspace(const cpu *c, const ik_node_desc *node) {
    (void)c;
    return blocks_bytes(groups_of(node->in[1], node->out));
}

static ik_status dstats_run(ik_kernel *k, const ik_step *step, ik_error *err) {
    (void)step, (void)err;
    return reduce(k, k->node.in[1], dstats_blocks, dstats_join);
}

const cpu_op cpu_norm_ops[IK_OP_COUNT] = {
    [IK_MOMENTS] = {.run = moments_run, .workspace = moments_workspace},
    [IK_MOMENTS_DX] = {.run = pass_run, .workspace = coefficients_workspace},
    [IK_NORMALIZE] = {.run = pass_run, .workspace = coefficients_workspace},
    [IK_NORMALIZE_DSTATS] = {.run = dstats_run, .workspace = dstats_workspace},
    [IK_NORMALIZE_DX] = {.run = pass_run, .workspace = coefficients_workspace},
};
