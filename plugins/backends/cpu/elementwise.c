/* Elementwise ops, fill, normals, and everything that broadcasts.
 *
 * Two inputs: neighbouring axes that broadcast alike are merged first, so that equal shapes, a
 * scalar and a vector of channels all become loops over a long contiguous axis with steps 0 or 1.
 */
#include <math.h>

#include "cpu.h"
#include "inadekit/philox.h"

#define UNARY(op, expression)                                                                      \
    HOT static void op##_range(const ik_kernel *k, int64_t from, int64_t to) {                     \
        const float *restrict in = k->in[0];                                                       \
        float *restrict out = k->out;                                                              \
        const float alpha = (float)k->node.attrs->alpha, beta = (float)k->node.attrs->beta;        \
        const float slope = (float)k->node.attrs->slope;                                           \
        (void)alpha, (void)beta, (void)slope;                                                      \
        for (int64_t i = from; i < to; i++) {                                                      \
            float x = in[i];                                                                       \
            out[i] = expression;                                                                   \
        }                                                                                          \
    }

UNARY(affine, alpha *x + beta)
UNARY(leaky_relu, x > 0 ? x : slope * x)
UNARY(tanh, tanhf(x))
UNARY(sigmoid, 1 / (1 + expf(-x)))
UNARY(exp, expf(x))
UNARY(log, logf(x))
UNARY(sqrt, sqrtf(x))
UNARY(abs, fabsf(x))
UNARY(sign, (float)((x > 0) - (x < 0)))

HOT static void leaky_relu_grad_range(const ik_kernel *k, int64_t from, int64_t to) {
    const float *restrict dy = k->in[0], *restrict x = k->in[1];
    float *restrict out = k->out;
    const float slope = (float)k->node.attrs->slope;
    for (int64_t i = from; i < to; i++) out[i] = dy[i] * (x[i] > 0 ? 1 : slope);
}

HOT static void axpby_range(const ik_kernel *k, int64_t from, int64_t to) {
    const float *restrict x = k->in[0], *restrict y = k->in[1];
    float *restrict out = k->out;
    const float alpha = (float)k->node.attrs->alpha, beta = (float)k->node.attrs->beta;
    for (int64_t i = from; i < to; i++) out[i] = alpha * x[i] + beta * y[i];
}

HOT static void fill_range(const ik_kernel *k, int64_t from, int64_t to) {
    float *out = k->out;
    const float alpha = (float)k->node.attrs->alpha;
    for (int64_t i = from; i < to; i++) out[i] = alpha;
}

/* --- Normals: four per block of random words. */

typedef struct randn_call {
    const ik_kernel *k;
    const ik_step *step;
} randn_call;

static void randn_block(const randn_call *r, uint64_t sample, uint64_t block, float out[4]) {
    uint32_t w[4];
    ik_philox_block(r->step->seed, r->k->node.attrs->stream, r->step->step, sample, block, w);
    for (int i = 0; i < 4; i += 2) {
        double radius = sqrt(-2.0 * log((w[i] + 1.0) * (1.0 / 4294967296.0)));
        double angle = 6.283185307179586476925 * ik_uniform01(w[i + 1]);
        out[i] = (float)(radius * cos(angle));
        out[i + 1] = (float)(radius * sin(angle));
    }
}

static ik_status randn_run(ik_kernel *k, const ik_step *step, ik_error *err) {
    (void)err;
    const randn_call r = {k, step};
    const int64_t batch = k->node.out->shape.rank ? k->node.out->shape.d[0] : 1;
    const int64_t n = cpu_per_sample(k->node.out), blocks = cpu_ceil_div(n, 4);
    float *out = k->out;
    const int threads = batch * n < 512 ? 1 : cpu_of(k)->threads;
#pragma omp parallel for num_threads(threads) schedule(static) if (threads > 1)
    for (int64_t i = 0; i < batch * blocks; i++) {
        const int64_t b = i / blocks, block = i % blocks;
        float four[4];
        randn_block(&r, step->sample + (uint64_t)b, (uint64_t)block, four);
        memcpy(out + b * n + block * 4, four, sizeof(float) * (size_t)cpu_min(4, n - block * 4));
    }
    return IK_OK;
}

