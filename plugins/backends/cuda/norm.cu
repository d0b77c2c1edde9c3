/* Moments, normalising, and their gradients. stats is [G,2,C]: means, then variances.
 *
 * Moments are taken by Welford's update along a thread's rows and joined by the parallel axis
 * theorem, so that a large mean costs no digits, in one pass.
 * Bytes: moments x once; normalize_dstats dy and x once; the passes x (normalize_dx: only with
 * dstats) and dy once, and the output once. */
#include "rows.cuh"

namespace {

/* Groups of pixels with statistics of their own. */
struct normed {
    int64_t groups, pixels, channels; /* pixels of a group */
    IK_HD int64_t at(int64_t group, int64_t pixel) const {
        return (group * pixels + pixel) * channels;
    }
};

normed normed_of(const ik_tensor *x, const ik_tensor *stats) {
    normed n = {stats->shape.d[0], 0, cuda_channels(x)};
    n.pixels = ik_count(x->shape) / larger(n.groups * n.channels, 1);
    return n;
}

IK_HD inline float scale_of(float var, float eps) {
    return 1 / sqrtf(var + eps);
}

/* --- moments */

template <int V> struct moments {
    real x;
    float *stats;
    normed n;
    struct part {
        float count, mean[V], square[V]; /* about the mean */
        IK_HD void clear() {
            count = 0;
            set<V>(mean, 0);
            set<V>(square, 0);
        }
        IK_HD void join(const part &other) {
            if (other.count == 0) return;
            float all = count + other.count, share = other.count / all;
            UNROLL for (int i = 0; i < V; i++) {
                float off = other.mean[i] - mean[i];
                mean[i] += off * share;
                square[i] += other.square[i] + off * off * count * share;
            }
            count = all;
        }
    };
    typedef nothing own;
    typedef raw<V> fetched;
    static constexpr int at_once = 4;
    IK_HD void fetch(fetched &to, int64_t outer, int64_t row, int64_t group) const {
        ::fetch<V>(x, n.at(outer, row) + group * V, to);
    }
    IK_HD void add(part &p, const own &, const fetched &of) const {
        float v[V];
        values<V>(x, of, v);
        p.count += 1;
        float share = 1 / p.count;
        UNROLL for (int i = 0; i < V; i++) {
            float off = v[i] - p.mean[i];
            p.mean[i] += off * share;
            p.square[i] += off * (v[i] - p.mean[i]);
        }
    }
    IK_HD void finish(part p, int64_t outer, int64_t group) const {
        int64_t at = 2 * outer * n.channels + group * V;
        UNROLL for (int i = 0; i < V; i++) p.square[i] /= (float)n.pixels;
        store<V>(stats, at, p.mean);
        store<V>(stats, at + n.channels, p.square);
    }
};

template <int V> ik_status moments_run(const queue &q, ik_kernel *k, const normed &n) {
    moments<V> f = {real_in(k, 0), f32_out(k), n};
    return reduce(q, n.groups, n.pixels, n.channels / V, f, k->workspace);
}

ik_status moments_launch(ik_kernel *k, cudaStream_t stream, const ik_step *, ik_error *err) {
    queue q = {stream, "moments", err};
    normed n = normed_of(k->node.in[0], k->node.out);
    return width_of(n.channels, {k->in[0], k->out}) == 8 ? moments_run<8>(q, k, n)
                                                         : moments_run<1>(q, k, n);
}

/* Pointers are not known yet: whatever they allow must fit. */
template <template <int> class F> size_t workspace_of(const normed &n) {
    size_t one = reduce_bytes<F<1>>(n.groups, n.pixels, n.channels);
    size_t eight = n.channels % 8 ? 0 : reduce_bytes<F<8>>(n.groups, n.pixels, n.channels / 8);
    return one > eight ? one : eight;
}

size_t moments_workspace(const ik_node_desc *node) {
    return workspace_of<moments>(normed_of(node->in[0], node->out));
}

/* --- normalize_dstats */

template <int V> struct dstats {
    real dy, x;
    const float *stats;
    float *out, eps;
    normed n;
    typedef two_sums<V> part; /* of dy, of dy (x - mean) */
    struct own {
        float mean[V];
    };
    struct fetched {
        raw<V> dy, x;
    };
    static constexpr int at_once = 2;
    IK_HD own begin(int64_t outer, int64_t group) const {
        own o;
        load<V>(stats, 2 * outer * n.channels + group * V, o.mean);
        return o;
    }
    IK_HD void fetch(fetched &to, int64_t outer, int64_t row, int64_t group) const {
        int64_t at = n.at(outer, row) + group * V;
        ::fetch<V>(dy, at, to.dy);
        ::fetch<V>(x, at, to.x);
    }
    IK_HD void add(part &p, const own &o, const fetched &of) const {
        float d[V], v[V];
        values<V>(dy, of.dy, d);
        values<V>(x, of.x, v);
        UNROLL for (int i = 0; i < V; i++) {
            p.a[i] += d[i];
            p.b[i] += d[i] * (v[i] - o.mean[i]);
        }
    }
    IK_HD void finish(part p, int64_t outer, int64_t group) const {
        int64_t at = 2 * outer * n.channels + group * V;
        float var[V];
        load<V>(stats, at + n.channels, var);
        UNROLL for (int i = 0; i < V; i++) {
            float r = scale_of(var[i], eps);
            p.a[i] *= -r;
            p.b[i] *= -0.5f * r * r * r;
        }
        store<V>(out, at, p.a);
        store<V>(out, at + n.channels, p.b);
    }
};

template <int V> ik_status dstats_run(const queue &q, ik_kernel *k, const normed &n) {
    dstats<V> f = {
        real_in(k, 0), real_in(k, 1), f32_in(k, 2), f32_out(k), (float)k->node.attrs->eps, n};
    return reduce(q, n.groups, n.pixels, n.channels / V, f, k->workspace);
}

ik_status dstats_launch(ik_kernel *k, cudaStream_t stream, const ik_step *, ik_error *err) {
    queue q = {stream, "normalize_dstats", err};
    normed n = normed_of(k->node.in[1], k->node.in[2]);
    return width_of(n.channels, {k->in[0], k->in[1], k->in[2], k->out}) == 8
               ? dstats_run<8>(q, k, n)
               : dstats_run<1>(q, k, n);
}

size_t dstats_workspace(const ik_node_desc *node) {
    return workspace_of<dstats>(normed_of(node->in[1], node->in[2]));
}

/* --- normalize, moments_dx, normalize_dx: dy r + a + (x - mean) b */

template <int V> struct centred {
    real dy, x, y;               /* dy.p NULL: no such term; x.p NULL: only that term */
    const float *stats, *dstats; /* without dstats b is r: normalize itself */
    float eps;
    normed n;
    struct own {
        float mean[V], r[V], a[V], b[V];
    };
    struct fetched {
        raw<V> dy, x;
    };
    static constexpr int at_once = 2;
    IK_HD own begin(int64_t outer, int64_t group) const {
        own o;
        int64_t at = 2 * outer * n.channels + group * V;
        load<V>(stats, at, o.mean);
        load<V>(stats, at + n.channels, o.r);
        UNROLL for (int i = 0; i < V; i++) o.r[i] = scale_of(o.r[i], eps);
        if (!dstats) {
            set<V>(o.a, 0);
            UNROLL for (int i = 0; i < V; i++) o.b[i] = o.r[i];
            return o;
        }
        load<V>(dstats, at, o.a);
        load<V>(dstats, at + n.channels, o.b);
        UNROLL for (int i = 0; i < V; i++) {
            o.a[i] /= (float)n.pixels;
            o.b[i] *= 2 / (float)n.pixels;
        }
        return o;
    }
    IK_HD void fetch(fetched &to, int64_t outer, int64_t row, int64_t group) const {
        int64_t at = n.at(outer, row) + group * V;
        if (x.p) ::fetch<V>(x, at, to.x);
        if (dy.p) ::fetch<V>(dy, at, to.dy);
    }
    IK_HD void row(const own &o, const fetched &of, int64_t outer, int64_t row,
                   int64_t group) const {
        float v[V], d[V];
        set<V>(v, 0);
        if (x.p) {
            values<V>(x, of.x, v);
            UNROLL for (int i = 0; i < V; i++) v[i] = o.a[i] + (v[i] - o.mean[i]) * o.b[i];
        }
        if (dy.p) {
            values<V>(dy, of.dy, d);
            UNROLL for (int i = 0; i < V; i++) v[i] += d[i] * o.r[i];
        }
        store<V>(y, n.at(outer, row) + group * V, v);
    }
};

ik_status centred_launch(ik_kernel *k, cudaStream_t stream, const ik_step *, ik_error *err) {
    queue q = {stream, "a normalisation", err};
    const ik_node_desc *node = &k->node;
    int x = node->op == IK_NORMALIZE_DX; /* dy comes first */
    const float *dstats = node->n_in > x + 2 ? f32_in(k, x + 2) : NULL;
    normed n = normed_of(node->in[x], node->in[x + 1]);
    real none = {NULL, 0}, dy = x ? real_in(k, 0) : none;
    real of = x && !dstats ? none : real_in(k, x);
    float eps = (float)node->attrs->eps;
    if (width_of(n.channels, {dy.p, of.p, k->out, k->in[x + 1], dstats}) == 8)
        return pass(q, n.groups, n.pixels, n.channels / 8,
                    centred<8>{dy, of, real_out(k), f32_in(k, x + 1), dstats, eps, n});
    return pass(q, n.groups, n.pixels, n.channels,
                centred<1>{dy, of, real_out(k), f32_in(k, x + 1), dstats, eps, n});
}

} // namespace

const cuda_row cuda_norm_ops[] = {
    {IK_MOMENTS, {moments_launch, moments_workspace, NULL, PLAIN_OUT}},
    {IK_MOMENTS_DX, {centred_launch, NULL, NULL, 1 << 1 | 1 << 2}},
    {IK_NORMALIZE, {centred_launch, NULL, NULL, 1 << 1}},
    {IK_NORMALIZE_DSTATS, {dstats_launch, dstats_workspace, NULL, 1 << 2 | PLAIN_OUT}},
    {IK_NORMALIZE_DX, {centred_launch, NULL, NULL, 1 << 2 | 1 << 3}},
    {IK_OP_COUNT, {}},
};
