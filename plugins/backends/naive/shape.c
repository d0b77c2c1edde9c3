/* Ops that make, move, repeat or add up elements. Those that only move work for maps too. */
#include "naive.h"

#include "inadekit/philox.h"

static void move(ik_dtype dtype, void *to, int64_t i, const void *from, int64_t j) {
    if (dtype == IK_F32)
        ((double *)to)[i] = ((const double *)from)[j];
    else
        ((int32_t *)to)[i] = ((const int32_t *)from)[j];
}

NAIVE_KERNEL(fill) {
    int64_t n = ik_count(naive_out(k));
    double alpha = k->node.attrs->alpha;
    for (int64_t i = 0; i < n; i++) {
        if (k->node.out->dtype == IK_F32)
            ((double *)k->out)[i] = alpha;
        else
            ((int32_t *)k->out)[i] = (int32_t)alpha;
    }
    return IK_OK;
}

NAIVE_KERNEL(randn) {
    ik_shape s = naive_out(k);
    double *out = k->out;
    int64_t samples = s.rank ? s.d[0] : 1, each = ik_count(s) / samples;
    for (int64_t b = 0; b < samples; b++)
        for (int64_t e = 0; e < each; e++)
            out[b * each + e] = ik_philox_normal(step->seed, k->node.attrs->stream, step->step,
                                                 step->sample + (uint64_t)b, (uint64_t)e);
    return IK_OK;
}

NAIVE_KERNEL(dropout) {
    ik_shape s = naive_out(k);
    const double *x = k->in[0], p = k->node.attrs->alpha;
    double *out = k->out;
    int64_t samples = s.rank ? s.d[0] : 1, each = ik_count(s) / samples;
    for (int64_t b = 0; b < samples; b++)
        for (int64_t e = 0; e < each; e++) {
            uint32_t w[4];
            ik_philox_block(step->seed, k->node.attrs->stream, step->step,
                            step->sample + (uint64_t)b, (uint64_t)e / 4, w);
            out[b * each + e] = ik_uniform01(w[e % 4]) >= p ? x[b * each + e] / (1 - p) : 0;
        }
    return IK_OK;
}

NAIVE_KERNEL(ramp) {
    ik_shape s = naive_out(k);
    const ik_attrs *a = k->node.attrs;
    double *out = k->out;
    int64_t n = ik_count(s), inner = 1;
    for (int i = a->axis + 1; i < s.rank; i++) inner *= s.d[i];
    for (int64_t i = 0; i < n; i++)
        out[i] = a->alpha * (double)(i / inner % s.d[a->axis]) + a->beta;
    return IK_OK;
}

NAIVE_KERNEL(sum) {
    ik_shape in = naive_in(k, 0), out = naive_out(k);
    const double *x = k->in[0];
    double *y = k->out;
    int64_t stride[IK_MAX_RANK], n = ik_count(in);
    naive_broadcast_strides(&out, stride);
    naive_zero(k);
    naive_walk to = naive_begin(&in, stride);
    for (int64_t i = 0; i < n; i++, naive_next(&to)) y[to.at] += x[i];
    return IK_OK;
}

NAIVE_KERNEL(broadcast) {
    ik_shape in = naive_in(k, 0), out = naive_out(k);
    const double *x = k->in[0];
    double *y = k->out;
    int64_t stride[IK_MAX_RANK], n = ik_count(out);
    naive_broadcast_strides(&in, stride);
    naive_walk from = naive_begin(&out, stride);
    for (int64_t i = 0; i < n; i++, naive_next(&from)) y[i] = x[from.at];
    return IK_OK;
}

NAIVE_KERNEL(concat) {
    ik_shape out = naive_out(k);
    int axis = k->node.attrs->axis;
    int64_t stride[IK_MAX_RANK], start = 0;
    naive_strides(&out, stride);
    for (int part = 0; part < k->node.n_in; part++) {
        ik_shape in = naive_in(k, part);
        int64_t n = ik_count(in);
        naive_walk to = naive_begin(&in, stride);
        for (int64_t i = 0; i < n; i++, naive_next(&to))
            move(k->node.out->dtype, k->out, start * stride[axis] + to.at, k->in[part], i);
        start += in.d[axis];
    }
    return IK_OK;
}

NAIVE_KERNEL(slice) {
    ik_shape in = naive_in(k, 0), out = naive_out(k);
    int64_t stride[IK_MAX_RANK], n = ik_count(out);
    naive_strides(&in, stride);
    int64_t first = k->node.attrs->start * stride[k->node.attrs->axis];
    naive_walk from = naive_begin(&out, stride);
    for (int64_t i = 0; i < n; i++, naive_next(&from))
        move(k->node.out->dtype, k->out, i, k->in[0], first + from.at);
    return IK_OK;
}

NAIVE_KERNEL(pad_slice) {
    ik_shape in = naive_in(k, 0), out = naive_out(k);
    int64_t stride[IK_MAX_RANK], n = ik_count(in);
    naive_strides(&out, stride);
    int64_t first = k->node.attrs->start * stride[k->node.attrs->axis];
    naive_zero(k);
    naive_walk to = naive_begin(&in, stride);
    for (int64_t i = 0; i < n; i++, naive_next(&to))
        move(k->node.out->dtype, k->out, first + to.at, k->in[0], i);
    return IK_OK;
}

NAIVE_KERNEL(permute) {
    ik_shape in = naive_in(k, 0), out = naive_out(k);
    int64_t stride[IK_MAX_RANK], permuted[IK_MAX_RANK] = {0}, n = ik_count(out);
    naive_strides(&in, stride);
    for (int i = 0; i < out.rank; i++) permuted[i] = stride[k->node.attrs->shape.d[i]];
    naive_walk from = naive_begin(&out, permuted);
    for (int64_t i = 0; i < n; i++, naive_next(&from))
        move(k->node.out->dtype, k->out, i, k->in[0], from.at);
    return IK_OK;
}
