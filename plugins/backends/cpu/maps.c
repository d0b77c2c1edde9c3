/* Integer maps: lookup, counts, one-hot, resizing and edges. */
#include "cpu.h"

/* A row of the table per pixel; unit: pixel. */
static void lookup_range(const ik_kernel *k, int64_t from, int64_t to) {
    const ik_shape *table = &k->node.in[0]->shape;
    const int64_t c = table->d[2], rows = table->d[1];
    const int64_t sample = cpu_max(cpu_per_sample(k->node.in[1]), 1);
    const int32_t *map = k->in[1];
    const float *in = k->in[0];
    float *out = (float *)k->out + from * c;
    for (int64_t p = from; p < to; p++, out += c) {
        const int64_t t = table->d[0] == 1 ? 0 : p / sample;
        if (map[p] < 0 || map[p] >= rows)
            memset(out, 0, (size_t)c * sizeof *out);
        else
            memcpy(out, in + (t * rows + map[p]) * c, (size_t)c * sizeof *out);
    }
}

/* Unit: pixel. */
HOT static void affine_range(const ik_kernel *k, int64_t from, int64_t to) {
    const ik_shape *table = &k->node.in[0]->shape, *factors = &k->node.in[3]->shape;
    const int64_t c = table->d[2], ids = table->d[1], others = factors->d[1];
    const int64_t rows = factors->rank == 4 ? factors->d[2] : 1, start = k->node.attrs->start;
    const int64_t sample = cpu_max(cpu_per_sample(k->node.in[2]), 1);
    const int32_t *of = k->in[2], *by = k->in[4];
    float *restrict out = (float *)k->out + from * c;
    for (int64_t p = from; p < to; p++, out += c) {
        const bool there = of[p] >= 0 && of[p] < ids, scaled = by[p] >= 0 && by[p] < others;
        const int64_t t = table->d[0] == 1 ? 0 : p / sample,
                      n = factors->d[0] == 1 ? 0 : p / sample;
        const float *restrict a = (const float *)k->in[0] + (t * ids + of[p]) * c,
                              *restrict b = (const float *)k->in[1] + (t * ids + of[p]) * c,
                              *restrict f = (const float *)k->in[3] +
                                            ((n * others + by[p]) * rows + start) * c;
        if (!there)
            memset(out, 0, (size_t)c * sizeof *out);
        else if (!scaled)
            memcpy(out, b, (size_t)c * sizeof *out);
        else
            for (int64_t i = 0; i < c; i++) out[i] = a[i] * f[i] + b[i];
    }
}

/* Unit: picture. */
static void count_range(const ik_kernel *k, int64_t from, int64_t to) {
    const int64_t n = k->node.out->shape.d[1], sample = cpu_per_sample(k->node.in[0]);
    for (int64_t b = from; b < to; b++) {
        const int32_t *map = (const int32_t *)k->in[0] + b * sample;
        float *out = (float *)k->out + b * n;
        int32_t *counts = k->workspace; /* floats would stop counting at 2^24 */
        counts += b * n;
        memset(counts, 0, (size_t)n * sizeof *counts);
        for (int64_t p = 0; p < sample; p++)
            if (map[p] >= 0 && map[p] < n) counts[map[p]]++;
        for (int64_t i = 0; i < n; i++) out[i] = (float)counts[i];
    }
}

static size_t count_workspace(const cpu *c, const ik_node_desc *node) {
    (void)c;
    return (size_t)ik_count(node->out->shape) * sizeof(int32_t);
}

static int64_t pictures(const ik_node_desc *node) {
    return node->out->shape.d[0];
}

/* Unit: pixel. */
static void one_hot_range(const ik_kernel *k, int64_t from, int64_t to) {
    const int64_t n = cpu_channels(k->node.out);
    const int32_t *map = k->in[0];
    float *out = k->out;
    memset(out + from * n, 0, (size_t)((to - from) * n) * sizeof *out);
    for (int64_t p = from; p < to; p++)
        if (map[p] >= 0 && map[p] < n) out[p * n + map[p]] = 1;
}

/* Unit: row of the output. */
static void resize_range(const ik_kernel *k, int64_t from, int64_t to) {
    const int64_t *in = k->node.in[0]->shape.d, *out = k->node.out->shape.d;
    for (int64_t r = from; r < to; r++) {
        const int64_t b = r / out[1], y = r % out[1] * in[1] / out[1];
        const int32_t *row = (const int32_t *)k->in[0] + (b * in[1] + y) * in[2];
        int32_t *to_row = (int32_t *)k->out + r * out[2];
        for (int64_t x = 0; x < out[2]; x++) to_row[x] = row[x * in[2] / out[2]];
    }
}

/* Unit: row. */
HOT static void edge_range(const ik_kernel *k, int64_t from, int64_t to) {
    const int64_t h = k->node.in[0]->shape.d[1], w = k->node.in[0]->shape.d[2];
    for (int64_t r = from; r < to; r++) {
        const int32_t *row = (const int32_t *)k->in[0] + r * w;
        const int32_t *up = r % h > 0 ? row - w : row, *down = r % h < h - 1 ? row + w : row;
        float *out = (float *)k->out + r * w;
        for (int64_t x = 0; x < w; x++) out[x] = (float)((up[x] != row[x]) | (down[x] != row[x]));
        for (int64_t x = 1; x < w; x++)
            if (row[x] != row[x - 1]) out[x] = out[x - 1] = 1;
    }
}

const cpu_op cpu_maps_ops[IK_OP_COUNT] = {
    [IK_LOOKUP] = {.range = lookup_range, .units = cpu_pixels},
    [IK_LOOKUP_AFFINE] = {.range = affine_range, .units = cpu_pixels},
    [IK_SEGMENT_COUNT] = {.range = count_range, .units = pictures, .workspace = count_workspace},
    [IK_ONE_HOT] = {.range = one_hot_range, .units = cpu_pixels},
    [IK_RESIZE_MAP] = {.range = resize_range, .units = cpu_rows},
    [IK_EDGE_MAP] = {.range = edge_range, .units = cpu_rows},
};
