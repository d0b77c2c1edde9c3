/* Changing a picture's size: nearest and bilinear upsampling, average and maximum pooling, borders.
 *
 * Gradients gather: a row of the result is made by one thread from all rows that it fed. Only the
 * gradient of max_pool scatters, within one picture and some channels. */
#include "cpu.h"

static inline __attribute__((always_inline)) void add_scaled(float *restrict out, float factor,
                                                             const float *restrict x, int64_t n) {
    for (int64_t c = 0; c < n; c++) out[c] += factor * x[c];
}

/* --- Nearest. */

/* Unit: row of the input. */
static void upsample_range(const ik_kernel *k, int64_t from, int64_t to) {
    const int64_t *in = k->node.in[0]->shape.d, f = k->node.attrs->factor;
    const int64_t w = in[2], c = in[3], row = w * f * c;
    for (int64_t r = from; r < to; r++) {
        const float *x = (const float *)k->in[0] + r * w * c;
        float *out = (float *)k->out + r * f * row;
        for (int64_t i = 0; i < w * f; i++)
            memcpy(out + i * c, x + i / f * c, (size_t)c * sizeof *out);
        for (int64_t i = 1; i < f; i++) memcpy(out + i * row, out, (size_t)row * sizeof *out);
    }
}

static int64_t input_rows(const ik_node_desc *node) {
    return node->in[0]->shape.d[0] * node->in[0]->shape.d[1];
}

/* Unit: row of the output. */
HOT static void upsample_grad_range(const ik_kernel *k, int64_t from, int64_t to) {
    const int64_t *out_d = k->node.out->shape.d, f = k->node.attrs->factor;
    const int64_t w = out_d[2], c = out_d[3];
    for (int64_t r = from; r < to; r++) {
        float *restrict out = (float *)k->out + r * w * c;
        memset(out, 0, (size_t)(w * c) * sizeof *out);
        for (int64_t i = 0; i < f; i++) {
            const float *dy = (const float *)k->in[0] + (r * f + i) * w * f * c;
            for (int64_t x = 0; x < w * f; x++) add_scaled(out + x / f * c, 1, dy + x * c, c);
        }
    }
}

/* --- Mirrored borders. */

static inline int64_t mirrored(int64_t i, int64_t n) {
    return i < 0 ? -i : i >= n ? 2 * (n - 1) - i : i;
}

/* Unit: row of the output. */
static void reflect_range(const ik_kernel *k, int64_t from, int64_t to) {
    const int64_t *in = k->node.in[0]->shape.d, *out_d = k->node.out->shape.d;
    const int *pad = k->node.attrs->padding;
    const int64_t h = in[1], w = in[2], c = in[3];
    for (int64_t r = from; r < to; r++) {
        const int64_t y = mirrored(r % out_d[1] - pad[0], h);
        const float *x = (const float *)k->in[0] + (r / out_d[1] * h + y) * w * c;
        float *out = (float *)k->out + r * out_d[2] * c;
        memcpy(out + pad[1] * c, x, (size_t)(w * c) * sizeof *out);
        for (int64_t j = 0; j < pad[1]; j++) {
            memcpy(out + j * c, x + (pad[1] - j) * c, (size_t)c * sizeof *out);
            memcpy(out + (pad[1] + w + j) * c, x + (w - 2 - j) * c, (size_t)c * sizeof *out);
        }
    }
}

/* Unit: row of the output, which gathers the rows of dy that show it: its own, and a mirrored one
 * at either end. */
static void reflect_grad_range(const ik_kernel *k, int64_t from, int64_t to) {
    const int64_t *in = k->node.in[0]->shape.d, *out_d = k->node.out->shape.d;
    const int *pad = k->node.attrs->padding;
    const int64_t h = out_d[1], w = out_d[2], c = out_d[3];
    for (int64_t r = from; r < to; r++) {
        const int64_t y = r % h, rows[] = {y, -y, 2 * (h - 1) - y};
        float *out = (float *)k->out + r * w * c;
        memset(out, 0, (size_t)(w * c) * sizeof *out);
        for (int i = 0; i < 3; i++) {
            if (i && (rows[i] == y || rows[i] < -pad[0] || rows[i] >= h + pad[0])) continue;
            const float *dy =
                (const float *)k->in[0] + (r / h * in[1] + pad[0] + rows[i]) * in[2] * c;
            for (int64_t x = 0; x < in[2]; x++)
                add_scaled(out + mirrored(x - pad[1], w) * c, 1, dy + x * c, c);
        }
    }
}

/* --- Bilinear, align_corners false. */

typedef struct sample {
    int64_t low, high;
    float part; /* of high */
} sample;

static inline sample sample_at(int64_t at, int64_t in, int64_t out) {
    double s = ((double)at + 0.5) * (double)in / (double)out - 0.5;
    if (s < 0) s = 0;
    const int64_t low = cpu_min((int64_t)s, in - 1);
    return (sample){low, cpu_min(low + 1, in - 1), (float)(s - (double)low)};
}

