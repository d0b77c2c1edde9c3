/* Ops of integer maps: rows chosen by an index, sums over segments, convolutions of labels and
 * within instances. An index outside its table stands for a row of zeros. */
#include "naive.h"

/* --- lookup and segment_sum: y[b,p,:] ~ table[t, map[b,p], :] */

NAIVE_KERNEL(lookup) {
    const double *table = k->in[0];
    const int32_t *map = k->in[1];
    double *y = k->out;
    ik_shape t = naive_in(k, 0);
    int64_t samples = naive_in(k, 1).d[0], pixels = ik_count(naive_in(k, 1)) / samples, c = t.d[2];
    naive_zero(k);
    for (int64_t b = 0; b < samples; b++)
        for (int64_t p = b * pixels; p < (b + 1) * pixels; p++) {
            if (!naive_inside(map[p], t.d[1])) continue;
            const double *row = table + (naive_group(t.d[0], b) * t.d[1] + map[p]) * c;
            memcpy(y + p * c, row, (size_t)c * sizeof *y);
        }
    return IK_OK;
}

NAIVE_KERNEL(lookup_affine) {
    const double *a = k->in[0], *add = k->in[1], *n = k->in[3];
    const int32_t *of = k->in[2], *by = k->in[4];
    double *y = k->out;
    ik_shape t = naive_in(k, 0), s = naive_in(k, 3);
    int64_t samples = naive_in(k, 2).d[0], pixels = ik_count(naive_in(k, 2)) / samples, c = t.d[2],
            rows = s.rank == 4 ? s.d[2] : 1;
    naive_zero(k);
    for (int64_t b = 0; b < samples; b++)
        for (int64_t p = b * pixels; p < (b + 1) * pixels; p++) {
            if (!naive_inside(of[p], t.d[1])) continue;
            int64_t row = (naive_group(t.d[0], b) * t.d[1] + of[p]) * c,
                    factor =
                        (naive_group(s.d[0], b) * s.d[1] + by[p]) * rows + k->node.attrs->start;
            for (int64_t i = 0; i < c; i++)
                y[p * c + i] = add[row + i] +
                               (naive_inside(by[p], s.d[1]) ? a[row + i] * n[factor * c + i] : 0);
        }
    return IK_OK;
}

NAIVE_KERNEL(segment_sum) {
    const double *x = k->in[0];
    const int32_t *map = k->in[1];
    double *table = k->out;
    ik_shape t = naive_out(k);
    int64_t samples = naive_in(k, 1).d[0], pixels = ik_count(naive_in(k, 1)) / samples, c = t.d[2];
    naive_zero(k);
    for (int64_t b = 0; b < samples; b++)
        for (int64_t p = b * pixels; p < (b + 1) * pixels; p++) {
            if (!naive_inside(map[p], t.d[1])) continue;
            double *row = table + (naive_group(t.d[0], b) * t.d[1] + map[p]) * c;
            for (int64_t i = 0; i < c; i++) row[i] += x[p * c + i];
        }
    return IK_OK;
}

NAIVE_KERNEL(segment_count) {
    const int32_t *map = k->in[0];
    double *count = k->out;
    ik_shape s = naive_out(k);
    int64_t n = ik_count(naive_in(k, 0)), pixels = n / s.d[0];
    naive_zero(k);
    for (int64_t p = 0; p < n; p++)
        if (naive_inside(map[p], s.d[1])) count[p / pixels * s.d[1] + map[p]] += 1;
    return IK_OK;
}

NAIVE_KERNEL(one_hot) {
    const int32_t *map = k->in[0];
    double *y = k->out;
    int64_t n = ik_count(naive_in(k, 0)), labels = k->node.attrs->length;
    naive_zero(k);
    for (int64_t p = 0; p < n; p++)
        if (naive_inside(map[p], labels)) y[p * labels + map[p]] = 1;
    return IK_OK;
}

/* --- label_conv: y[b,i,j,:] ~ share of the label in the tap times w[:, label, ki, kj] */

/* Adds one tap whose label makes up `share` of it. */
NAIVE_INLINE void label_tap(bool adjoint, int64_t outputs, double *y, ik_shape ws, double *w,
                            int32_t label, int64_t ki, int64_t kj, double share) {
    if (!naive_inside(label, ws.d[1])) return;
    for (int64_t o = 0; o < outputs; o++) {
        int64_t at = naive_at4(&ws, o, label, ki, kj);
        if (adjoint)
            w[at] += share * y[o];
        else
            y[o] += share * w[at];
    }
}

