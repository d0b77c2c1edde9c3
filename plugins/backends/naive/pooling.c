/* Ops that change a picture's size: pools, nearest upsampling, bilinear, mirrored borders; each
 * with its adjoint. */
#include "naive.h"

#include <math.h>

/* --- upsample: y[i,j] ~ x[i / f, j / f] */

NAIVE_INLINE void upsample_walk(int64_t f, bool adjoint, ik_shape ys, double *y, ik_shape xs,
                                double *x) {
    for (int64_t b = 0; b < ys.d[0]; b++)
        for (int64_t i = 0; i < ys.d[1]; i++)
            for (int64_t j = 0; j < ys.d[2]; j++)
                for (int64_t c = 0; c < ys.d[3]; c++) {
                    int64_t to = naive_at4(&ys, b, i, j, c);
                    int64_t from = naive_at4(&xs, b, i / f, j / f, c);
                    if (adjoint)
                        x[from] += y[to];
                    else
                        y[to] = x[from];
                }
}

NAIVE_KERNEL(upsample) {
    upsample_walk(k->node.attrs->factor, false, naive_out(k), k->out, naive_in(k, 0), k->in[0]);
    return IK_OK;
}

NAIVE_KERNEL(upsample_grad) {
    naive_zero(k);
    upsample_walk(k->node.attrs->factor, true, naive_in(k, 0), k->in[0], naive_out(k), k->out);
    return IK_OK;
}

/* --- bilinear: y[i,j] ~ four neighbours of x, weighted */

/* The two source rows (or columns) of destination i, and their weights. */
typedef struct mix {
    int64_t at[2];
    double weight[2];
} mix;

static mix mix_of(int64_t i, int64_t in, int64_t out) {
    double source = fmax(0, ((double)i + 0.5) * (double)in / (double)out - 0.5);
    int64_t low = (int64_t)source;
    if (low > in - 1) low = in - 1;
    double rest = source - (double)low;
    return (mix){{low, low < in - 1 ? low + 1 : low}, {1 - rest, rest}};
}

NAIVE_INLINE void bilinear_walk(bool adjoint, ik_shape ys, double *y, ik_shape xs, double *x) {
    for (int64_t b = 0; b < ys.d[0]; b++)
        for (int64_t i = 0; i < ys.d[1]; i++)
            for (int64_t j = 0; j < ys.d[2]; j++) {
                mix rows = mix_of(i, xs.d[1], ys.d[1]), columns = mix_of(j, xs.d[2], ys.d[2]);
                for (int corner = 0; corner < 4; corner++) {
                    int v = corner / 2, u = corner % 2;
                    double weight = rows.weight[v] * columns.weight[u];
                    for (int64_t c = 0; c < ys.d[3]; c++) {
                        int64_t to = naive_at4(&ys, b, i, j, c);
                        int64_t from = naive_at4(&xs, b, rows.at[v], columns.at[u], c);
                        if (adjoint)
                            x[from] += weight * y[to];
                        else
                            y[to] += weight * x[from];
                    }
                }
            }
}

NAIVE_KERNEL(bilinear) {
    naive_zero(k);
    bilinear_walk(false, naive_out(k), k->out, naive_in(k, 0), k->in[0]);
    return IK_OK;
}

NAIVE_KERNEL(bilinear_grad) {
    naive_zero(k);
    bilinear_walk(true, naive_in(k, 0), k->in[0], naive_out(k), k->out);
    return IK_OK;
}

/* --- reflect: y[i,j] ~ x[mirrored i - p, mirrored j - q] */

static int64_t mirrored(int64_t i, int64_t n) {
    return i < 0 ? -i : i >= n ? 2 * (n - 1) - i : i;
}

NAIVE_INLINE void reflect_walk(const ik_attrs *a, bool adjoint, ik_shape ys, double *y, ik_shape xs,
                               double *x) {
    for (int64_t b = 0; b < ys.d[0]; b++)
        for (int64_t i = 0; i < ys.d[1]; i++)
            for (int64_t j = 0; j < ys.d[2]; j++)
                for (int64_t c = 0; c < ys.d[3]; c++) {
                    int64_t to = naive_at4(&ys, b, i, j, c);
                    int64_t from = naive_at4(&xs, b, mirrored(i - a->padding[0], xs.d[1]),
                                             mirrored(j - a->padding[1], xs.d[2]), c);
                    if (adjoint)
                        x[from] += y[to];
                    else
                        y[to] = x[from];
                }
}

