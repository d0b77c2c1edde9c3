/* Integer maps: lookup, one-hot, resizing, edges.
 * Bytes: the output and the map once; the map again for each vector of a pixel, and lookup's table,
 * from the caches. */
#include "launch.cuh"

namespace {

/* --- lookup: a vector of a row of the table for a pixel */

template <int V> struct looked_up {
    real table, y;
    const int32_t *map;
    int64_t tables, ids, channels, n; /* pixels of a sample */
    IK_HD void operator()(int64_t i) const {
        int64_t p = i, c = V * digit(p, channels / V), id = read_one(map + p);
        float v[V];
        set<V>(v, 0);
        if (inside(id, ids)) {
            int64_t t = tables == 1 ? 0 : quotient(p, n);
            load<V>(table, (t * ids + id) * channels + c, v);
        }
        store<V>(y, i * V, v);
    }
};

ik_status lookup_launch(ik_kernel *k, cudaStream_t stream, const ik_step *, ik_error *err) {
    queue q = {stream, "lookup", err};
    const ik_shape &t = k->node.in[0]->shape;
    int64_t n = cuda_per_sample(k->node.in[1]), all = ik_count(k->node.out->shape);
    real table = real_in(k, 0), y = real_out(k);
    const int32_t *map = map_in(k, 1);
    if (width_of(t.d[2], {table.p, y.p}) == 8)
        return units(q, all / 8, looked_up<8>{table, y, map, t.d[0], t.d[1], t.d[2], n});
    return units(q, all, looked_up<1>{table, y, map, t.d[0], t.d[1], t.d[2], n});
}

/* --- lookup_affine: the same of three tables */

template <int V> struct looked_up_affine {
    real a, b, factor, y;
    const int32_t *of, *by;
    int64_t tables, ids, channels, factors, others, rows, start, n; /* pixels of a sample */
    IK_HD void operator()(int64_t i) const {
        int64_t p = i, c = V * digit(p, channels / V), id = read_one(of + p),
                other = read_one(by + p), sample = quotient(p, n);
        float scale[V], v[V];
        set<V>(scale, 0);
        set<V>(v, 0);
        if (inside(id, ids)) {
            int64_t row = ((tables == 1 ? 0 : sample) * ids + id) * channels + c;
            load<V>(b, row, v);
            if (inside(other, others)) {
                int64_t at = (factors == 1 ? 0 : sample) * others + other;
                float f[V];
                load<V>(a, row, scale);
                load<V>(factor, (at * rows + start) * channels + c, f);
                UNROLL for (int j = 0; j < V; j++) v[j] = scale[j] * f[j] + v[j];
            }
        }
        store<V>(y, i * V, v);
    }
};

template <int V> ik_status affine_run(const queue &q, ik_kernel *k) {
    const ik_shape &t = k->node.in[0]->shape, &f = k->node.in[3]->shape;
    looked_up_affine<V> op = {real_in(k, 0),
                              real_in(k, 1),
                              real_in(k, 3),
                              real_out(k),
                              map_in(k, 2),
                              map_in(k, 4),
                              t.d[0],
                              t.d[1],
                              t.d[2],
                              f.d[0],
                              f.d[1],
                              f.rank == 4 ? f.d[2] : 1,
                              k->node.attrs->start,
                              cuda_per_sample(k->node.in[2])};
    return units(q, ik_count(k->node.out->shape) / V, op);
}

ik_status affine_launch(ik_kernel *k, cudaStream_t stream, const ik_step *, ik_error *err) {
    queue q = {stream, "lookup_affine", err};
    bool wide = width_of(k->node.in[0]->shape.d[2], {k->in[0], k->in[1], k->in[3], k->out}) == 8;
    return wide ? affine_run<8>(q, k) : affine_run<1>(q, k);
}

/* --- one_hot */

template <int V> struct hot {
    const int32_t *map;
    real y;
    int64_t labels;
    IK_HD void operator()(int64_t i) const {
        int64_t p = i, first = V * digit(p, labels / V), id = read_one(map + p);
        float v[V];
        UNROLL for (int j = 0; j < V; j++) v[j] = first + j == id ? 1 : 0;
        store<V>(y, i * V, v);
    }
};

ik_status one_hot_launch(ik_kernel *k, cudaStream_t stream, const ik_step *, ik_error *err) {
    queue q = {stream, "one_hot", err};
    int64_t labels = cuda_channels(k->node.out), all = ik_count(k->node.out->shape);
    if (width_of(labels, {k->out}) == 8)
        return units(q, all / 8, hot<8>{map_in(k, 0), real_out(k), labels});
    return units(q, all, hot<1>{map_in(k, 0), real_out(k), labels});
}

/* --- resize_map: a map, or a picture with its channels moved together */

template <int V> struct resized {
    real x, y;
    int64_t h, w, to_h, to_w, channels;
    IK_HD void operator()(int64_t i) const {
        place p = place_of<V>(i, to_h, to_w, channels);
        int64_t row = p.b * h + quotient(p.y * h, to_h);
        float v[V];
        load<V>(x, (row * w + quotient(p.x * w, to_w)) * channels + p.c, v);
        store<V>(y, i * V, v);
    }
};

ik_status resize_launch(ik_kernel *k, cudaStream_t stream, const ik_step *, ik_error *err) {
    queue q = {stream, "resize_map", err};
    const ik_shape &in = k->node.in[0]->shape, &out = k->node.out->shape;
    int64_t channels = in.rank == 4 ? in.d[3] : 1, all = ik_count(out);
    real x = real_in(k, 0), y = real_out(k);
    if (width_of(channels, {x.p, y.p}) == 8)
        return units(q, all / 8, resized<8>{x, y, in.d[1], in.d[2], out.d[1], out.d[2], channels});
    return units(q, all, resized<1>{x, y, in.d[1], in.d[2], out.d[1], out.d[2], channels});
}

/* --- edge_map */

struct edges {
    const int32_t *map;
    real y;
    int64_t h, w;
    IK_HD void operator()(int64_t i) const {
        place p = place_of<1>(i, h, w, 1);
        int32_t id = read_one(map + i);
        bool edge = (p.y > 0 && read_one(map + i - w) != id) ||
                    (p.y < h - 1 && read_one(map + i + w) != id) ||
                    (p.x > 0 && read_one(map + i - 1) != id) ||
                    (p.x < w - 1 && read_one(map + i + 1) != id);
        float v[1] = {edge ? 1.0f : 0.0f};
        store<1>(y, i, v);
    }
};

ik_status edge_launch(ik_kernel *k, cudaStream_t stream, const ik_step *, ik_error *err) {
    const ik_shape &s = k->node.in[0]->shape;
    return units(queue{stream, "edge_map", err}, ik_count(s),
                 edges{map_in(k, 0), real_out(k), s.d[1], s.d[2]});
}

} // namespace

const cuda_row cuda_map_ops[] = {
    {IK_LOOKUP, {lookup_launch}},   {IK_LOOKUP_AFFINE, {affine_launch}},
    {IK_ONE_HOT, {one_hot_launch}}, {IK_RESIZE_MAP, {resize_launch}},
    {IK_EDGE_MAP, {edge_launch}},   {IK_OP_COUNT, {}},
};