/* Adds the tap at row i, column j of the map, or of its average pool of 3, stride 2, padding 1. */
NAIVE_INLINE void label_taps(bool pooled, bool adjoint, ik_shape ms, const int32_t *map, int64_t b,
                             int64_t i, int64_t j, int64_t outputs, double *y, ik_shape ws,
                             double *w, int64_t ki, int64_t kj) {
    if (!pooled) {
        label_tap(adjoint, outputs, y, ws, w, map[naive_at3(&ms, b, i, j)], ki, kj, 1);
        return;
    }
    int64_t top = i ? 2 * i - 1 : 0, bottom = 2 * i + 2 < ms.d[1] ? 2 * i + 2 : ms.d[1];
    int64_t left = j ? 2 * j - 1 : 0, right = 2 * j + 2 < ms.d[2] ? 2 * j + 2 : ms.d[2];
    double share = 1.0 / (double)((bottom - top) * (right - left));
    for (int64_t mi = top; mi < bottom; mi++)
        for (int64_t mj = left; mj < right; mj++)
            label_tap(adjoint, outputs, y, ws, w, map[naive_at3(&ms, b, mi, mj)], ki, kj, share);
}

NAIVE_INLINE void label_walk(const ik_attrs *a, bool adjoint, ik_shape ys, double *y, ik_shape ms,
                             const int32_t *map, ik_shape ws, double *w) {
    int64_t height = a->pooled ? (ms.d[1] - 1) / 2 + 1 : ms.d[1];
    int64_t width = a->pooled ? (ms.d[2] - 1) / 2 + 1 : ms.d[2];
    for (int64_t b = 0; b < ys.d[0]; b++)
        for (int64_t i = 0; i < ys.d[1]; i++)
            for (int64_t j = 0; j < ys.d[2]; j++)
                for (int64_t ki = 0; ki < ws.d[2]; ki++)
                    for (int64_t kj = 0; kj < ws.d[3]; kj++) {
                        int64_t xi = i * a->stride[0] + ki - a->padding[0];
                        int64_t xj = j * a->stride[1] + kj - a->padding[1];
                        if (!naive_inside(xi, height) || !naive_inside(xj, width)) continue;
                        label_taps(a->pooled, adjoint, ms, map, b, xi, xj, ys.d[3],
                                   y + naive_at4(&ys, b, i, j, 0), ws, w, ki, kj);
                    }
}

NAIVE_KERNEL(label_conv) {
    naive_zero(k);
    label_walk(k->node.attrs, false, naive_out(k), k->out, naive_in(k, 0), k->in[0], naive_in(k, 1),
               k->in[1]);
    return IK_OK;
}

NAIVE_KERNEL(label_conv_dw) {
    naive_zero(k);
    label_walk(k->node.attrs, true, naive_in(k, 0), k->in[0], naive_in(k, 1), k->in[1],
               naive_out(k), k->out);
    return IK_OK;
}

/* --- patches: y[b,i,j,(ki,kj),c] ~ x[b, i s + ki - k/2, j s + kj - k/2, c] of the centre's id */

/* One pixel's window: `row` holds kh kw C numbers. */
NAIVE_INLINE void patch(const ik_attrs *a, bool adjoint, ik_shape xs, double *x, const int32_t *map,
                        int64_t b, int64_t i, int64_t j, double *row) {
    int32_t id = map[naive_at3(&xs, b, i, j)];
    for (int64_t ki = 0; ki < a->kernel[0]; ki++)
        for (int64_t kj = 0; kj < a->kernel[1]; kj++) {
            int64_t xi = i + ki - a->kernel[0] / 2, xj = j + kj - a->kernel[1] / 2;
            if (!naive_inside(xi, xs.d[1]) || !naive_inside(xj, xs.d[2])) continue;
            if (map[naive_at3(&xs, b, xi, xj)] != id) continue;
            for (int64_t c = 0; c < xs.d[3]; c++) {
                int64_t to = (ki * a->kernel[1] + kj) * xs.d[3] + c;
                int64_t from = naive_at4(&xs, b, xi, xj, c);
                if (adjoint)
                    x[from] += row[to];
                else
                    row[to] += x[from];
            }
        }
}

