/* Windows tap by tap, restricted to the segment of their centre, as pictures or as sums over each
 * segment, and their gradients, which gather.
 * Bytes: patches x and the map once from memory (a window's taps share them), the output once; the
 * gradients what they read and write once. segment_patches as segments.cuh says, once for each tap:
 * the taps' blocks read the same rows of x, which the caches hold. */
#include "pictures.cuh"
#include "segments.cuh"

namespace {

/* Windows over pictures of h x w. */
struct taps {
    const int32_t *map;
    int64_t h, w;
    int rows, columns; /* of a window */
    int up, left;      /* from the centre to its first tap */
    IK_HD int count() const {
        return rows * columns;
    }
    IK_HD bool same(int64_t b, int64_t y, int64_t x, int64_t to_y, int64_t to_x) const {
        if (!inside(to_y, h) || !inside(to_x, w)) return false;
        const int32_t *picture = map + b * h * w;
        return read_one(picture + y * w + x) == read_one(picture + to_y * w + to_x);
    }
};

taps taps_of(const ik_kernel *k) {
    const ik_shape &map = k->node.in[1]->shape;
    const ik_attrs *a = k->node.attrs;
    return {map_in(k, 1), map.d[1],      map.d[2],     a->kernel[0],
            a->kernel[1], a->padding[0], a->padding[1]};
}

/* --- patches: a picture of kh kw C channels */

template <int V> struct patch {
    picture x;
    real y;
    taps t;
    int64_t rows, columns, stride_y, stride_x;
    IK_HD void operator()(int64_t i) const {
        int64_t rest = i, c = V * digit(rest, x.c / V);
        int tap = (int)digit(rest, t.count());
        place p = place_of<1>(rest, rows, columns, 1);
        int64_t at_y = p.y * stride_y, at_x = p.x * stride_x;
        int64_t to_y = at_y + tap / t.columns - t.up, to_x = at_x + tap % t.columns - t.left;
        float v[V];
        set<V>(v, 0);
        if (t.same(p.b, at_y, at_x, to_y, to_x)) x.template get<V>(p.b, to_y, to_x, c, v);
        store<V>(y, i * V, v);
    }
};

template <int V> ik_status patches_run(const queue &q, ik_kernel *k) {
    const ik_shape &y = k->node.out->shape;
    const ik_attrs *a = k->node.attrs;
    patch<V> f = {picture_in(k, 0), real_out(k),  taps_of(k),  y.d[1],
                  y.d[2],           a->stride[0], a->stride[1]};
    return units(q, ik_count(y) / V, f);
}

ik_status patches_launch(ik_kernel *k, cudaStream_t stream, const ik_step *, ik_error *err) {
    queue q = {stream, "patches", err};
    bool wide = width_of(cuda_channels(k->node.in[0]), {k->in[0], k->out}) == 8;
    return wide ? patches_run<8>(q, k) : patches_run<1>(q, k);
}

/* A pixel of x is tap (ki, kj) of the centre (y - ki + up, x - kj + left), if that is one. */
struct patches_grad {
    picture dy;
    taps t;
    int64_t stride_y, stride_x, channels;
    template <int V> IK_HD void make(const place &p, float (&v)[V]) const {
        set<V>(v, 0);
        for (int ki = 0; ki < t.rows; ki++)
            for (int kj = 0; kj < t.columns; kj++) {
                int64_t y = p.y - ki + t.up, x = p.x - kj + t.left;
                if (!t.same(p.b, p.y, p.x, y, x)) continue;
                int64_t row = quotient(y, stride_y), column = quotient(x, stride_x);
                if (row * stride_y != y || column * stride_x != x) continue;
                float one[V];
                dy.get<V>(p.b, row, column, (ki * t.columns + kj) * channels + p.c, one);
                accumulate<V>(v, one);
            }
    }
};

ik_status patches_grad_launch(ik_kernel *k, cudaStream_t stream, const ik_step *, ik_error *err) {
    const ik_attrs *a = k->node.attrs;
    patches_grad f = {picture_in(k, 0), taps_of(k), a->stride[0], a->stride[1],
                      cuda_channels(k->node.out)};
    return make_picture(queue{stream, "patches_grad", err}, k, f, {k->in[0]});
}

/* --- segment_patches: lists are (sample, tap), rows the centres */

template <int V> struct summed {
    picture x;
    real y;
    taps t;
    int64_t ids;
    typedef vector_sum<V> part;
    typedef nothing own;
    typedef raw<V> fetched;
    static constexpr int at_once = 4;
    static constexpr bool mixes = false;
    IK_HD int64_t id(int64_t list, int64_t row) const {
        int tap = (int)digit(list, t.count());
        int64_t py = row, px = digit(py, t.w);
        int64_t to_y = py + tap / t.columns - t.up, to_x = px + tap % t.columns - t.left;
        if (!t.same(list, py, px, to_y, to_x)) return NO_ID;
        return read_one(t.map + list * t.h * t.w + row);
    }
    IK_HD void fetch(fetched &to, int64_t list, int64_t row, int64_t group) const {
        int tap = (int)digit(list, t.count());
        row += (tap / t.columns - t.up) * t.w + tap % t.columns - t.left;
        ::fetch<V>(x.at, (list * t.h * t.w + row) * x.c + group * V, to);
    }
    IK_HD void add(part &p, const own &, const fetched &of, float) const {
        float v[V];
        values<V>(x.at, of, v);
        accumulate<V>(p.v, v);
    }
    IK_HD void finish(const part &p, int64_t list, int64_t id, int64_t group) const {
        int64_t tap = digit(list, t.count());
        store<V>(y, ((list * ids + id) * t.count() + tap) * x.c + group * V, p.v);
    }
};

template <int V> segments layout(const ik_node_desc *node) {
    const ik_shape &x = node->in[0]->shape;
    int64_t lists = x.d[0] * node->attrs->kernel[0] * node->attrs->kernel[1];
    return segments_of(lists, x.d[1] * x.d[2], x.d[3] / V, node->out->shape.d[1], lists, V);
}

template <int V> ik_status sum_run(const queue &q, ik_kernel *k) {
    segments s = layout<V>(&k->node);
    return sum_segments(q, s, summed<V>{picture_in(k, 0), real_out(k), taps_of(k), s.ids},
                        k->workspace);
}

ik_status sum_launch(ik_kernel *k, cudaStream_t stream, const ik_step *, ik_error *err) {
    queue q = {stream, "segment_patches", err};
    bool wide = width_of(cuda_channels(k->node.in[0]), {k->in[0], k->out}) == 8;
    return wide ? sum_run<8>(q, k) : sum_run<1>(q, k);
}

size_t sum_workspace(const ik_node_desc *node) {
    size_t one = segments_bytes<summed<1>>(layout<1>(node)), eight = 0;
    if (cuda_channels(node->in[0]) % 8 == 0) eight = segments_bytes<summed<8>>(layout<8>(node));
    return one > eight ? one : eight;
}

/* A pixel gets, of its own id's row, every tap under which another of the id sees it. */
struct sum_grad {
    real dy;
    taps t;
    int64_t ids, channels;
    template <int V> IK_HD void make(const place &p, float (&v)[V]) const {
        set<V>(v, 0);
        int64_t id = read_one(t.map + (p.b * t.h + p.y) * t.w + p.x);
        if (!inside(id, ids)) return;
        for (int tap = 0; tap < t.count(); tap++) {
            int64_t y = p.y - tap / t.columns + t.up, x = p.x - tap % t.columns + t.left;
            if (!t.same(p.b, p.y, p.x, y, x)) continue;
            float one[V];
            load<V>(dy, ((p.b * ids + id) * t.count() + tap) * channels + p.c, one);
            accumulate<V>(v, one);
        }
    }
};

ik_status sum_grad_launch(ik_kernel *k, cudaStream_t stream, const ik_step *, ik_error *err) {
    sum_grad f = {real_in(k, 0), taps_of(k), k->node.in[0]->shape.d[1], cuda_channels(k->node.out)};
    return make_picture(queue{stream, "segment_patches_grad", err}, k, f, {k->in[0]});
}

} // namespace

const cuda_row cuda_patches_ops[] = {
    {IK_PATCHES, {patches_launch}},
    {IK_PATCHES_GRAD, {patches_grad_launch}},
    {IK_SEGMENT_PATCHES, {sum_launch, sum_workspace}},
    {IK_SEGMENT_PATCHES_GRAD, {sum_grad_launch}},
    {IK_OP_COUNT, {}},
};
