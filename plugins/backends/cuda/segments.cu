/* segment_sum (segments.cuh says how, and the bytes) and segment_count: every id's lanes compare
 * all ids of a picture, which are read from memory once and else from the caches. */
#include "segments.cuh"

namespace {

template <int V> struct summed {
    real x, y;
    const int32_t *map;
    int64_t n, channels, ids; /* pixels of a sample */
    typedef vector_sum<V> part;
    typedef nothing own;
    typedef raw<V> fetched;
    static constexpr int at_once = 4;
    static constexpr bool mixes = false;
    IK_HD int64_t id(int64_t sample, int64_t row) const {
        return read_one(map + sample * n + row);
    }
    IK_HD void fetch(fetched &to, int64_t sample, int64_t row, int64_t group) const {
        ::fetch<V>(x, (sample * n + row) * channels + group * V, to);
    }
    IK_HD void add(part &p, const own &, const fetched &of, float) const {
        float v[V];
        values<V>(x, of, v);
        accumulate<V>(p.v, v);
    }
    IK_HD void finish(const part &p, int64_t table, int64_t id, int64_t group) const {
        store<V>(y, (table * ids + id) * channels + group * V, p.v);
    }
};

template <int V> segments layout(const ik_node_desc *node) {
    const ik_shape &map = node->in[1]->shape, &out = node->out->shape;
    return segments_of(map.d[0], ik_count(map) / map.d[0], out.d[2] / V, out.d[1], out.d[0], V);
}

template <int V> ik_status sum_run(const queue &q, ik_kernel *k) {
    segments s = layout<V>(&k->node);
    summed<V> f = {real_in(k, 0), real_out(k), map_in(k, 1), s.r.n, s.r.groups * V, s.ids};
    return sum_segments(q, s, f, k->workspace);
}

ik_status sum_launch(ik_kernel *k, cudaStream_t stream, const ik_step *, ik_error *err) {
    queue q = {stream, "segment_sum", err};
    bool wide = width_of(k->node.out->shape.d[2], {k->in[0], k->out}) == 8;
    return wide ? sum_run<8>(q, k) : sum_run<1>(q, k);
}

size_t sum_workspace(const ik_node_desc *node) {
    size_t one = segments_bytes<summed<1>>(layout<1>(node)), eight = 0;
    if (node->out->shape.d[2] % 8 == 0) eight = segments_bytes<summed<8>>(layout<8>(node));
    return one > eight ? one : eight;
}

/* --- segment_count: a "channel" is an id */

struct counted {
    const int32_t *map;
    real y;
    int64_t n, ids;
    struct part {
        int32_t n; /* a float would stop counting at 2^24 */
        IK_HD void clear() {
            n = 0;
        }
        IK_HD void join(const part &other) {
            n += other.n;
        }
    };
    typedef nothing own;
    typedef int32_t fetched;
    static constexpr int at_once = 4;
    IK_HD void fetch(fetched &hit, int64_t sample, int64_t row, int64_t id) const {
        hit = read_one(map + sample * n + row) == id;
    }
    IK_HD void add(part &p, const own &, const fetched &hit) const {
        p.n += hit;
    }
    IK_HD void finish(const part &p, int64_t sample, int64_t id) const {
        float v[1] = {(float)p.n};
        store<1>(y, sample * ids + id, v);
    }
};

ik_status count_launch(ik_kernel *k, cudaStream_t stream, const ik_step *, ik_error *err) {
    const ik_shape &out = k->node.out->shape;
    int64_t n = cuda_per_sample(k->node.in[0]);
    counted f = {map_in(k, 0), real_out(k), n, out.d[1]};
    return reduce(queue{stream, "segment_count", err}, out.d[0], n, out.d[1], f, k->workspace);
}

size_t count_workspace(const ik_node_desc *node) {
    const ik_shape &out = node->out->shape;
    return reduce_bytes<counted>(out.d[0], cuda_per_sample(node->in[0]), out.d[1]);
}

} // namespace

const cuda_row cuda_segment_ops[] = {
    {IK_SEGMENT_SUM, {sum_launch, sum_workspace}},
    {IK_SEGMENT_COUNT, {count_launch, count_workspace}},
    {IK_OP_COUNT, {}},
};
