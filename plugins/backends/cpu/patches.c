/* Windows of a picture, tap by tap, and the same restricted to the centre's segment. */
#include "cpu.h"

enum { WIDEST = 256, RUN = 64 };

typedef struct window {
    int64_t h, w, c;       /* of x */
    int64_t rows, columns; /* of the grid of centres */
    int64_t taps;
    const ik_attrs *a;
    const int32_t *map;
} window;

/* x [B,H,W,C] is input 0 of patches and the output of the gradients. */
static window window_of(const ik_kernel *k) {
    const bool grad = k->node.op == IK_PATCHES_GRAD || k->node.op == IK_SEGMENT_PATCHES_GRAD;
    const int64_t *x = (grad ? k->node.out : k->node.in[0])->shape.d;
    const int64_t *y = (grad ? k->node.in[0] : k->node.out)->shape.d;
    const bool strided = k->node.op == IK_PATCHES || k->node.op == IK_PATCHES_GRAD;
    const ik_attrs *a = k->node.attrs;
    return (window){x[1],
                    x[2],
                    x[3],
                    strided ? y[1] : x[1],
                    strided ? y[2] : x[2],
                    (int64_t)a->kernel[0] * a->kernel[1],
                    a,
                    k->in[1]};
}

/* Unit: row of centres. */
static void patches_range(const ik_kernel *k, int64_t from, int64_t to) {
    const window n = window_of(k);
    const ik_attrs *a = n.a;
    const size_t bytes = (size_t)n.c * sizeof(float);
    for (int64_t r = from; r < to; r++) {
        const int64_t b = r / n.rows, i = r % n.rows;
        const int32_t *map = n.map + b * n.h * n.w;
        const float *x = (const float *)k->in[0] + b * n.h * n.w * n.c;
        float *out = (float *)k->out + r * n.columns * n.taps * n.c;
        for (int64_t j = 0; j < n.columns; j++) {
            const int32_t id = map[i * a->stride[0] * n.w + j * a->stride[1]];
            for (int64_t tap = 0; tap < n.taps; tap++, out += n.c) {
                const int64_t y = i * a->stride[0] + tap / a->kernel[1] - a->padding[0];
                const int64_t z = j * a->stride[1] + tap % a->kernel[1] - a->padding[1];
                if (y < 0 || y >= n.h || z < 0 || z >= n.w || map[y * n.w + z] != id)
                    memset(out, 0, bytes);
                else
                    memcpy(out, x + (y * n.w + z) * n.c, bytes);
            }
        }
    }
}

/* The centre along one axis whose tap `u` lies at `at`; -1: none. */
static inline int64_t centre(int64_t at, int64_t u, int64_t padding, int64_t stride, int64_t n) {
    const int64_t i = at + padding - u;
    return i < 0 || i % stride || i / stride >= n ? -1 : i / stride;
}

/* Every pixel gathers from the centres that hold it as a tap; unit: row of pixels. */
HOT static void patches_grad_range(const ik_kernel *k, int64_t from, int64_t to) {
    const window n = window_of(k);
    const ik_attrs *a = n.a;
    for (int64_t r = from; r < to; r++) {
        const int64_t b = r / n.h, y = r % n.h;
        const int32_t *map = n.map + b * n.h * n.w;
        const float *all = (const float *)k->in[0] + b * n.rows * n.columns * n.taps * n.c;
        float *restrict out = (float *)k->out + r * n.w * n.c;
        memset(out, 0, (size_t)(n.w * n.c) * sizeof *out);
        for (int64_t u = 0; u < a->kernel[0]; u++) {
            const int64_t i = centre(y, u, a->padding[0], a->stride[0], n.rows);
            if (i < 0) continue;
            for (int64_t v = 0; v < a->kernel[1]; v++)
                for (int64_t z = 0; z < n.w; z++) {
                    const int64_t j = centre(z, v, a->padding[1], a->stride[1], n.columns);
                    if (j < 0) continue;
                    const int32_t id = map[i * a->stride[0] * n.w + j * a->stride[1]];
                    if (map[y * n.w + z] != id) continue;
                    const int64_t at = ((i * n.columns + j) * n.taps + u * a->kernel[1] + v) * n.c;
                    const float *restrict dy = all + at;
                    for (int64_t c = 0; c < n.c; c++) out[z * n.c + c] += dy[c];
                }
        }
    }
}

/* --- Summed over segments. A task owns one picture's tap and some channels. */

static inline __attribute__((always_inline)) void flush(double *restrict row, float *restrict sum,
                                                        int64_t n) {
    for (int64_t c = 0; c < n; c++) row[c] += sum[c], sum[c] = 0;
}

