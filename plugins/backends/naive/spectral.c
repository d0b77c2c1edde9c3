/* Spectral normalisation: one power iteration over W, w viewed as [O, K], and what follows from it.
 */
#include "naive.h"

#include <math.h>

/* a <- a / max(|a|, eps) */
static void make_unit(int64_t n, double *a, double eps) {
    double sum = 0;
    for (int64_t i = 0; i < n; i++) sum += a[i] * a[i];
    double length = fmax(sqrt(sum), eps);
    for (int64_t i = 0; i < n; i++) a[i] /= length;
}

/* y[O] = W v */
static void product(int64_t o, int64_t n, const double *w, const double *v, double *y) {
    for (int64_t i = 0; i < o; i++) {
        y[i] = 0;
        for (int64_t j = 0; j < n; j++) y[i] += w[i * n + j] * v[j];
    }
}

/* y[K] = W^T u */
static void transposed_product(int64_t o, int64_t n, const double *w, const double *u, double *y) {
    for (int64_t j = 0; j < n; j++) {
        y[j] = 0;
        for (int64_t i = 0; i < o; i++) y[j] += w[i * n + j] * u[i];
    }
}

NAIVE_KERNEL(spectral_uv) {
    const ik_attrs *a = k->node.attrs;
    const double *w = k->in[0], *u0 = k->in[1], *v0 = k->in[2];
    int64_t o = naive_in(k, 0).d[0], n = ik_count(naive_in(k, 0)) / o;
    double *u = k->out, *v = u + o, *sigma = v + n;
    if (a->iterate) {
        transposed_product(o, n, w, u0, v);
        make_unit(n, v, a->eps);
        product(o, n, w, v, u);
        make_unit(o, u, a->eps);
    } else {
        memcpy(u, u0, (size_t)o * sizeof *u);
        memcpy(v, v0, (size_t)n * sizeof *v);
    }
    *sigma = 0;
    for (int64_t i = 0; i < o; i++)
        for (int64_t j = 0; j < n; j++) *sigma += u[i] * w[i * n + j] * v[j];
    return IK_OK;
}

NAIVE_KERNEL(spectral_scale) {
    const double *w = k->in[0], *uvs = k->in[1];
    double *y = k->out, sigma = uvs[ik_count(naive_in(k, 1)) - 1];
    int64_t n = ik_count(naive_out(k));
    for (int64_t i = 0; i < n; i++) y[i] = w[i] / sigma;
    return IK_OK;
}

NAIVE_KERNEL(spectral_grad) {
    const double *dy = k->in[0], *w = k->in[1], *u = k->in[2];
    int64_t o = naive_in(k, 1).d[0], n = ik_count(naive_in(k, 1)) / o;
    const double *v = u + o;
    double *dw = k->out, sigma = v[n], dot = 0;
    for (int64_t i = 0; i < o * n; i++) dot += dy[i] * w[i];
    for (int64_t i = 0; i < o; i++)
        for (int64_t j = 0; j < n; j++)
            dw[i * n + j] = dy[i * n + j] / sigma - dot / (sigma * sigma) * u[i] * v[j];
    return IK_OK;
}
