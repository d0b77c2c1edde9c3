/* Normalise, scale and shift by segment, leaky ReLU: one pass over x and y; and its gradients.
 *
 * A thread keeps mean and 1/sqrt(var + eps) of its channels, and the tables' rows of the segment it
 * is in: neighbouring pixels mostly share it.
 * Bytes: modulate x and y once, modulate_dx dy, x and dx once, modulate_dtables dy and x once
 * (segments.cuh); maps once, tables and statistics from the caches. */
#include "segments.cuh"

namespace {

/* The op's inputs from x on are x, stats, scale, shift, map. */
struct modulation {
    real x;
    const float *stats, *scale, *shift;
    const int32_t *map;
    int64_t samples, n, channels; /* pixels of a sample */
    int64_t groups, tables, ids;
    float eps, slope;
};

modulation modulation_of(const ik_kernel *k, int x) {
    const ik_tensor *const *in = k->node.in;
    modulation m = {real_in(k, x), f32_in(k, x + 1), f32_in(k, x + 2), f32_in(k, x + 3),
                    map_in(k, x + 4)};
    m.samples = in[x]->shape.d[0], m.channels = cuda_channels(in[x]);
    m.n = ik_count(in[x]->shape) / larger(m.samples * m.channels, 1);
    m.groups = in[x + 1]->shape.d[0];
    m.tables = in[x + 2]->shape.d[0], m.ids = in[x + 2]->shape.d[1];
    m.eps = (float)k->node.attrs->eps, m.slope = (float)k->node.attrs->slope;
    return m;
}

int modulation_width(const modulation &m, std::initializer_list<const void *> others) {
    int v = width_of(m.channels, {m.x.p, m.stats, m.scale, m.shift});
    return v == 8 ? width_of(m.channels, others) : 1;
}

/* What a thread keeps. */
template <int V> struct kept {
    float mean[V], r[V], scale[V], shift[V];
    int64_t id; /* whose rows scale and shift are; NO_ID: zeros */
};

/* Where the statistics of a sample's channels begin. */
IK_HD inline int64_t statistics(const modulation &m, int64_t sample) {
    return 2 * group_of(m.groups, sample) * m.channels;
}

template <int V>
IK_HD inline void keep_rows(const modulation &m, kept<V> &o, int64_t sample, int64_t id,
                            int64_t c) {
    if (!inside(id, m.ids)) id = NO_ID;
    if (id == o.id) return;
    o.id = id;
    if (id == NO_ID) {
        set<V>(o.scale, 0);
        set<V>(o.shift, 0);
        return;
    }
    int64_t row = (group_of(m.tables, sample) * m.ids + id) * m.channels + c;
    load<V>(m.scale, row, o.scale);
    load<V>(m.shift, row, o.shift);
}

template <int V>
IK_HD inline kept<V> keep(const modulation &m, int64_t sample, int64_t id, int64_t c) {
    kept<V> o;
    int64_t at = statistics(m, sample) + c;
    load<V>(m.stats, at, o.mean);
    load<V>(m.stats, at + m.channels, o.r);
    UNROLL for (int i = 0; i < V; i++) o.r[i] = 1 / sqrtf(o.r[i] + m.eps);
    set<V>(o.scale, 0);
    set<V>(o.shift, 0);
    o.id = NO_ID;
    keep_rows<V>(m, o, sample, id, c);
    return o;
}

/* --- modulate */

template <int V> struct forward {
    modulation m;
    real y;
    typedef kept<V> own;
    struct fetched {
        raw<V> x;
        int32_t id;
    };
    static constexpr int at_once = 4;
    IK_HD own begin(int64_t sample, int64_t group) const {
        return keep<V>(m, sample, NO_ID, group * V);
    }
    IK_HD void fetch(fetched &to, int64_t sample, int64_t row, int64_t group) const {
        int64_t p = sample * m.n + row;
        to.id = read_one(m.map + p);
        ::fetch<V>(m.x, p * m.channels + group * V, to.x);
    }
    IK_HD void row(own &o, const fetched &of, int64_t sample, int64_t row, int64_t group) const {
        float v[V];
        values<V>(m.x, of.x, v);
        keep_rows<V>(m, o, sample, of.id, group * V);
        UNROLL for (int i = 0; i < V; i++) {
            float pre = (v[i] - o.mean[i]) * o.r[i] * o.scale[i] + o.shift[i];
            v[i] = pre > 0 ? pre : m.slope * pre;
        }
        store<V>(y, (sample * m.n + row) * m.channels + group * V, v);
    }
};

ik_status forward_launch(ik_kernel *k, cudaStream_t stream, const ik_step *, ik_error *err) {
    queue q = {stream, "modulate", err};
    modulation m = modulation_of(k, 0);
    if (modulation_width(m, {k->out}) == 8)
        return pass(q, m.samples, m.n, m.channels / 8, forward<8>{m, real_out(k)});
    return pass(q, m.samples, m.n, m.channels, forward<1>{m, real_out(k)});
}

/* --- modulate_dx */

template <int V> struct backward {
    modulation m;
    real dy, dx;
    const float *dstats; /* NULL: none */
    float share;         /* 1 / elements behind a mean */
    struct own {
        kept<V> k;
        float a[V], b[V];
    };
    struct fetched {
        raw<V> x, dy;
        int32_t id;
    };
    static constexpr int at_once = 2;
    IK_HD own begin(int64_t sample, int64_t group) const {
        own o;
        o.k = keep<V>(m, sample, NO_ID, group * V);
        set<V>(o.a, 0);
        set<V>(o.b, 0);
        if (dstats) {
            int64_t at = statistics(m, sample) + group * V;
            load<V>(dstats, at, o.a);
            load<V>(dstats, at + m.channels, o.b);
        }
        UNROLL for (int i = 0; i < V; i++) o.a[i] *= share, o.b[i] *= 2 * share;
        return o;
    }
    IK_HD void fetch(fetched &to, int64_t sample, int64_t row, int64_t group) const {
        int64_t p = sample * m.n + row, at = p * m.channels + group * V;
        to.id = read_one(m.map + p);
        ::fetch<V>(m.x, at, to.x);
        ::fetch<V>(dy, at, to.dy);
    }
    IK_HD void row(own &o, const fetched &of, int64_t sample, int64_t row, int64_t group) const {
        float v[V], d[V];
        values<V>(m.x, of.x, v);
        values<V>(dy, of.dy, d);
        keep_rows<V>(m, o.k, sample, of.id, group * V);
        UNROLL for (int i = 0; i < V; i++) {
            float off = v[i] - o.k.mean[i];
            float pre = off * o.k.r[i] * o.k.scale[i] + o.k.shift[i];
            float g = pre > 0 ? d[i] : m.slope * d[i];
            v[i] = g * o.k.scale[i] * o.k.r[i] + (o.a[i] + off * o.b[i]);
        }
        store<V>(dx, (sample * m.n + row) * m.channels + group * V, v);
    }
};

ik_status backward_launch(ik_kernel *k, cudaStream_t stream, const ik_step *, ik_error *err) {
    queue q = {stream, "modulate_dx", err};
    modulation m = modulation_of(k, 1);
    const float *dstats = k->node.n_in > 6 ? f32_in(k, 6) : NULL;
    float share = 1 / (float)(m.samples / m.groups * m.n);
    if (modulation_width(m, {k->in[0], k->out, dstats}) == 8)
        return pass(q, m.samples, m.n, m.channels / 8,
                    backward<8>{m, real_in(k, 0), real_out(k), dstats, share});
    return pass(q, m.samples, m.n, m.channels,
                backward<1>{m, real_in(k, 0), real_out(k), dstats, share});
}

/* --- modulate_dtables: the sums over a segment of p xhat, and of p */

template <int V> struct dtables {
    modulation m;
    real dy;
    float *out;
    typedef two_sums<V> part; /* of p xhat, of p */
    typedef kept<V> own;
    struct fetched {
        raw<V> x, dy;
    };
    static constexpr int at_once = 2;
    static constexpr bool mixes = false;
    IK_HD int64_t id(int64_t sample, int64_t row) const {
        return read_one(m.map + sample * m.n + row);
    }
    IK_HD own begin(int64_t sample, int64_t id, int64_t group) const {
        return keep<V>(m, sample, id, group * V);
    }
    IK_HD void fetch(fetched &to, int64_t sample, int64_t row, int64_t group) const {
        int64_t at = (sample * m.n + row) * m.channels + group * V;
        ::fetch<V>(m.x, at, to.x);
        ::fetch<V>(dy, at, to.dy);
    }
    IK_HD void add(part &p, const own &o, const fetched &of, float) const {
        float v[V], d[V];
        values<V>(m.x, of.x, v);
        values<V>(dy, of.dy, d);
        UNROLL for (int i = 0; i < V; i++) {
            float xhat = (v[i] - o.mean[i]) * o.r[i];
            float g = xhat * o.scale[i] + o.shift[i] > 0 ? d[i] : m.slope * d[i];
            p.a[i] += g * xhat;
            p.b[i] += g;
        }
    }
    IK_HD void finish(const part &p, int64_t table, int64_t id, int64_t group) const {
        int64_t at = (table * m.ids + id) * m.channels + group * V;
        store<V>(out, at, p.a);
        store<V>(out, at + m.tables * m.ids * m.channels, p.b);
    }
};

template <int V> segments dtables_layout(const ik_node_desc *node) {
    const ik_shape &x = node->in[1]->shape, &tables = node->in[3]->shape;
    int64_t channels = tables.d[2];
    return segments_of(x.d[0], ik_count(x) / (x.d[0] * channels), channels / V, tables.d[1],
                       tables.d[0], V);
}

template <int V> ik_status dtables_run(const queue &q, ik_kernel *k, const modulation &m) {
    return sum_segments(q, dtables_layout<V>(&k->node), dtables<V>{m, real_in(k, 0), f32_out(k)},
                        k->workspace);
}

ik_status dtables_launch(ik_kernel *k, cudaStream_t stream, const ik_step *, ik_error *err) {
    queue q = {stream, "modulate_dtables", err};
    modulation m = modulation_of(k, 1);
    return modulation_width(m, {k->in[0], k->out}) == 8 ? dtables_run<8>(q, k, m)
                                                        : dtables_run<1>(q, k, m);
}

size_t dtables_workspace(const ik_node_desc *node) {
    size_t one = segments_bytes<dtables<1>>(dtables_layout<1>(node)), eight = 0;
    if (node->in[3]->shape.d[2] % 8 == 0)
        eight = segments_bytes<dtables<8>>(dtables_layout<8>(node));
    return one > eight ? one : eight;
}

/* --- modulate_dstats: dmean = -r sum scale dshift, dvar = -r^2/2 sum scale dscale */

struct dstats {
    const float *dscale, *dshift, *scale, *stats;
    float *out, eps;
    int64_t n, channels;      /* rows of tables behind a mean */
    typedef two_sums<1> part; /* of scale dshift, of scale dscale */
    typedef nothing own;
    struct fetched {
        float scale, dscale, dshift;
    };
    static constexpr int at_once = 4;
    IK_HD void fetch(fetched &to, int64_t outer, int64_t row, int64_t c) const {
        int64_t at = (outer * n + row) * channels + c;
        to = {read_one(scale + at), read_one(dscale + at), read_one(dshift + at)};
    }
    IK_HD void add(part &p, const own &, const fetched &of) const {
        p.a[0] += of.scale * of.dshift;
        p.b[0] += of.scale * of.dscale;
    }
    IK_HD void finish(const part &p, int64_t outer, int64_t c) const {
        int64_t at = 2 * outer * channels + c;
        float v = 1 / (stats[at + channels] + eps);
        out[at] = -sqrtf(v) * p.a[0];
        out[at + channels] = -0.5f * v * p.b[0];
    }
};

/* Groups, rows of tables for each, channels. */
rows dstats_rows(const ik_node_desc *node) {
    const ik_shape &scale = node->in[1]->shape;
    int64_t groups = node->out->shape.d[0];
    return reduce_rows(groups, scale.d[0] * scale.d[1] / groups, scale.d[2]);
}

ik_status dstats_launch(ik_kernel *k, cudaStream_t stream, const ik_step *, ik_error *err) {
    rows r = dstats_rows(&k->node);
    const float *dscale = f32_in(k, 0);
    dstats f = {dscale,       dscale + ik_count(k->node.in[1]->shape),
                f32_in(k, 1), f32_in(k, 2),
                f32_out(k),   (float)k->node.attrs->eps,
                r.n,          r.groups};
    return reduce(queue{stream, "modulate_dstats", err}, r.outer, r.n, r.groups, f, k->workspace);
}

size_t dstats_workspace(const ik_node_desc *node) {
    rows r = dstats_rows(node);
    return reduce_bytes<dstats>(r.outer, r.n, r.groups);
}

ik_status dstats_prepare(cuda *, ik_kernel *k, ik_error *err) {
    int64_t groups = k->node.out->shape.d[0], tables = k->node.in[1]->shape.d[0];
    if (groups != 1 && groups != tables)
        return ik_errorf(err, IK_FAILED,
                         "cuda: modulate_dstats: %lld groups of statistics but %lld tables; "
                         "statistics per picture need a table per picture",
                         (long long)groups, (long long)tables);
    return IK_OK;
}

} // namespace

const cuda_row cuda_modulate_ops[] = {
    {IK_MODULATE, {forward_launch, NULL, NULL, 1 << 1 | 1 << 2 | 1 << 3}},
    {IK_MODULATE_DX, {backward_launch, NULL, NULL, 1 << 2 | 1 << 3 | 1 << 4 | 1 << 6}},
    {IK_MODULATE_DTABLES,
     {dtables_launch, dtables_workspace, NULL, 1 << 2 | 1 << 3 | 1 << 4 | PLAIN_OUT}},
    {IK_MODULATE_DSTATS, {dstats_launch, dstats_workspace, dstats_prepare, 7 | PLAIN_OUT}},
    {IK_OP_COUNT, {}},
};