/* Unit: row of the output. */
HOT static void bilinear_range(const ik_kernel *k, int64_t from, int64_t to) {
    const int64_t *in = k->node.in[0]->shape.d, *o = k->node.out->shape.d;
    const int64_t c_all = in[3];
    for (int64_t r = from; r < to; r++) {
        const sample y = sample_at(r % o[1], in[1], o[1]);
        const float *picture = (const float *)k->in[0] + r / o[1] * in[1] * in[2] * c_all;
        const float *low = picture + y.low * in[2] * c_all;
        const float *high = picture + y.high * in[2] * c_all;
        float *restrict out = (float *)k->out + r * o[2] * c_all;
        for (int64_t i = 0; i < o[2]; i++, out += c_all) {
            const sample x = sample_at(i, in[2], o[2]);
            const float *restrict a = low + x.low * c_all, *restrict b = low + x.high * c_all;
            const float *restrict d = high + x.low * c_all, *restrict e = high + x.high * c_all;
            for (int64_t c = 0; c < c_all; c++)
                out[c] = (1 - y.part) * ((1 - x.part) * a[c] + x.part * b[c]) +
                         y.part * ((1 - x.part) * d[c] + x.part * e[c]);
        }
    }
}

/* Unit: row of the output, which is the size of the forward's input. */
HOT static void bilinear_grad_range(const ik_kernel *k, int64_t from, int64_t to) {
    const int64_t *dy_d = k->node.in[0]->shape.d, *o = k->node.out->shape.d;
    const int64_t c = o[3];
    for (int64_t r = from; r < to; r++) {
        const int64_t mine = r % o[1];
        const float *dy = (const float *)k->in[0] + r / o[1] * dy_d[1] * dy_d[2] * c;
        float *out = (float *)k->out + r * o[2] * c;
        memset(out, 0, (size_t)(o[2] * c) * sizeof *out);
        for (int64_t i = 0; i < dy_d[1]; i++) {
            const sample y = sample_at(i, o[1], dy_d[1]);
            const float weight = (y.low == mine ? 1 - y.part : 0) + (y.high == mine ? y.part : 0);
            if (weight == 0) continue;
            for (int64_t j = 0; j < dy_d[2]; j++) {
                const sample x = sample_at(j, o[2], dy_d[2]);
                const float *at = dy + (i * dy_d[2] + j) * c;
                add_scaled(out + x.low * c, weight * (1 - x.part), at, c);
                if (x.part != 0) add_scaled(out + x.high * c, weight * x.part, at, c);
            }
        }
    }
}

/* --- Pooling. */

typedef struct pool {
    int64_t h, w, c;       /* of the large picture */
    int64_t rows, columns; /* of the small one */
    const ik_attrs *a;
} pool;

static pool pool_of(const ik_tensor *large, const ik_tensor *small, const ik_attrs *a) {
    const int64_t *l = large->shape.d, *s = small->shape.d;
    return (pool){l[1], l[2], l[3], s[1], s[2], a};
}

typedef struct span {
    int64_t first, last; /* last is one past */
} span;

/* Of the large picture, what window i covers along an axis. */
static inline span covered(const pool *p, int axis, int64_t i) {
    const int64_t start = i * p->a->stride[axis] - p->a->padding[axis];
    return (span){cpu_max(start, 0), cpu_min(start + p->a->kernel[axis], axis ? p->w : p->h)};
}

/* The windows that cover position `at`. */
static inline span covering(const pool *p, int axis, int64_t at) {
    const int64_t s = p->a->stride[axis], shifted = at + p->a->padding[axis];
    const int64_t first = shifted - p->a->kernel[axis] + 1;
    return (span){first > 0 ? cpu_ceil_div(first, s) : 0,
                  cpu_min(shifted / s + 1, axis ? p->columns : p->rows)};
}

/* Unit: row of the output. */
HOT static void avg_pool_range(const ik_kernel *k, int64_t from, int64_t to) {
    const pool p = pool_of(k->node.in[0], k->node.out, k->node.attrs);
    for (int64_t r = from; r < to; r++) {
        const span y = covered(&p, 0, r % p.rows);
        const float *picture = (const float *)k->in[0] + r / p.rows * p.h * p.w * p.c;
        float *restrict out = (float *)k->out + r * p.columns * p.c;
        for (int64_t j = 0; j < p.columns; j++, out += p.c) {
            const span x = covered(&p, 1, j);
            const int64_t n = (y.last - y.first) * (x.last - x.first);
            const float factor = n > 0 ? 1 / (float)n : 0;
            for (int64_t c = 0; c < p.c; c++) out[c] = 0;
            for (int64_t i = y.first; i < y.last; i++)
                for (int64_t z = x.first; z < x.last; z++)
                    add_scaled(out, 1, picture + (i * p.w + z) * p.c, p.c);
            for (int64_t c = 0; c < p.c; c++) out[c] *= factor;
        }
    }
}

