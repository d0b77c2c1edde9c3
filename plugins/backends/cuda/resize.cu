/* Nearest upsampling, bilinear resizing and mirrored borders, and their gradients, which gather.
 * Bytes: each picture once, what neighbours share from the caches. */
#include "pictures.cuh"

namespace {

struct upsample {
    picture x;
    int64_t factor;
    template <int V> IK_HD void make(const place &p, float (&v)[V]) const {
        x.get<V>(p.b, quotient(p.y, factor), quotient(p.x, factor), p.c, v);
    }
};

struct upsample_grad {
    picture dy;
    int64_t factor;
    template <int V> IK_HD void make(const place &p, float (&v)[V]) const {
        set<V>(v, 0);
        for (int64_t y = p.y * factor; y < (p.y + 1) * factor; y++)
            for (int64_t x = p.x * factor; x < (p.x + 1) * factor; x++) {
                float one[V];
                dy.get<V>(p.b, y, x, p.c, one);
                accumulate<V>(v, one);
            }
    }
};

/* The two source rows (or columns) of destination i and the second's weight: source
 * (i + 1/2) in / out - 1/2, not below 0, in whole numbers, where a float would be off by 1e-5. */
struct mix {
    int64_t low, high;
    float weight;
};

IK_HD inline mix mix_of(int64_t i, int64_t in, int64_t out) {
    int64_t twice = larger((2 * i + 1) * in - out, 0), low = quotient(twice, 2 * out);
    return {low, smaller(low + 1, in - 1), (float)(twice - low * 2 * out) / (float)(2 * out)};
}

/* What source row s weighs in a destination. */
IK_HD inline float weight_in(const mix &m, int64_t s) {
    return (m.low == s ? 1 - m.weight : 0) + (m.high == s ? m.weight : 0);
}

struct bilinear {
    picture x;
    int64_t to_h, to_w;
    template <int V> IK_HD void make(const place &p, float (&v)[V]) const {
        mix rows = mix_of(p.y, x.h, to_h), columns = mix_of(p.x, x.w, to_w);
        float corner[4][V];
        x.get<V>(p.b, rows.low, columns.low, p.c, corner[0]);
        x.get<V>(p.b, rows.low, columns.high, p.c, corner[1]);
        x.get<V>(p.b, rows.high, columns.low, p.c, corner[2]);
        x.get<V>(p.b, rows.high, columns.high, p.c, corner[3]);
        float down = rows.weight, right = columns.weight;
        UNROLL for (int i = 0; i < V; i++) v[i] =
            (1 - down) * ((1 - right) * corner[0][i] + right * corner[1][i]) +
            down * ((1 - right) * corner[2][i] + right * corner[3][i]);
    }
};

/* Destinations whose source may touch s: those of sources from s - 1 to s + 1. */
struct reach {
    int64_t first, end;
};

IK_HD inline reach reach_of(int64_t s, int64_t in, int64_t out) {
    int64_t low = (2 * s - 1) * out, high = (2 * s + 3) * out; /* 2 in (i + 1/2) lies between */
    reach r;
    r.first = s == 0 || low < in ? 0 : quotient(low - in, 2 * in);
    r.end = s == in - 1 ? out : smaller(quotient(high, 2 * in) + 1, out);
    return r;
}

struct bilinear_grad {
    picture dy;
    int64_t h, w; /* of the output */
    template <int V> IK_HD void make(const place &p, float (&v)[V]) const {
        reach rows = reach_of(p.y, h, dy.h), columns = reach_of(p.x, w, dy.w);
        set<V>(v, 0);
        for (int64_t y = rows.first; y < rows.end; y++) {
            float down = weight_in(mix_of(y, h, dy.h), p.y);
            if (down == 0) continue;
            for (int64_t x = columns.first; x < columns.end; x++) {
                float weight = down * weight_in(mix_of(x, w, dy.w), p.x), one[V];
                if (weight == 0) continue;
                dy.get<V>(p.b, y, x, p.c, one);
                UNROLL for (int i = 0; i < V; i++) v[i] += weight * one[i];
            }
        }
    }
};

struct reflect {
    picture x;
    int64_t down, right; /* the padding */
    IK_HD static int64_t mirrored(int64_t i, int64_t n) {
        return i < 0 ? -i : i >= n ? 2 * (n - 1) - i : i;
    }
    template <int V> IK_HD void make(const place &p, float (&v)[V]) const {
        x.get<V>(p.b, mirrored(p.y - down, x.h), mirrored(p.x - right, x.w), p.c, v);
    }
};

/* A pixel is shown at its own place and, near a border, mirrored at either end of each axis. */
struct reflect_grad {
    picture dy;
    int64_t down, right;
    /* Place number 0, 1, 2 of i in an axis of n with `pad` on both sides, counted from the
     * padding's first; -1: there is none. */
    IK_HD static int64_t shown(int which, int64_t i, int64_t n, int64_t pad) {
        int64_t at = which == 0 ? i : which == 1 ? -i : 2 * (n - 1) - i;
        return (which && at == i) || at < -pad || at >= n + pad ? -1 : at + pad;
    }
    template <int V> IK_HD void make(const place &p, float (&v)[V]) const {
        set<V>(v, 0);
        for (int i = 0; i < 3; i++) {
            int64_t y = shown(i, p.y, dy.h - 2 * down, down);
            for (int j = 0; j < 3 && y >= 0; j++) {
                int64_t x = shown(j, p.x, dy.w - 2 * right, right);
                if (x < 0) continue;
                float one[V];
                dy.get<V>(p.b, y, x, p.c, one);
                accumulate<V>(v, one);
            }
        }
    }
};

template <class F>
ik_status reflect_launch(ik_kernel *k, cudaStream_t stream, const ik_step *, ik_error *err) {
    F f = {picture_in(k, 0), k->node.attrs->padding[0], k->node.attrs->padding[1]};
    return make_picture(queue{stream, "reflect", err}, k, f, {k->in[0]});
}

template <class F>
ik_status up_launch(ik_kernel *k, cudaStream_t stream, const ik_step *, ik_error *err) {
    F f = {picture_in(k, 0), k->node.attrs->factor};
    return make_picture(queue{stream, "upsample", err}, k, f, {k->in[0]});
}

template <class F>
ik_status bilinear_launch(ik_kernel *k, cudaStream_t stream, const ik_step *, ik_error *err) {
    F f = {picture_in(k, 0), k->node.out->shape.d[1], k->node.out->shape.d[2]};
    return make_picture(queue{stream, "bilinear", err}, k, f, {k->in[0]});
}

} // namespace

const cuda_row cuda_resize_ops[] = {
    {IK_UPSAMPLE, {up_launch<upsample>}},
    {IK_UPSAMPLE_GRAD, {up_launch<upsample_grad>}},
    {IK_BILINEAR, {bilinear_launch<bilinear>}},
    {IK_BILINEAR_GRAD, {bilinear_launch<bilinear_grad>}},
    {IK_REFLECT, {reflect_launch<reflect>}},
    {IK_REFLECT_GRAD, {reflect_launch<reflect_grad>}},
    {IK_OP_COUNT, {}},
};
