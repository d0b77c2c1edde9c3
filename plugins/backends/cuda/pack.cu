/* Between tensors as the graph has them and operands as cuDNN wants them: another type, channels
 * padded, weights turned from [o,i,taps] to [o,taps,i]. And the step's numbers.
 * Bytes: what is read and what is written, once each. */
#include "pack.h"

#include "launch.cuh"

namespace {

/* Eight values from `at`, of which only the first `n` exist. */
IK_HD inline void load_some(const real &x, int64_t at, int64_t n, bool wide, float (&v)[8]) {
    if (wide) {
        load<8>(x, at, v);
        return;
    }
    for (int j = 0; j < 8; j++) {
        float one[1] = {0};
        if (j < n) load<1>(x, at + j, one);
        v[j] = one[0];
    }
}

IK_HD inline void store_some(const real &y, int64_t at, int64_t n, bool wide, const float (&v)[8]) {
    if (wide) {
        store<8>(y, at, v);
        return;
    }
    for (int j = 0; j < 8 && j < n; j++) {
        float one[1] = {v[j]};
        store<1>(y, at + j, one);
    }
}

/* A unit: eight of a row's elements. */
struct converted {
    real x, y, bias, residual;
    float slope;
    int64_t ci, co, groups;
    bool wide_in, wide_out;
    IK_HD void operator()(int64_t i) const {
        int64_t row = i, c = 8 * digit(row, groups), have = ci - c, at = row * co + c;
        bool wide = wide_out && co - c >= 8;
        float v[8], b[8], more[8];
        load_some(x, row * ci + c, have, wide_in && have >= 8, v);
        if (bias.p) load_some(bias, c, co - c, false, b);
        if (residual.p) load_some(residual, at, co - c, wide, more);
        for (int j = 0; j < 8; j++) {
            if (bias.p) v[j] += b[j];
            if (residual.p) v[j] += more[j];
            if (slope != 1 && !(v[j] > 0)) v[j] *= slope;
        }
        store_some(y, at, co - c, wide, v);
    }
};

/* A unit: all taps of eight input channels of one output channel. */
struct packed {
    const float *w;
    real to;
    int64_t o, i, taps, pi, groups;
    bool wide;
    IK_HD void operator()(int64_t unit) const {
        int64_t out = unit, c = 8 * digit(out, groups);
        for (int64_t t = 0; t < taps; t++) {
            float v[8];
            for (int j = 0; j < 8; j++) {
                bool there = out < o && c + j < i;
                v[j] = there ? read_one(w + (out * i + c + j) * taps + t) : 0.0f;
            }
            store_some(to, (out * taps + t) * pi + c, pi - c, wide && pi - c >= 8, v);
        }
    }
};

struct unpacked {
    real from;
    float *w;
    int64_t i, taps, pi, groups;
    bool wide;
    IK_HD void operator()(int64_t unit) const {
        int64_t out = unit, c = 8 * digit(out, groups);
        for (int64_t t = 0; t < taps; t++) {
            float v[8];
            load_some(from, (out * taps + t) * pi + c, pi - c, wide && pi - c >= 8, v);
            for (int j = 0; j < 8; j++)
                if (c + j < i) w[(out * i + c + j) * taps + t] = v[j];
        }
    }
};

struct stepped {
    ik_step from, *to;
    IK_HD void operator()(int64_t) const {
        *to = from;
    }
};

real real_of(int type, const void *p) {
    return {(void *)p, type == CUDA_BF16};
}

} // namespace

ik_status cuda_set_step(cudaStream_t stream, const ik_step *from, ik_step *device_step,
                        ik_error *err) {
    queue q = {stream, "setting the step", err};
    return units(q, 1, stepped{*from, device_step});
}

ik_status cuda_convert(cudaStream_t stream, int64_t rows, int from_type, const void *from,
                       int64_t ci, int to_type, void *to, int64_t co, const cuda_finish *finish,
                       ik_error *err) {
    queue q = {stream, "converting an operand", err};
    cuda_finish with = {NULL, NULL, CUDA_F32, CUDA_F32, 1};
    if (finish) with = *finish;
    if (ci == co && !with.bias) ci = co = rows * ci, rows = 1;
    converted f = {real_of(from_type, from),
                   real_of(to_type, to),
                   real_of(with.bias_type, with.bias),
                   real_of(with.residual_type, with.residual),
                   with.slope,
                   ci,
                   co,
                   cuda_ceil_div(co, 8),
                   width_of(rows == 1 ? 8 : ci, {from}) == 8,
                   width_of(rows == 1 ? 8 : co, {to, with.residual}) == 8};
    return units(q, rows * f.groups, f);
}

ik_status cuda_pack_weights(cudaStream_t stream, const float *w, int64_t o, int64_t i, int64_t taps,
                            int type, void *to, int64_t po, int64_t pi, ik_error *err) {
    queue q = {stream, "packing weights", err};
    packed f = {
        w, real_of(type, to), o, i, taps, pi, cuda_ceil_div(pi, 8), width_of(pi, {to}) == 8};
    return units(q, po * f.groups, f);
}

ik_status cuda_unpack_weights(cudaStream_t stream, int type, const void *from, int64_t pi, float *w,
                              int64_t o, int64_t i, int64_t taps, ik_error *err) {
    queue q = {stream, "unpacking a weight gradient", err};
    unpacked f = {real_of(type, from),      w, i, taps, pi, cuda_ceil_div(i, 8),
                  width_of(pi, {from}) == 8};
    return units(q, o * f.groups, f);
}
