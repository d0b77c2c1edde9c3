/* Sums over segments: segment_sum and modulate_dtables.
 *
 * A task owns some channels of one table and a range of pixels; it adds up runs of equal ids in a
 * small float buffer and flushes them to a table of doubles in the workspace. Only where batch and
 * channels give too few tasks for the threads is the range of pixels split too, each part with a
 * table of its own; parts are added in order. */
#include "cpu.h"

enum { WIDEST = 256, RUN = 64 };

typedef struct segments {
    int64_t t, s, c, sums;        /* tables, rows, channels; sums per row: 1 or 2 */
    int64_t pixels;               /* of one table */
    int64_t width, blocks, parts; /* channels of a task, tasks across channels, parts of pixels */
} segments;

static segments segments_of(const cpu *c, const ik_node_desc *node) {
    const bool dtables = node->op == IK_MODULATE_DTABLES;
    const int64_t *d = node->out->shape.d + dtables; /* dtables: [2,T,S,C] */
    segments s = {.t = d[0], .s = d[1], .c = d[2], .sums = dtables ? 2 : 1};
    s.pixels = ik_count(node->in[dtables ? 5 : 1]->shape) / cpu_max(s.t, 1);
    s.width = cpu_min(s.c, WIDEST);
    while (s.width > 32 && s.t * cpu_ceil_div(s.c, s.width) < c->threads)
        s.width = cpu_ceil_div(s.width / 2, 16) * 16;
    s.blocks = cpu_ceil_div(s.c, cpu_max(s.width, 1));
    const int64_t wanted = cpu_ceil_div(c->threads, cpu_max(s.t * s.blocks, 1));
    const int64_t worth = s.pixels / cpu_max(4 * s.s, 1); /* tables must stay small beside x */
    s.parts = cpu_max(cpu_min(wanted, worth), 1);
    return s;
}

static size_t tables_bytes(const segments *s) {
    return (size_t)(s->parts * s->sums * s->t * s->s * s->c) * sizeof(double);
}

/* One task: pixels [first, last) of the whole batch, channels c0 .. c0 + n. `table` is at c0 of row
 * 0, rows are s->c apart, the second sum is `next` doubles on. */
typedef struct task {
    int64_t first, last, table, c0, n, next;
    double *at;
} task;

static task task_of(const ik_kernel *k, const segments *s, int64_t i) {
    const int64_t block = i % s->blocks, part = i / s->blocks % s->parts;
    task j = {.table = i / s->blocks / s->parts, .c0 = block * s->width};
    j.n = cpu_min(s->width, s->c - j.c0);
    j.first = j.table * s->pixels + s->pixels * part / s->parts;
    j.last = j.table * s->pixels + s->pixels * (part + 1) / s->parts;
    j.next = s->t * s->s * s->c;
    j.at = (double *)k->workspace + part * s->sums * j.next + j.table * s->s * s->c + j.c0;
    for (int64_t sum = 0; sum < s->sums; sum++)
        for (int64_t row = 0; row < s->s; row++)
            memset(j.at + sum * j.next + row * s->c, 0, (size_t)j.n * sizeof(double));
    return j;
}

/* Pixels from `p` on that share an id, at most RUN of them. */
static inline int64_t run_end(const int32_t *map, int64_t p, int64_t last) {
    const int64_t limit = cpu_min(p + RUN, last);
    const int32_t id = map[p];
    while (++p < limit && map[p] == id) {
    }
    return p;
}

static inline __attribute__((always_inline)) void flush(double *restrict row,
                                                        const float *restrict sum, int64_t n) {
    for (int64_t c = 0; c < n; c++) row[c] += sum[c];
}

HOT static void segment_sum_range(const ik_kernel *k, int64_t from, int64_t to) {
    const segments s = segments_of(cpu_of(k), &k->node);
    const int32_t *map = k->in[1];
    for (int64_t i = from; i < to; i++) {
        const task j = task_of(k, &s, i);
        const int64_t n = j.n;
        for (int64_t p = j.first; p < j.last;) {
            const int32_t id = map[p];
            const int64_t end = run_end(map, p, j.last);
            if (id < 0 || id >= s.s) {
                p = end;
                continue;
            }
            float sum[WIDEST];
            for (int64_t c = 0; c < n; c++) sum[c] = 0;
            for (; p < end; p++) {
                const float *restrict x = (const float *)k->in[0] + p * s.c + j.c0;
                for (int64_t c = 0; c < n; c++) sum[c] += x[c];
            }
            flush(j.at + id * s.c, sum, n);
        }
    }
}

