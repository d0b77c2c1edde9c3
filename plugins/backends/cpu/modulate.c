/* Normalise, scale and shift by segment, leaky ReLU, in one pass over memory; and its gradients.
 * The sums for the tables' gradient are in segments.c. */
#include <math.h>

#include "cpu.h"

/* What a pixel needs; the op's inputs from `x` on are x, stats, scale, shift, map. */
typedef struct modulation {
    int64_t group, sample; /* pixels per mean, per picture */
    int64_t c, rows, tables;
    float slope;
    const int32_t *map;
    const float *coefficients, *scale, *shift;
} modulation;

static modulation modulation_of(const ik_kernel *k) {
    const int x = k->node.op == IK_MODULATE ? 0 : 1;
    const ik_node_desc *node = &k->node;
    const int64_t c = cpu_channels(node->in[x]), pixels = ik_count(node->in[x]->shape) / c;
    return (modulation){.group = pixels / node->in[x + 1]->shape.d[0],
                        .sample = pixels / node->in[x]->shape.d[0],
                        .c = c,
                        .rows = node->in[x + 2]->shape.d[1],
                        .tables = node->in[x + 2]->shape.d[0],
                        .slope = (float)node->attrs->slope,
                        .map = k->in[x + 4],
                        .coefficients = k->workspace,
                        .scale = k->in[x + 2],
                        .shift = k->in[x + 3]};
}

/* Where a pixel's row begins in the tables; -1: a row of zeros. */
static inline int64_t row_of(const modulation *m, int64_t p) {
    const int32_t id = m->map[p];
    if (id < 0 || id >= m->rows) return -1;
    return ((m->tables == 1 ? 0 : p / m->sample) * m->rows + id) * m->c;
}

HOT static void modulate_range(const ik_kernel *k, int64_t from, int64_t to) {
    const modulation m = modulation_of(k);
    for (int64_t p = from; p < to; p++) {
        const int64_t row = row_of(&m, p);
        const float *restrict x = (const float *)k->in[0] + p * m.c;
        float *restrict out = (float *)k->out + p * m.c;
        if (row < 0) {
            memset(out, 0, (size_t)m.c * sizeof *out);
            continue;
        }
        const float *restrict mean = m.coefficients + p / m.group * CPU_COEFFICIENTS * m.c;
        const float *restrict r = mean + CPU_R * m.c;
        const float *restrict scale = m.scale + row, *restrict shift = m.shift + row;
        for (int64_t c = 0; c < m.c; c++) {
            const float y = (x[c] - mean[c]) * r[c] * scale[c] + shift[c];
            out[c] = y * (y > 0 ? 1 : m.slope);
        }
    }
}

HOT static void modulate_dx_range(const ik_kernel *k, int64_t from, int64_t to) {
    const modulation m = modulation_of(k);
    for (int64_t p = from; p < to; p++) {
        const int64_t row = row_of(&m, p);
        const float *restrict dy = (const float *)k->in[0] + p * m.c;
        const float *restrict x = (const float *)k->in[1] + p * m.c;
        const float *restrict mean = m.coefficients + p / m.group * CPU_COEFFICIENTS * m.c;
        const float *restrict r = mean + CPU_R * m.c;
        const float *restrict a = mean + CPU_A * m.c, *restrict b = mean + CPU_B * m.c;
        float *restrict out = (float *)k->out + p * m.c;
        if (row < 0) {
            for (int64_t c = 0; c < m.c; c++) out[c] = a[c] + (x[c] - mean[c]) * b[c];
            continue;
        }
        const float *restrict scale = m.scale + row, *restrict shift = m.shift + row;
        for (int64_t c = 0; c < m.c; c++) {
            const float d = x[c] - mean[c];
            const float g = dy[c] * (d * r[c] * scale[c] + shift[c] > 0 ? 1 : m.slope);
            out[c] = g * scale[c] * r[c] + (a[c] + d * b[c]);
        }
    }
}

static size_t modulate_workspace(const cpu *c, const ik_node_desc *node) {
    (void)c;
    return cpu_coefficients_bytes(node->in[node->op == IK_MODULATE ? 1 : 2]);
}

static ik_status modulate_run(ik_kernel *k, const ik_step *step, ik_error *err) {
    (void)step, (void)err;
    const int x = k->node.op == IK_MODULATE ? 0 : 1;
    cpu_coefficients(k->node.in[x], k->node.in[x + 1], k->in[x + 1],
                     k->node.n_in > 6 ? k->in[6] : NULL, k->node.attrs->eps, k->workspace);
    cpu_split(k, cpu_pixels(&k->node), ik_count(k->node.out->shape),
              x ? modulate_dx_range : modulate_range);
    return IK_OK;
}

/* dmean = -r sum scale dshift, dvar = -r^2/2 sum scale dscale; units are groups. */
HOT static void dstats_range(const ik_kernel *k, int64_t from, int64_t to) {
    const ik_shape *scale_shape = &k->node.in[1]->shape;
    const int64_t groups = k->node.out->shape.d[0], tables = scale_shape->d[0];
    const int64_t c_all = scale_shape->d[2], all = ik_count(*scale_shape);
    const int64_t rows = scale_shape->d[1] * (groups == 1 ? tables : 1);
    enum { CHUNK = 64 };
    for (int64_t g = from; g < to; g++) {
        const float *scale = (const float *)k->in[1] + g * rows * c_all;
        const float *dscale = (const float *)k->in[0] + g * rows * c_all, *dshift = dscale + all;
        const float *var = (const float *)k->in[2] + (g * 2 + 1) * c_all;
        float *out = (float *)k->out + g * 2 * c_all;
        for (int64_t c0 = 0; c0 < c_all; c0 += CHUNK) {
            const int64_t n = cpu_min(CHUNK, c_all - c0);
            double mean[CHUNK] = {0}, square[CHUNK] = {0};
            for (int64_t row = 0; row < rows; row++)
                for (int64_t c = 0; c < n; c++) {
                    const int64_t at = row * c_all + c0 + c;
                    mean[c] += (double)scale[at] * dshift[at];
                    square[c] += (double)scale[at] * dscale[at];
                }
            for (int64_t c = 0; c < n; c++) {
                const double v = 1 / ((double)var[c0 + c] + k->node.attrs->eps);
                out[c0 + c] = (float)(-sqrt(v) * mean[c]);
                out[c_all + c0 + c] = (float)(-0.5 * v * square[c]);
            }
        }
    }
}

static int64_t dstats_groups(const ik_node_desc *node) {
    return node->out->shape.d[0];
}

static ik_status dstats_prepare(cpu *c, ik_kernel *k, ik_error *err) {
    (void)c;
    const int64_t groups = k->node.out->shape.d[0], tables = k->node.in[1]->shape.d[0];
    if (groups != 1 && groups != tables)
        return ik_errorf(err, IK_FAILED,
                         "cpu: modulate_dstats: %lld groups of statistics but %lld tables; "
                         "statistics per picture need a table per picture",
                         (long long)groups, (long long)tables);
    return IK_OK;
}

const cpu_op cpu_modulate_ops[IK_OP_COUNT] = {
    [IK_MODULATE] = {.run = modulate_run, .workspace = modulate_workspace},
    [IK_MODULATE_DX] = {.run = modulate_run, .workspace = modulate_workspace},
    [IK_MODULATE_DSTATS] = {.range = dstats_range,
                            .units = dstats_groups,
                            .prepare = dstats_prepare},
};
