/* sum: fixed blocks are summed in float, blocks are added in double and in order.
 *
 * Neighbouring axes of one kind are merged; what is left of nearly every sum is
 * [kept][summed][kept], the last possibly 1. Deeper patterns take a plain loop. */
#include "cpu.h"

typedef struct sum_plan {
    int rank;
    int64_t d[IK_MAX_RANK];
    bool summed[IK_MAX_RANK];
    bool simple;
    int64_t outer, n, inner; /* simple: [outer][n][inner] -> [outer][inner] */
    int64_t block, blocks;   /* rows of n in a block; blocks */
} sum_plan;

enum { SUM_ROWS = 64, SUM_RUN = 2048 };

static sum_plan make_plan(const ik_node_desc *node) {
    const ik_shape *x = &node->in[0]->shape;
    sum_plan p = {.outer = 1, .n = 1, .inner = 1};
    for (int i = 0; i < x->rank; i++) {
        if (x->d[i] == 1) continue;
        bool summed = node->attrs->axes >> i & 1;
        if (!p.rank || p.summed[p.rank - 1] != summed) p.d[p.rank] = 1, p.summed[p.rank++] = summed;
        p.d[p.rank - 1] *= x->d[i];
    }
    int at = 0;
    if (at < p.rank && !p.summed[at]) p.outer = p.d[at++];
    if (at < p.rank && p.summed[at]) p.n = p.d[at++];
    if (at < p.rank && !p.summed[at]) p.inner = p.d[at++];
    p.simple = at == p.rank;
    p.block = p.inner == 1 ? SUM_RUN : SUM_ROWS;
    p.blocks = cpu_max(cpu_ceil_div(p.n, p.block), 1);
    return p;
}

HOT static void block_range(const ik_kernel *k, int64_t from, int64_t to) {
    const sum_plan p = make_plan(&k->node);
    const float *x = k->in[0];
    float *partial = k->workspace;
    for (int64_t i = from; i < to; i++) {
        const int64_t o = i / p.blocks, start = i % p.blocks * p.block;
        const int64_t rows = cpu_min(p.block, p.n - start);
        const float *restrict at = x + (o * p.n + start) * p.inner;
        float *restrict sum = partial + i * p.inner;
        if (p.inner == 1) {
            float lane[16] = {0}; /* a fixed order that fits every vector length */
            int64_t r = 0;
            for (; r + 16 <= rows; r += 16)
                for (int j = 0; j < 16; j++) lane[j] += at[r + j];
            for (; r < rows; r++) lane[r & 15] += at[r];
            double total = 0;
            for (int j = 0; j < 16; j++) total += lane[j];
            *sum = (float)total;
            continue;
        }
        for (int64_t c = 0; c < p.inner; c++) sum[c] = 0;
        for (int64_t r = 0; r < rows; r++, at += p.inner)
            for (int64_t c = 0; c < p.inner; c++) sum[c] += at[c];
    }
}

HOT static void combine_range(const ik_kernel *k, int64_t from, int64_t to) {
    const sum_plan p = make_plan(&k->node);
    const float *partial = k->workspace;
    float *out = k->out;
    for (int64_t i = from; i < to; i++) {
        const float *at = partial + i / p.inner * p.blocks * p.inner + i % p.inner;
        double total = 0;
        for (int64_t b = 0; b < p.blocks; b++) total += at[b * p.inner];
        out[i] = (float)total;
    }
}

/* Any pattern: for every output, all its inputs in order. */
static void general_range(const ik_kernel *k, int64_t from, int64_t to) {
    const sum_plan p = make_plan(&k->node);
    const float *x = k->in[0];
    float *out = k->out;
    int64_t step[IK_MAX_RANK], n = 1;
    for (int i = p.rank - 1; i >= 0; i--) {
        step[i] = i == p.rank - 1 ? 1 : step[i + 1] * p.d[i + 1];
        if (p.summed[i]) n *= p.d[i];
    }
    for (int64_t e = from; e < to; e++) {
        int64_t base = 0, rest = e;
        for (int i = p.rank - 1; i >= 0; i--)
            if (!p.summed[i]) base += rest % p.d[i] * step[i], rest /= p.d[i];
        double total = 0;
        for (int64_t j = 0; j < n; j++) {
            int64_t at = base, left = j;
            for (int i = p.rank - 1; i >= 0; i--)
                if (p.summed[i]) at += left % p.d[i] * step[i], left /= p.d[i];
            total += x[at];
        }
        out[e] = (float)total;
    }
}

static size_t sum_workspace(const cpu *c, const ik_node_desc *node) {
    (void)c;
    const sum_plan p = make_plan(node);
    return p.simple ? (size_t)(p.outer * p.blocks * p.inner) * sizeof(float) : 0;
}

static ik_status sum_run(ik_kernel *k, const ik_step *step, ik_error *err) {
    (void)step, (void)err;
    const sum_plan p = make_plan(&k->node);
    const int64_t n = ik_count(k->node.in[0]->shape), outputs = ik_count(k->node.out->shape);
    if (!p.simple) {
        cpu_split(k, outputs, n, general_range);
        return IK_OK;
    }
    cpu_split(k, p.outer * p.blocks, n, block_range);
    cpu_split(k, outputs, outputs * p.blocks, combine_range);
    return IK_OK;
}

const cpu_op cpu_reduce_ops[IK_OP_COUNT] = {
    [IK_SUM] = {.run = sum_run, .workspace = sum_workspace},
};