/* Four elements for each block of words. */
static ik_status dropout_run(ik_kernel *k, const ik_step *step, ik_error *err) {
    (void)err;
    const int64_t batch = k->node.out->shape.rank ? k->node.out->shape.d[0] : 1;
    const int64_t n = cpu_per_sample(k->node.out), blocks = cpu_ceil_div(n, 4);
    const double p = k->node.attrs->alpha;
    const float scale = (float)(1 / (1 - p));
    const float *x = k->in[0];
    float *out = k->out;
    const int threads = batch * n < CPU_SMALL / 8 ? 1 : cpu_of(k)->threads;
#pragma omp parallel for num_threads(threads) schedule(static) if (threads > 1)
    for (int64_t i = 0; i < batch * blocks; i++) {
        const int64_t b = i / blocks, first = i % blocks * 4, at = b * n + first;
        uint32_t w[4];
        ik_philox_block(step->seed, k->node.attrs->stream, step->step, step->sample + (uint64_t)b,
                        (uint64_t)first / 4, w);
        for (int64_t j = 0; j < cpu_min(4, n - first); j++)
            out[at + j] = ik_uniform01(w[j]) >= p ? x[at + j] * scale : 0;
    }
    return IK_OK;
}

static void ramp_range(const ik_kernel *k, int64_t from, int64_t to) {
    const ik_attrs *a = k->node.attrs;
    const ik_shape *s = &k->node.out->shape;
    float *out = k->out;
    int64_t inner = 1;
    for (int i = a->axis + 1; i < s->rank; i++) inner *= s->d[i];
    for (int64_t i = from; i < to; i++)
        out[i] = (float)(a->alpha * (double)(i / inner % s->d[a->axis]) + a->beta);
}

/* Unit: row along the last axis. */
static void softmax_range(const ik_kernel *k, int64_t from, int64_t to) {
    const int64_t n = cpu_channels(k->node.out);
    for (int64_t r = from; r < to; r++) {
        const float *x = (const float *)k->in[0] + r * n;
        float *y = (float *)k->out + r * n, largest = x[0];
        double sum = 0;
        for (int64_t i = 1; i < n; i++) largest = x[i] > largest ? x[i] : largest;
        for (int64_t i = 0; i < n; i++) sum += y[i] = expf(x[i] - largest);
        for (int64_t i = 0; i < n; i++) y[i] = (float)(y[i] / sum);
    }
}

static void softmax_grad_range(const ik_kernel *k, int64_t from, int64_t to) {
    const int64_t n = cpu_channels(k->node.out);
    for (int64_t r = from; r < to; r++) {
        const float *dy = (const float *)k->in[0] + r * n, *y = (const float *)k->in[1] + r * n;
        float *dx = (float *)k->out + r * n;
        double sum = 0;
        for (int64_t i = 0; i < n; i++) sum += (double)dy[i] * y[i];
        for (int64_t i = 0; i < n; i++) dx[i] = (float)(y[i] * (dy[i] - sum));
    }
}

/* --- Broadcasting. */

typedef struct plan {
    int rank;
    int64_t d[IK_MAX_RANK], sa[IK_MAX_RANK], sb[IK_MAX_RANK]; /* sizes; steps of both inputs */
} plan;

/* Merges the axes of out where neither input changes between broadcast and not. */
static plan merge(const ik_shape *out, const ik_shape *a, const ik_shape *b) {
    plan p = {0};
    bool was_a = false, was_b = false;
    for (int i = 0; i < out->rank; i++) {
        if (out->d[i] == 1) continue;
        bool is_a = a->d[i] != 1, is_b = b->d[i] != 1;
        if (!p.rank || is_a != was_a || is_b != was_b) p.d[p.rank++] = 1;
        p.d[p.rank - 1] *= out->d[i];
        p.sa[p.rank - 1] = is_a, p.sb[p.rank - 1] = is_b;
        was_a = is_a, was_b = is_b;
    }
    if (!p.rank) p = (plan){1, {1}, {1}, {1}};
    int64_t na = 1, nb = 1;
    for (int i = p.rank - 1; i >= 0; i--) {
        if (p.sa[i]) p.sa[i] = na, na *= p.d[i];
        if (p.sb[i]) p.sb[i] = nb, nb *= p.d[i];
    }
    return p;
}

