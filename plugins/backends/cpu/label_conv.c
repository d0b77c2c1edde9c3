/* Convolution of a one-hot map that is never made: sums of weight rows chosen by the labels.
 *
 * The weights are turned to [tap][L][O] first. Where a whole window lies in one label, which is
 * most of a picture, a row summed over all taps is copied. With attrs.pooled a tap sees a cell of 3
 * x 3 labels; cells of one label, nearly all, are found beforehand and count as that label. */
#include "cpu.h"

enum { NONE = -1, MIXED = -2, CHUNK = 64, RUN = 64 };

typedef struct label_window {
    int64_t batch, h, w;   /* of the map */
    int64_t ch, cw;        /* of the cells */
    int64_t rows, columns; /* of the other picture */
    int64_t taps, labels, o;
    const ik_attrs *a;
    const int32_t *map;
    int32_t *cells;          /* NONE, MIXED or a label */
    float *weights, *summed; /* [taps][L][O], [L][O] */
    double *sums;            /* dw: [taps][L][O] */
    size_t bytes;
} label_window;

static label_window window_of(const ik_node_desc *n, void *workspace) {
    const bool dw = n->op == IK_LABEL_CONV_DW;
    const int64_t *map = n->in[dw]->shape.d, *y = (dw ? n->in[0] : n->out)->shape.d;
    const int64_t *w = (dw ? n->out : n->in[1])->shape.d;
    label_window v = {map[0], map[1],      map[2], map[1], map[2],  y[1],
                      y[2],   w[2] * w[3], w[1],   w[0],   n->attrs};
    if (n->attrs->pooled) v.ch = (v.h - 1) / 2 + 1, v.cw = (v.w - 1) / 2 + 1;
    char *at = workspace;
    v.cells = (int32_t *)at;
    v.bytes = ((size_t)(v.batch * v.ch * v.cw) * sizeof(int32_t) + 63) / 64 * 64;
    v.weights = (float *)(at + v.bytes);
    v.sums = (double *)(at + v.bytes);
    v.summed = v.weights + v.taps * v.labels * v.o;
    const int64_t table = v.labels * v.o;
    v.bytes += dw ? (size_t)(v.taps * table) * sizeof(double)
                  : (size_t)((v.taps + 1) * table) * sizeof(float);
    return v;
}

static label_window window_in(const ik_kernel *k) {
    label_window v = window_of(&k->node, k->workspace);
    v.map = k->in[k->node.op == IK_LABEL_CONV_DW];
    return v;
}

/* The labels that a pooled cell averages. */
typedef struct box {
    int64_t y0, y1, x0, x1, n;
} box;

static inline box box_of(const label_window *v, int64_t y, int64_t x) {
    box b = {cpu_max(2 * y - 1, 0), cpu_min(2 * y + 2, v->h), cpu_max(2 * x - 1, 0),
             cpu_min(2 * x + 2, v->w), 0};
    b.n = (b.y1 - b.y0) * (b.x1 - b.x0);
    return b;
}

static inline int32_t checked(const label_window *v, int32_t id) {
    return id >= 0 && id < v->labels ? id : NONE;
}

/* Unit: row of cells. */
static void cells_range(const ik_kernel *k, int64_t from, int64_t to) {
    const label_window v = window_in(k);
    for (int64_t r = from; r < to; r++) {
        const int32_t *map = v.map + r / v.ch * v.h * v.w;
        for (int64_t x = 0; x < v.cw; x++) {
            int32_t *cell = &v.cells[r * v.cw + x];
            if (!v.a->pooled) {
                *cell = checked(&v, map[r % v.ch * v.w + x]);
                continue;
            }
            const box b = box_of(&v, r % v.ch, x);
            *cell = checked(&v, map[b.y0 * v.w + b.x0]);
            for (int64_t i = b.y0; i < b.y1; i++)
                for (int64_t j = b.x0; j < b.x1; j++)
                    if (checked(&v, map[i * v.w + j]) != *cell) *cell = MIXED;
        }
    }
}

static size_t workspace(const cpu *c, const ik_node_desc *node) {
    (void)c;
    return window_of(node, NULL).bytes;
}

/* --- Forward. */