/* Unit: row of the output, the large picture. */
HOT static void avg_pool_grad_range(const ik_kernel *k, int64_t from, int64_t to) {
    const pool p = pool_of(k->node.out, k->node.in[0], k->node.attrs);
    for (int64_t r = from; r < to; r++) {
        const float *dy = (const float *)k->in[0] + r / p.h * p.rows * p.columns * p.c;
        const span rows = covering(&p, 0, r % p.h);
        float *restrict out = (float *)k->out + r * p.w * p.c;
        for (int64_t z = 0; z < p.w; z++, out += p.c) {
            const span columns = covering(&p, 1, z);
            for (int64_t c = 0; c < p.c; c++) out[c] = 0;
            for (int64_t i = rows.first; i < rows.last; i++) {
                const span y = covered(&p, 0, i);
                for (int64_t j = columns.first; j < columns.last; j++) {
                    const span x = covered(&p, 1, j);
                    const int64_t n = (y.last - y.first) * (x.last - x.first);
                    add_scaled(out, 1 / (float)n, dy + (i * p.columns + j) * p.c, p.c);
                }
            }
        }
    }
}

/* Unit: row of the output. A NaN wins, as in PyTorch. */
HOT static void max_pool_range(const ik_kernel *k, int64_t from, int64_t to) {
    const pool p = pool_of(k->node.in[0], k->node.out, k->node.attrs);
    for (int64_t r = from; r < to; r++) {
        const span y = covered(&p, 0, r % p.rows);
        const float *picture = (const float *)k->in[0] + r / p.rows * p.h * p.w * p.c;
        float *restrict out = (float *)k->out + r * p.columns * p.c;
        for (int64_t j = 0; j < p.columns; j++, out += p.c) {
            const span x = covered(&p, 1, j);
            const float *first = picture + (y.first * p.w + x.first) * p.c;
            memcpy(out, first, (size_t)p.c * sizeof *out);
            for (int64_t i = y.first; i < y.last; i++)
                for (int64_t z = x.first; z < x.last; z++) {
                    const float *restrict at = picture + (i * p.w + z) * p.c;
                    for (int64_t c = 0; c < p.c; c++)
                        out[c] = ((at[c] > out[c]) | (at[c] != at[c])) ? at[c] : out[c];
                }
        }
    }
}

enum { CHUNK = 64 };

static int64_t max_pool_tasks(const ik_node_desc *node) {
    return node->out->shape.d[0] * cpu_ceil_div(cpu_channels(node->out), CHUNK);
}

/* Unit: CHUNK channels of a picture. */
HOT static void max_pool_grad_range(const ik_kernel *k, int64_t from, int64_t to) {
    const pool p = pool_of(k->node.out, k->node.in[0], k->node.attrs);
    const int64_t chunks = cpu_ceil_div(p.c, CHUNK);
    for (int64_t task = from; task < to; task++) {
        const int64_t b = task / chunks, c0 = task % chunks * CHUNK;
        const int64_t n = cpu_min(CHUNK, p.c - c0);
        const float *picture = (const float *)k->in[1] + b * p.h * p.w * p.c + c0;
        const float *dy = (const float *)k->in[0] + b * p.rows * p.columns * p.c + c0;
        float *out = (float *)k->out + b * p.h * p.w * p.c + c0;
        for (int64_t i = 0; i < p.h * p.w; i++) memset(out + i * p.c, 0, (size_t)n * sizeof *out);
        for (int64_t i = 0; i < p.rows * p.columns; i++, dy += p.c) {
            const span y = covered(&p, 0, i / p.columns), x = covered(&p, 1, i % p.columns);
            float best[CHUNK];
            int32_t where[CHUNK];
            const int64_t first = y.first * p.w + x.first;
            for (int64_t c = 0; c < n; c++)
                best[c] = picture[first * p.c + c], where[c] = (int32_t)first;
            for (int64_t u = y.first; u < y.last; u++)
                for (int64_t v = x.first; v < x.last; v++) {
                    const float *restrict at = picture + (u * p.w + v) * p.c;
                    for (int64_t c = 0; c < n; c++) {
                        const bool better = (at[c] > best[c]) | (at[c] != at[c]);
                        best[c] = better ? at[c] : best[c];
                        where[c] = better ? (int32_t)(u * p.w + v) : where[c];
                    }
                }
            for (int64_t c = 0; c < n; c++) out[where[c] * p.c + c] += dy[c];
        }
    }
}

const cpu_op cpu_pooling_ops[IK_OP_COUNT] = {
    [IK_UPSAMPLE] = {.range = upsample_range, .units = input_rows},
    [IK_UPSAMPLE_GRAD] = {.range = upsample_grad_range, .units = cpu_rows},
    [IK_BILINEAR] = {.range = bilinear_range, .units = cpu_rows},
    [IK_BILINEAR_GRAD] = {.range = bilinear_grad_range, .units = cpu_rows},
    [IK_REFLECT] = {.range = reflect_range, .units = cpu_rows},
    [IK_REFLECT_GRAD] = {.range = reflect_grad_range, .units = cpu_rows},
    [IK_AVG_POOL] = {.range = avg_pool_range, .units = cpu_rows},
    [IK_AVG_POOL_GRAD] = {.range = avg_pool_grad_range, .units = cpu_rows},
    [IK_MAX_POOL] = {.range = max_pool_range, .units = cpu_rows},
    [IK_MAX_POOL_GRAD] = {.range = max_pool_grad_range, .units = max_pool_tasks},
};