#define SPANS(expression)                                                                          \
    do {                                                                                           \
        if (step_a && step_b)                                                                      \
            for (int64_t i = 0; i < n; i++) {                                                      \
                const float x = a[i], y = b[i];                                                    \
                out[i] = expression;                                                               \
            }                                                                                      \
        else if (step_a) {                                                                         \
            const float y = *b;                                                                    \
            for (int64_t i = 0; i < n; i++) {                                                      \
                const float x = a[i];                                                              \
                out[i] = expression;                                                               \
            }                                                                                      \
        } else {                                                                                   \
            const float x = *a;                                                                    \
            for (int64_t i = 0; i < n; i++) {                                                      \
                const float y = b[i];                                                              \
                out[i] = expression;                                                               \
            }                                                                                      \
        }                                                                                          \
    } while (0)

static inline __attribute__((always_inline)) void span(ik_opcode op, int64_t n, bool step_a,
                                                       bool step_b, const float *restrict a,
                                                       const float *restrict b,
                                                       float *restrict out) {
    switch (op) {
    case IK_ADD:
        SPANS(x + y);
        break;
    case IK_SUB:
        SPANS(x - y);
        break;
    case IK_MUL:
        SPANS(x * y);
        break;
    case IK_DIV:
        SPANS(x / y);
        break;
    default: /* broadcast: b is a itself */
        if (step_a)
            memcpy(out, a, (size_t)n * sizeof *out);
        else
            for (int64_t i = 0; i < n; i++) out[i] = *a;
    }
}

HOT static void broadcast_range(const ik_kernel *k, int64_t from, int64_t to) {
    const ik_node_desc *node = &k->node;
    const int second = node->n_in - 1; /* broadcast has one input */
    const plan p = merge(&node->out->shape, &node->in[0]->shape, &node->in[second]->shape);
    const float *a = k->in[0], *b = k->in[second];
    float *out = k->out;
    const int last = p.rank - 1;
    const int64_t inner = p.d[last];
    int64_t index[IK_MAX_RANK] = {0}, at_a = 0, at_b = 0, rest = from / inner;
    for (int i = last - 1; i >= 0; i--) {
        index[i] = rest % p.d[i], rest /= p.d[i];
        at_a += index[i] * p.sa[i], at_b += index[i] * p.sb[i];
    }
    int64_t start = from % inner;
    while (from < to) {
        const int64_t n = cpu_min(inner - start, to - from);
        span(node->op, n, p.sa[last], p.sb[last], a + at_a + start * p.sa[last],
             b + at_b + start * p.sb[last], out + from);
        from += n, start = 0;
        for (int i = last - 1; i >= 0; i--) { /* the next row of the outer axes */
            at_a += p.sa[i], at_b += p.sb[i];
            if (++index[i] < p.d[i]) break;
            at_a -= p.sa[i] * p.d[i], at_b -= p.sb[i] * p.d[i], index[i] = 0;
        }
    }
}

#define ELEMENTS(f, ...)                                                                           \
    { .range = f, .units = cpu_elements, __VA_ARGS__ }
#define COSTLY(f) ELEMENTS(f, .cost = 16)

const cpu_op cpu_elementwise_ops[IK_OP_COUNT] = {
    [IK_FILL] = ELEMENTS(fill_range),
    [IK_RANDN] = {.run = randn_run},
    [IK_DROPOUT] = {.run = dropout_run},
    [IK_RAMP] = {.range = ramp_range, .units = cpu_elements},
    [IK_SOFTMAX] = {.range = softmax_range, .units = cpu_pixels, .cost = 16},
    [IK_SOFTMAX_GRAD] = {.range = softmax_grad_range, .units = cpu_pixels},
    [IK_AFFINE] = ELEMENTS(affine_range),
    [IK_LEAKY_RELU] = ELEMENTS(leaky_relu_range),
    [IK_LEAKY_RELU_GRAD] = ELEMENTS(leaky_relu_grad_range),
    [IK_AXPBY] = ELEMENTS(axpby_range),
    [IK_TANH] = COSTLY(tanh_range),
    [IK_SIGMOID] = COSTLY(sigmoid_range),
    [IK_EXP] = COSTLY(exp_range),
    [IK_LOG] = COSTLY(log_range),
    [IK_SQRT] = ELEMENTS(sqrt_range),
    [IK_ABS] = ELEMENTS(abs_range),
    [IK_SIGN] = ELEMENTS(sign_range),
    [IK_ADD] = ELEMENTS(broadcast_range),
    [IK_SUB] = ELEMENTS(broadcast_range),
    [IK_MUL] = ELEMENTS(broadcast_range),
    [IK_DIV] = ELEMENTS(broadcast_range),
    [IK_BROADCAST] = ELEMENTS(broadcast_range),
};
