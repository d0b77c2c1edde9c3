/* Spectral normalisation: two matrix-vector products, with sums of rows and columns in double. */
#include <math.h>

#include "cpu.h"

enum { COLUMNS = 256 };

typedef struct matrix {
    int64_t o, k;
} matrix;

static matrix matrix_of(const ik_tensor *w) {
    const int64_t o = w->shape.d[0];
    return (matrix){o, ik_count(w->shape) / cpu_max(o, 1)};
}

/* W^T u; unit: a block of columns. */
HOT static void columns_range(const ik_kernel *k, int64_t from, int64_t to) {
    const matrix m = matrix_of(k->node.in[0]);
    const float *u = k->in[1];
    double *out = k->workspace;
    for (int64_t i = from; i < to; i++) {
        const int64_t n = cpu_min(COLUMNS, m.k - i * COLUMNS);
        const float *w = (const float *)k->in[0] + i * COLUMNS;
        double sum[COLUMNS] = {0};
        for (int64_t o = 0; o < m.o; o++, w += m.k) {
            const double factor = u[o];
            for (int64_t j = 0; j < n; j++) sum[j] += factor * w[j];
        }
        memcpy(out + i * COLUMNS, sum, (size_t)n * sizeof *sum);
    }
}

/* a . b in sixteen sums whose order does not depend on the vector length. */
static inline __attribute__((always_inline)) double dot(const float *restrict a,
                                                        const float *restrict b, int64_t n) {
    double lane[16] = {0}, sum = 0;
    int64_t i = 0;
    for (; i + 16 <= n; i += 16)
        for (int j = 0; j < 16; j++) lane[j] += (double)a[i + j] * b[i + j];
    for (; i < n; i++) lane[i & 15] += (double)a[i] * b[i];
    for (int j = 0; j < 16; j++) sum += lane[j];
    return sum;
}

/* W v' with v' from the output; unit: row. */
HOT static void rows_range(const ik_kernel *k, int64_t from, int64_t to) {
    const matrix m = matrix_of(k->node.in[0]);
    const float *w = k->in[0], *v = (const float *)k->out + m.o;
    double *out = k->workspace;
    for (int64_t o = from; o < to; o++) out[o] = dot(w + o * m.k, v, m.k);
}

static void unit_vector(const double *a, int64_t n, double eps, float *out) {
    double square = 0;
    for (int64_t i = 0; i < n; i++) square += a[i] * a[i];
    const double norm = fmax(sqrt(square), eps);
    for (int64_t i = 0; i < n; i++) out[i] = (float)(a[i] / norm);
}

static ik_status uv_run(ik_kernel *k, const ik_step *step, ik_error *err) {
    (void)step, (void)err;
    const matrix m = matrix_of(k->node.in[0]);
    const double *product = k->workspace;
    float *u = k->out, *v = u + m.o, *sigma = v + m.k;
    if (k->node.attrs->iterate) {
        cpu_split(k, cpu_ceil_div(m.k, COLUMNS), m.o * m.k, columns_range);
        unit_vector(product, m.k, k->node.attrs->eps, v);
    } else {
        memcpy(u, k->in[1], (size_t)m.o * sizeof *u);
        memcpy(v, k->in[2], (size_t)m.k * sizeof *v);
    }
    cpu_split(k, m.o, m.o * m.k, rows_range);
    if (k->node.attrs->iterate) unit_vector(product, m.o, k->node.attrs->eps, u);
    double sum = 0;
    for (int64_t o = 0; o < m.o; o++) sum += u[o] * product[o];
    *sigma = (float)sum;
    return IK_OK;
}

static size_t uv_workspace(const cpu *c, const ik_node_desc *node) {
    (void)c;
    const matrix m = matrix_of(node->in[0]);
    return (size_t)cpu_max(m.o, m.k) * sizeof(double);
}

HOT static void scale_range(const ik_kernel *k, int64_t from, int64_t to) {
    const matrix m = matrix_of(k->node.in[0]);
    const float *restrict w = k->in[0], sigma = ((const float *)k->in[1])[m.o + m.k];
    float *restrict out = k->out;
    for (int64_t i = from; i < to; i++) out[i] = w[i] / sigma;
}

/* sum dy w by rows; unit: row. */
HOT static void products_range(const ik_kernel *k, int64_t from, int64_t to) {
    const matrix m = matrix_of(k->node.in[1]);
    const float *dy = k->in[0], *w = k->in[1];
    double *out = k->workspace;
    for (int64_t o = from; o < to; o++) out[o] = dot(dy + o * m.k, w + o * m.k, m.k);
}

/* The row sums are added up by every thread for itself; unit: row. */
HOT static void grad_range(const ik_kernel *k, int64_t from, int64_t to) {
    const matrix m = matrix_of(k->node.in[1]);
    const float *u = k->in[2], *restrict v = u + m.o;
    const double sigma = v[m.k], *rows = k->workspace;
    double sum = 0;
    for (int64_t o = 0; o < m.o; o++) sum += rows[o];
    const float inverse = (float)(1 / sigma);
    for (int64_t o = from; o < to; o++) {
        const float *restrict dy = (const float *)k->in[0] + o * m.k;
        float *restrict out = (float *)k->out + o * m.k;
        const float factor = (float)(sum / (sigma * sigma) * u[o]);
        for (int64_t j = 0; j < m.k; j++) out[j] = dy[j] * inverse - factor * v[j];
    }
}

static ik_status grad_run(ik_kernel *k, const ik_step *step, ik_error *err) {
    (void)step, (void)err;
    const matrix m = matrix_of(k->node.in[1]);
    cpu_split(k, m.o, m.o * m.k, products_range);
    cpu_split(k, m.o, m.o * m.k, grad_range);
    return IK_OK;
}

static size_t grad_workspace(const cpu *c, const ik_node_desc *node) {
    (void)c;
    return (size_t)node->in[1]->shape.d[0] * sizeof(double);
}

const cpu_op cpu_spectral_ops[IK_OP_COUNT] = {
    [IK_SPECTRAL_UV] = {.run = uv_run, .workspace = uv_workspace},
    [IK_SPECTRAL_SCALE] = {.range = scale_range, .units = cpu_elements},
    [IK_SPECTRAL_GRAD] = {.run = grad_run, .workspace = grad_workspace},
};
