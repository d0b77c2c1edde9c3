/* Ops that move elements: concat, slice, pad_slice, permute, broadcast; maps too.
 * Bytes: each element of the output written once, each of the input read once for every place it
 * goes to. Eight elements a thread where the last axis stays together; a permute that moves it
 * reads scattered elements and counts on the caches. */
#include "launch.cuh"
#include "walk.cuh"

namespace {

/* Step 0 of the walk is the input's, step 1 the output's. */
template <int V> struct moved {
    real x, y;
    walk w;
    IK_HD void operator()(int64_t i) const {
        int64_t from, to;
        walk_to<V>(w, i, from, to);
        float v[V];
        if (w.step[0][w.rank - 1]) {
            load<V>(x, from, v);
        } else {
            float one[1];
            load<1>(x, from, one);
            set<V>(v, one[0]);
        }
        store<V>(y, to, v);
    }
};

ik_status move(const queue &q, const real &x, const real &y, const walk &w) {
    int64_t n = 1;
    for (int i = 0; i < w.rank; i++) n *= w.d[i];
    if (walk_width(w, {x.p, y.p}) == 8 && w.step[1][w.rank - 1] == 1)
        return units(q, n / 8, moved<8>{x, y, w});
    return units(q, n, moved<1>{x, y, w});
}

/* Of `shape`, a part of the tensor `whole` from `start` on along `axis`. */
walk part_of(const ik_shape &shape, const ik_shape &whole, int axis, int64_t start, bool reads) {
    int64_t own[IK_MAX_RANK], of_whole[IK_MAX_RANK];
    dense_steps(shape, own);
    dense_steps(whole, of_whole);
    walk w = reads ? walk_of(shape, of_whole, own) : walk_of(shape, own, of_whole);
    w.start[!reads] = start * of_whole[axis];
    return w;
}

ik_status concat_launch(ik_kernel *k, cudaStream_t stream, const ik_step *, ik_error *err) {
    queue q = {stream, "concat", err};
    int axis = k->node.attrs->axis;
    int64_t start = 0;
    for (int i = 0; i < k->node.n_in; i++) {
        const ik_shape &part = k->node.in[i]->shape;
        walk w = part_of(part, k->node.out->shape, axis, start, false);
        ik_status status = move(q, real_in(k, i), real_out(k), w);
        if (status) return status;
        start += part.d[axis];
    }
    return IK_OK;
}

ik_status slice_launch(ik_kernel *k, cudaStream_t stream, const ik_step *, ik_error *err) {
    const ik_attrs *a = k->node.attrs;
    walk w = part_of(k->node.out->shape, k->node.in[0]->shape, a->axis, a->start, true);
    return move(queue{stream, "slice", err}, real_in(k, 0), real_out(k), w);
}

/* The output in rows from the padded axis on: `before` elements of zeros, `part` of x, zeros. */
template <int V> struct padded {
    real x, y;
    int64_t row, before, part;
    IK_HD void operator()(int64_t i) const {
        int64_t rest = i, column = V * digit(rest, row / V) - before;
        float v[V];
        set<V>(v, 0);
        if (inside(column, part)) load<V>(x, rest * part + column, v);
        store<V>(y, i * V, v);
    }
};

ik_status pad_launch(ik_kernel *k, cudaStream_t stream, const ik_step *, ik_error *err) {
    queue q = {stream, "pad_slice", err};
    const ik_attrs *a = k->node.attrs;
    const ik_shape &in = k->node.in[0]->shape, &out = k->node.out->shape;
    int64_t inner = 1, n = ik_count(out);
    for (int i = a->axis + 1; i < out.rank; i++) inner *= out.d[i];
    real x = real_in(k, 0), y = real_out(k);
    int64_t row = out.d[a->axis] * inner, before = a->start * inner, part = in.d[a->axis] * inner;
    if (before % 8 == 0 && part % 8 == 0 && width_of(row, {x.p, y.p}) == 8)
        return units(q, n / 8, padded<8>{x, y, row, before, part});
    return units(q, n, padded<1>{x, y, row, before, part});
}

ik_status permute_launch(ik_kernel *k, cudaStream_t stream, const ik_step *, ik_error *err) {
    const ik_shape &out = k->node.out->shape;
    int64_t in[IK_MAX_RANK], from[IK_MAX_RANK], to[IK_MAX_RANK];
    dense_steps(k->node.in[0]->shape, in);
    dense_steps(out, to);
    for (int i = 0; i < out.rank; i++) from[i] = in[k->node.attrs->shape.d[i]];
    return move(queue{stream, "permute", err}, real_in(k, 0), real_out(k), walk_of(out, from, to));
}

ik_status broadcast_launch(ik_kernel *k, cudaStream_t stream, const ik_step *, ik_error *err) {
    const ik_shape &out = k->node.out->shape;
    int64_t from[IK_MAX_RANK], to[IK_MAX_RANK];
    repeat_steps(k->node.in[0]->shape, from);
    dense_steps(out, to);
    return move(queue{stream, "broadcast", err}, real_in(k, 0), real_out(k),
                walk_of(out, from, to));
}

} // namespace

const cuda_row cuda_shape_ops[] = {
    {IK_CONCAT, {concat_launch}},       {IK_SLICE, {slice_launch}},
    {IK_PAD_SLICE, {pad_launch}},       {IK_PERMUTE, {permute_launch}},
    {IK_BROADCAST, {broadcast_launch}}, {IK_OP_COUNT, {}},
};