/* Unit: label. */
static void turn_range(const ik_kernel *k, int64_t from, int64_t to) {
    const label_window v = window_in(k);
    const float *w = k->in[1];
    for (int64_t l = from; l < to; l++) {
        float *summed = v.summed + l * v.o;
        for (int64_t o = 0; o < v.o; o++) summed[o] = 0;
        for (int64_t tap = 0; tap < v.taps; tap++) {
            float *row = v.weights + (tap * v.labels + l) * v.o;
            for (int64_t o = 0; o < v.o; o++) {
                row[o] = w[(o * v.labels + l) * v.taps + tap];
                summed[o] += row[o];
            }
        }
    }
}

static inline __attribute__((always_inline)) void add(float *restrict out, float factor,
                                                      const float *restrict row, int64_t n) {
    for (int64_t o = 0; o < n; o++) out[o] += factor * row[o];
}

/* The label of the whole window at cell (y, x), or MIXED. */
static inline int32_t whole(const label_window *v, const int32_t *cells, int64_t y, int64_t x) {
    if (y < 0 || x < 0 || y + v->a->kernel[0] > v->ch || x + v->a->kernel[1] > v->cw) return MIXED;
    const int32_t id = cells[y * v->cw + x];
    for (int64_t i = 0; i < v->a->kernel[0]; i++)
        for (int64_t j = 0; j < v->a->kernel[1]; j++)
            if (cells[(y + i) * v->cw + x + j] != id) return MIXED;
    return id;
}

/* Adds what one tap sees at cell (y, x) of a picture. */
static inline __attribute__((always_inline)) void
add_tap(const label_window *v, int64_t b, int64_t y, int64_t x, int64_t tap, float *restrict out) {
    const float *weights = v->weights + tap * v->labels * v->o;
    const int32_t id = v->cells[(b * v->ch + y) * v->cw + x];
    if (id >= 0) {
        add(out, 1, weights + id * v->o, v->o);
    } else if (id == MIXED) {
        const box c = box_of(v, y, x);
        const int32_t *map = v->map + b * v->h * v->w;
        for (int64_t i = c.y0; i < c.y1; i++)
            for (int64_t j = c.x0; j < c.x1; j++) {
                const int32_t one = checked(v, map[i * v->w + j]);
                if (one >= 0) add(out, 1 / (float)c.n, weights + one * v->o, v->o);
            }
    }
}

/* Unit: row of the output. */
HOT static void forward_range(const ik_kernel *k, int64_t from, int64_t to) {
    const label_window v = window_in(k);
    for (int64_t r = from; r < to; r++) {
        const int64_t b = r / v.rows, y = r % v.rows * v.a->stride[0] - v.a->padding[0];
        const int32_t *cells = v.cells + b * v.ch * v.cw;
        float *out = (float *)k->out + r * v.columns * v.o;
        for (int64_t j = 0; j < v.columns; j++, out += v.o) {
            const int64_t x = j * v.a->stride[1] - v.a->padding[1];
            const int32_t id = whole(&v, cells, y, x);
            if (id >= 0) {
                memcpy(out, v.summed + id * v.o, (size_t)v.o * sizeof *out);
                continue;
            }
            memset(out, 0, (size_t)v.o * sizeof *out);
            if (id == NONE) continue;
            for (int64_t tap = 0; tap < v.taps; tap++) {
                const int64_t cy = y + tap / v.a->kernel[1], cx = x + tap % v.a->kernel[1];
                if (cy >= 0 && cy < v.ch && cx >= 0 && cx < v.cw) add_tap(&v, b, cy, cx, tap, out);
            }
        }
    }
}

static ik_status forward_run(ik_kernel *k, const ik_step *step, ik_error *err) {
    (void)step, (void)err;
    const label_window v = window_in(k);
    cpu_split(k, v.batch * v.ch, v.batch * v.ch * v.cw, cells_range);
    cpu_split(k, v.labels, v.labels * v.o * v.taps, turn_range);
    cpu_split(k, cpu_rows(&k->node), cpu_elements(&k->node) * v.taps, forward_range);
    return IK_OK;
}

/* --- Gradient of the weights. A task owns one tap and CHUNK output channels. */

static inline __attribute__((always_inline)) void flush(double *restrict row, float *restrict sum,
                                                        int64_t n) {
    for (int64_t o = 0; o < n; o++) row[o] += sum[o], sum[o] = 0;
}