NAIVE_KERNEL(reflect) {
    reflect_walk(k->node.attrs, false, naive_out(k), k->out, naive_in(k, 0), k->in[0]);
    return IK_OK;
}

NAIVE_KERNEL(reflect_grad) {
    naive_zero(k);
    reflect_walk(k->node.attrs, true, naive_in(k, 0), k->in[0], naive_out(k), k->out);
    return IK_OK;
}

/* --- pools */

/* The part of output (i, j)'s window that lies inside the picture: rows and columns [from, to). */
typedef struct window {
    int64_t top, bottom, left, right;
} window;

static window window_of(const ik_attrs *a, const ik_shape *xs, int64_t i, int64_t j) {
    int64_t top = i * a->stride[0] - a->padding[0], left = j * a->stride[1] - a->padding[1];
    int64_t bottom = top + a->kernel[0], right = left + a->kernel[1];
    return (window){top > 0 ? top : 0, bottom < xs->d[1] ? bottom : xs->d[1], left > 0 ? left : 0,
                    right < xs->d[2] ? right : xs->d[2]};
}

NAIVE_INLINE void avg_walk(const ik_attrs *a, bool adjoint, ik_shape ys, double *y, ik_shape xs,
                           double *x) {
    for (int64_t b = 0; b < ys.d[0]; b++)
        for (int64_t i = 0; i < ys.d[1]; i++)
            for (int64_t j = 0; j < ys.d[2]; j++) {
                window w = window_of(a, &xs, i, j);
                double share = 1.0 / (double)((w.bottom - w.top) * (w.right - w.left));
                for (int64_t xi = w.top; xi < w.bottom; xi++)
                    for (int64_t xj = w.left; xj < w.right; xj++)
                        for (int64_t c = 0; c < ys.d[3]; c++) {
                            int64_t to = naive_at4(&ys, b, i, j, c);
                            int64_t from = naive_at4(&xs, b, xi, xj, c);
                            if (adjoint)
                                x[from] += share * y[to];
                            else
                                y[to] += share * x[from];
                        }
            }
}

NAIVE_KERNEL(avg_pool) {
    naive_zero(k);
    avg_walk(k->node.attrs, false, naive_out(k), k->out, naive_in(k, 0), k->in[0]);
    return IK_OK;
}

NAIVE_KERNEL(avg_pool_grad) {
    naive_zero(k);
    avg_walk(k->node.attrs, true, naive_in(k, 0), k->in[0], naive_out(k), k->out);
    return IK_OK;
}

/* Position of the window's first largest element; -1 where the window lies in padding alone. */
static int64_t largest(const ik_attrs *a, const ik_shape *xs, const double *x, int64_t b, int64_t i,
                       int64_t j, int64_t c) {
    window w = window_of(a, xs, i, j);
    int64_t best = -1;
    for (int64_t xi = w.top; xi < w.bottom; xi++)
        for (int64_t xj = w.left; xj < w.right; xj++) {
            int64_t at = naive_at4(xs, b, xi, xj, c);
            if (best < 0 || x[at] > x[best]) best = at;
        }
    return best;
}

NAIVE_INLINE void max_walk(const ik_attrs *a, ik_shape ys, ik_shape xs, const double *x,
                           const double *dy, double *out) {
    for (int64_t b = 0; b < ys.d[0]; b++)
        for (int64_t i = 0; i < ys.d[1]; i++)
            for (int64_t j = 0; j < ys.d[2]; j++)
                for (int64_t c = 0; c < ys.d[3]; c++) {
                    int64_t to = naive_at4(&ys, b, i, j, c);
                    int64_t from = largest(a, &xs, x, b, i, j, c);
                    if (!dy)
                        out[to] = from < 0 ? -INFINITY : x[from];
                    else if (from >= 0)
                        out[from] += dy[to];
                }
}

NAIVE_KERNEL(max_pool) {
    max_walk(k->node.attrs, naive_out(k), naive_in(k, 0), k->in[0], NULL, k->out);
    return IK_OK;
}

NAIVE_KERNEL(max_pool_grad) {
    naive_zero(k);
    max_walk(k->node.attrs, naive_in(k, 0), naive_in(k, 1), k->in[1], k->in[0], k->out);
    return IK_OK;
}