NAIVE_INLINE void patches_walk(const ik_attrs *a, bool adjoint, ik_shape ys, double *y, ik_shape xs,
                               double *x, const int32_t *map) {
    for (int64_t b = 0; b < ys.d[0]; b++)
        for (int64_t i = 0; i < ys.d[1]; i++)
            for (int64_t j = 0; j < ys.d[2]; j++)
                patch(a, adjoint, xs, x, map, b, i * a->stride[0], j * a->stride[1],
                      y + naive_at4(&ys, b, i, j, 0));
}

NAIVE_KERNEL(patches) {
    naive_zero(k);
    patches_walk(k->node.attrs, false, naive_out(k), k->out, naive_in(k, 0), k->in[0], k->in[1]);
    return IK_OK;
}

NAIVE_KERNEL(patches_grad) {
    naive_zero(k);
    patches_walk(k->node.attrs, true, naive_in(k, 0), k->in[0], naive_out(k), k->out, k->in[1]);
    return IK_OK;
}

/* As patches with stride 1, but y has a row per id of the sample. */
NAIVE_INLINE void segment_patches_walk(const ik_attrs *a, bool adjoint, ik_shape ys, double *y,
                                       ik_shape xs, double *x, const int32_t *map) {
    for (int64_t b = 0; b < xs.d[0]; b++)
        for (int64_t i = 0; i < xs.d[1]; i++)
            for (int64_t j = 0; j < xs.d[2]; j++) {
                int32_t id = map[naive_at3(&xs, b, i, j)];
                if (!naive_inside(id, ys.d[1])) continue;
                patch(a, adjoint, xs, x, map, b, i, j, y + (b * ys.d[1] + id) * ys.d[2]);
            }
}

NAIVE_KERNEL(segment_patches) {
    naive_zero(k);
    segment_patches_walk(k->node.attrs, false, naive_out(k), k->out, naive_in(k, 0), k->in[0],
                         k->in[1]);
    return IK_OK;
}

NAIVE_KERNEL(segment_patches_grad) {
    naive_zero(k);
    segment_patches_walk(k->node.attrs, true, naive_in(k, 0), k->in[0], naive_out(k), k->out,
                         k->in[1]);
    return IK_OK;
}

/* --- maps of maps */

/* Of either type: [B,H,W], or [B,H,W,C] with its channels moved together. */
NAIVE_KERNEL(resize_map) {
    ik_shape in = naive_in(k, 0), out = naive_out(k);
    const char *x = k->in[0];
    char *y = k->out;
    size_t pixel =
        (size_t)(ik_count(in) / (in.d[0] * in.d[1] * in.d[2])) * naive_bytes(k->node.out->dtype);
    for (int64_t b = 0; b < out.d[0]; b++)
        for (int64_t i = 0; i < out.d[1]; i++)
            for (int64_t j = 0; j < out.d[2]; j++) {
                int64_t xi = i * in.d[1] / out.d[1], xj = j * in.d[2] / out.d[2];
                memcpy(y + (size_t)naive_at3(&out, b, i, j) * pixel,
                       x + (size_t)naive_at3(&in, b, xi, xj) * pixel, pixel);
            }
    return IK_OK;
}

NAIVE_KERNEL(edge_map) {
    static const int step_i[4] = {-1, 1, 0, 0}, step_j[4] = {0, 0, -1, 1};
    const int32_t *map = k->in[0];
    double *y = k->out;
    ik_shape s = naive_in(k, 0);
    naive_zero(k);
    for (int64_t b = 0; b < s.d[0]; b++)
        for (int64_t i = 0; i < s.d[1]; i++)
            for (int64_t j = 0; j < s.d[2]; j++)
                for (int side = 0; side < 4; side++) {
                    int64_t ni = i + step_i[side], nj = j + step_j[side];
                    if (!naive_inside(ni, s.d[1]) || !naive_inside(nj, s.d[2])) continue;
                    int64_t at = naive_at3(&s, b, i, j);
                    if (map[naive_at3(&s, b, ni, nj)] != map[at]) y[at] = 1;
                }
    return IK_OK;
}