/* A mixed cell: a share to each of its labels. `at` is the row of label 0. */
static inline __attribute__((always_inline)) void spread(const label_window *v, int64_t b,
                                                         int64_t y, int64_t x, double *restrict at,
                                                         const float *restrict dy, int64_t n) {
    const box c = box_of(v, y, x);
    const int32_t *map = v->map + b * v->h * v->w;
    const double share = 1.0 / (double)c.n;
    for (int64_t i = c.y0; i < c.y1; i++)
        for (int64_t j = c.x0; j < c.x1; j++) {
            const int32_t id = checked(v, map[i * v->w + j]);
            if (id < 0) continue;
            for (int64_t o = 0; o < n; o++) at[id * v->o + o] += share * dy[o];
        }
}

/* One row of dy under one tap; its cells are in row `y` from column `x0` on. */
static inline __attribute__((always_inline)) void dw_row(const label_window *v, int64_t b,
                                                         int64_t y, int64_t x0, double *at,
                                                         const float *dy, int64_t n) {
    float sum[CHUNK] = {0};
    int32_t last = NONE;
    int64_t held = 0;
    const int32_t *cells = v->cells + (b * v->ch + y) * v->cw;
    for (int64_t j = 0; j < v->columns; j++) {
        const int64_t x = j * v->a->stride[1] + x0;
        if (x < 0 || x >= v->cw || cells[x] == NONE) continue;
        const float *restrict from = dy + j * v->o;
        if (cells[x] == MIXED) {
            spread(v, b, y, x, at, from, n);
            continue;
        }
        if (held && (cells[x] != last || held == RUN)) flush(at + last * v->o, sum, n), held = 0;
        for (int64_t o = 0; o < n; o++) sum[o] += from[o];
        last = cells[x], held++;
    }
    if (held) flush(at + last * v->o, sum, n);
}

HOT static void dw_range(const ik_kernel *k, int64_t from, int64_t to) {
    const label_window v = window_in(k);
    const int64_t chunks = cpu_ceil_div(v.o, CHUNK);
    for (int64_t task = from; task < to; task++) {
        const int64_t tap = task / chunks, o0 = task % chunks * CHUNK;
        const int64_t n = cpu_min(CHUNK, v.o - o0);
        double *at = v.sums + tap * v.labels * v.o + o0;
        for (int64_t l = 0; l < v.labels; l++) memset(at + l * v.o, 0, (size_t)n * sizeof *at);
        for (int64_t r = 0; r < v.batch * v.rows; r++) {
            const int64_t y = r % v.rows * v.a->stride[0] - v.a->padding[0] + tap / v.a->kernel[1];
            if (y < 0 || y >= v.ch) continue;
            dw_row(&v, r / v.rows, y, tap % v.a->kernel[1] - v.a->padding[1], at,
                   (const float *)k->in[0] + r * v.columns * v.o + o0, n);
        }
    }
}

/* Unit: output channel. */
static void turn_back_range(const ik_kernel *k, int64_t from, int64_t to) {
    const label_window v = window_in(k);
    float *out = (float *)k->out + from * v.labels * v.taps;
    for (int64_t o = from; o < to; o++)
        for (int64_t l = 0; l < v.labels; l++)
            for (int64_t tap = 0; tap < v.taps; tap++)
                *out++ = (float)v.sums[(tap * v.labels + l) * v.o + o];
}

static ik_status dw_run(ik_kernel *k, const ik_step *step, ik_error *err) {
    (void)step, (void)err;
    const label_window v = window_in(k);
    cpu_split(k, v.batch * v.ch, v.batch * v.ch * v.cw, cells_range);
    cpu_split(k, v.taps * cpu_ceil_div(v.o, CHUNK), ik_count(k->node.in[0]->shape) * v.taps,
              dw_range);
    cpu_split(k, v.o, cpu_elements(&k->node), turn_back_range);
    return IK_OK;
}

const cpu_op cpu_label_conv_ops[IK_OP_COUNT] = {
    [IK_LABEL_CONV] = {.run = forward_run, .workspace = workspace},
    [IK_LABEL_CONV_DW] = {.run = dw_run, .workspace = workspace},
};