HOT static void segment_range(const ik_kernel *k, int64_t from, int64_t to) {
    const window n = window_of(k);
    const int64_t ids = k->node.out->shape.d[1], chunks = cpu_ceil_div(n.c, WIDEST);
    const int64_t wide = n.taps * n.c;
    for (int64_t task = from; task < to; task++) {
        const int64_t c0 = task % chunks * WIDEST, channels = cpu_min(WIDEST, n.c - c0);
        const int64_t tap = task / chunks % n.taps, b = task / chunks / n.taps;
        const int64_t up = tap / n.a->kernel[1] - n.a->padding[0];
        const int64_t left = tap % n.a->kernel[1] - n.a->padding[1];
        const int32_t *map = n.map + b * n.h * n.w;
        const float *x = (const float *)k->in[0] + b * n.h * n.w * n.c + c0;
        double *table = (double *)k->workspace + b * ids * wide + tap * n.c + c0;
        for (int64_t i = 0; i < ids; i++)
            memset(table + i * wide, 0, (size_t)channels * sizeof *table);
        for (int64_t y = cpu_max(0, -up); y < cpu_min(n.h, n.h - up); y++) {
            float sum[WIDEST] = {0};
            int64_t held = 0;
            int32_t last = -1;
            for (int64_t z = cpu_max(0, -left); z < cpu_min(n.w, n.w - left); z++) {
                const int32_t id = map[y * n.w + z];
                const int64_t q = (y + up) * n.w + z + left;
                if (id < 0 || id >= ids || map[q] != id) continue;
                if (held && (id != last || held == RUN))
                    flush(table + last * wide, sum, channels), held = 0;
                const float *restrict at = x + q * n.c;
                for (int64_t c = 0; c < channels; c++) sum[c] += at[c];
                last = id, held++;
            }
            if (held) flush(table + last * wide, sum, channels);
        }
    }
}

static void narrow_range(const ik_kernel *k, int64_t from, int64_t to) {
    const double *table = k->workspace;
    float *out = k->out;
    for (int64_t i = from; i < to; i++) out[i] = (float)table[i];
}

static size_t segment_workspace(const cpu *c, const ik_node_desc *node) {
    (void)c;
    return (size_t)ik_count(node->out->shape) * sizeof(double);
}

static ik_status segment_run(ik_kernel *k, const ik_step *step, ik_error *err) {
    (void)step, (void)err;
    const window n = window_of(k);
    const int64_t tasks = k->node.out->shape.d[0] * n.taps * cpu_ceil_div(n.c, WIDEST);
    cpu_split(k, tasks, ik_count(k->node.in[0]->shape) * n.taps, segment_range);
    cpu_split(k, cpu_elements(&k->node), cpu_elements(&k->node), narrow_range);
    return IK_OK;
}

/* Unit: row of pixels. */
HOT static void segment_grad_range(const ik_kernel *k, int64_t from, int64_t to) {
    const window n = window_of(k);
    const int64_t ids = k->node.in[0]->shape.d[1], wide = n.taps * n.c;
    for (int64_t r = from; r < to; r++) {
        const int64_t b = r / n.h, y = r % n.h;
        const int32_t *map = n.map + b * n.h * n.w;
        const float *table = (const float *)k->in[0] + b * ids * wide;
        for (int64_t z = 0; z < n.w; z++) {
            const int32_t id = map[y * n.w + z];
            float *restrict out = (float *)k->out + (r * n.w + z) * n.c;
            for (int64_t c = 0; c < n.c; c++) out[c] = 0;
            if (id < 0 || id >= ids) continue;
            for (int64_t tap = 0; tap < n.taps; tap++) {
                const int64_t i = y - tap / n.a->kernel[1] + n.a->padding[0];
                const int64_t j = z - tap % n.a->kernel[1] + n.a->padding[1];
                if (i < 0 || i >= n.h || j < 0 || j >= n.w || map[i * n.w + j] != id) continue;
                const float *restrict dy = table + id * wide + tap * n.c;
                for (int64_t c = 0; c < n.c; c++) out[c] += dy[c];
            }
        }
    }
}

const cpu_op cpu_patches_ops[IK_OP_COUNT] = {
    [IK_PATCHES] = {.range = patches_range, .units = cpu_rows},
    [IK_PATCHES_GRAD] = {.range = patches_grad_range, .units = cpu_rows},
    [IK_SEGMENT_PATCHES] = {.run = segment_run, .workspace = segment_workspace},
    [IK_SEGMENT_PATCHES_GRAD] = {.range = segment_grad_range, .units = cpu_rows},
};