HOT static void dtables_range(const ik_kernel *k, int64_t from, int64_t to) {
    const segments s = segments_of(cpu_of(k), &k->node);
    const float slope = (float)k->node.attrs->slope;
    const float *coefficients = (const float *)((char *)k->workspace + tables_bytes(&s));
    const int64_t group = s.pixels * s.t / k->node.in[2]->shape.d[0]; /* pixels per mean */
    const int32_t *map = k->in[5];
    for (int64_t i = from; i < to; i++) {
        const task j = task_of(k, &s, i);
        const int64_t n = j.n;
        for (int64_t p = j.first; p < j.last;) {
            const int32_t id = map[p];
            const int64_t end = run_end(map, p, j.last);
            if (id < 0 || id >= s.s) {
                p = end;
                continue;
            }
            const int64_t row = (j.table * s.s + id) * s.c + j.c0;
            const float *restrict scale = (const float *)k->in[3] + row;
            const float *restrict shift = (const float *)k->in[4] + row;
            float with[WIDEST], alone[WIDEST];
            for (int64_t c = 0; c < n; c++) with[c] = alone[c] = 0;
            for (; p < end; p++) {
                const float *restrict dy = (const float *)k->in[0] + p * s.c + j.c0;
                const float *restrict x = (const float *)k->in[1] + p * s.c + j.c0;
                const float *restrict mean =
                    coefficients + p / group * CPU_COEFFICIENTS * s.c + j.c0;
                const float *restrict r = mean + CPU_R * s.c;
                for (int64_t c = 0; c < n; c++) {
                    const float xhat = (x[c] - mean[c]) * r[c];
                    const float g = dy[c] * (xhat * scale[c] + shift[c] > 0 ? 1 : slope);
                    with[c] += g * xhat;
                    alone[c] += g;
                }
            }
            flush(j.at + id * s.c, with, n);
            flush(j.at + j.next + id * s.c, alone, n);
        }
    }
}

HOT static void join_range(const ik_kernel *k, int64_t from, int64_t to) {
    const segments s = segments_of(cpu_of(k), &k->node);
    const double *table = k->workspace;
    const int64_t all = s.sums * s.t * s.s * s.c;
    float *out = k->out;
    for (int64_t i = from; i < to; i++) {
        double sum = table[i];
        for (int64_t part = 1; part < s.parts; part++) sum += table[part * all + i];
        out[i] = (float)sum;
    }
}

static size_t segments_workspace(const cpu *c, const ik_node_desc *node) {
    const segments s = segments_of(c, node);
    const bool dtables = node->op == IK_MODULATE_DTABLES;
    return tables_bytes(&s) + (dtables ? cpu_coefficients_bytes(node->in[2]) : 0);
}

static ik_status segments_run(ik_kernel *k, const ik_step *step, ik_error *err) {
    (void)step, (void)err;
    const segments s = segments_of(cpu_of(k), &k->node);
    const bool dtables = k->node.op == IK_MODULATE_DTABLES;
    if (dtables)
        cpu_coefficients(k->node.in[1], k->node.in[2], k->in[2], NULL, k->node.attrs->eps,
                         (float *)((char *)k->workspace + tables_bytes(&s)));
    const int64_t outputs = ik_count(k->node.out->shape);
    cpu_split(k, s.t * s.parts * s.blocks, ik_count(k->node.in[0]->shape) + outputs,
              dtables ? dtables_range : segment_sum_range);
    cpu_split(k, outputs, outputs * s.parts, join_range);
    return IK_OK;
}

const cpu_op cpu_segment_ops[IK_OP_COUNT] = {
    [IK_SEGMENT_SUM] = {.run = segments_run, .workspace = segments_workspace},
    [IK_MODULATE_DTABLES] = {.run = segments_run, .workspace = segments_workspace},
};
