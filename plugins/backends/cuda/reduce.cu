/* sum over any axes. Axes of one kind that lie together are merged; the last, where it is kept,
 * is taken eight elements a thread, and where it is summed, too, with the eight added in the end.
 * Bytes: the input once, the output once; sums of many rows leave at most 1024 blocks' parts
 * between the two launches of a reduction (rows.cuh). */
#include "rows.cuh"

namespace {

/* Mixed-radix number -> offset. */
struct offsets {
    int rank;
    int64_t d[3], step[3]; /* slowest first */
    IK_HD int64_t of(int64_t i) const {
        int64_t at = 0;
        for (int k = rank - 1; k > 0; k--) at += digit(i, d[k]) * step[k];
        return rank ? at + i * step[0] : 0;
    }
};

struct layout {
    offsets outer, row;
    int64_t n_outer, n_rows, inner;
    bool across; /* the V elements of a vector belong to one sum */
};

template <int V> struct sum {
    real x, y;
    layout l;
    typedef vector_sum<V> part;
    typedef nothing own;
    typedef raw<V> fetched;
    static constexpr int at_once = 4;
    IK_HD void fetch(fetched &to, int64_t outer, int64_t row, int64_t group) const {
        ::fetch<V>(x, l.outer.of(outer) + group * V + l.row.of(row), to);
    }
    IK_HD void add(part &p, const own &, const fetched &of) const {
        float v[V];
        values<V>(x, of, v);
        accumulate<V>(p.v, v);
    }
    IK_HD void finish(const part &p, int64_t outer, int64_t group) const {
        if (!l.across) {
            store<V>(y, outer * l.inner + group * V, p.v);
            return;
        }
        float total[1] = {p.v[0]};
        for (int i = 1; i < V; i++) total[0] += p.v[i];
        store<1>(y, outer, total);
    }
};

/* `wide`: the pointers allow eight elements at once. Returns how many are taken. */
int layout_of(const ik_node_desc *node, bool wide, layout *l) {
    const ik_shape &x = node->in[0]->shape;
    int rank = 0;
    int64_t d[IK_MAX_RANK], step[IK_MAX_RANK], n = 1;
    bool summed[IK_MAX_RANK];
    for (int i = 0; i < x.rank; i++) {
        if (x.d[i] == 1) continue;
        bool is = node->attrs->axes >> i & 1;
        if (!rank || summed[rank - 1] != is) d[rank] = 1, summed[rank++] = is;
        d[rank - 1] *= x.d[i];
    }
    for (int i = rank - 1; i >= 0; i--) step[i] = n, n *= d[i];
    int v = rank && wide && d[rank - 1] % 8 == 0 ? 8 : 1;
    *l = {{0, {}, {}}, {0, {}, {}}, 1, 1, 1, true};
    for (int i = 0; i < rank; i++) {
        if (i == rank - 1 && !summed[i]) { /* the kept vectors of a row */
            l->inner = d[i], l->across = false;
            break;
        }
        offsets *o = summed[i] ? &l->row : &l->outer;
        o->d[o->rank] = d[i], o->step[o->rank++] = step[i];
        (summed[i] ? l->n_rows : l->n_outer) *= d[i];
    }
    if (v == 8 && l->across) {
        l->row.d[l->row.rank - 1] /= 8, l->row.step[l->row.rank - 1] *= 8;
        l->n_rows /= 8;
    }
    return v;
}

int64_t groups_of(const layout &l, int v) {
    return l.across ? 1 : l.inner / v;
}

/* Hardly any rows, or sums enough to keep the device busy: a thread each. */
bool by_threads(const layout &l, int v) {
    return l.n_rows <= 8 || (l.n_rows <= 1024 && l.n_outer * groups_of(l, v) >= 16384);
}

template <int V> ik_status run(const queue &q, ik_kernel *k, const layout &l) {
    sum<V> f = {real_in(k, 0), real_out(k), l};
    if (by_threads(l, V)) return serial(q, l.n_outer, l.n_rows, groups_of(l, V), f);
    return reduce(q, l.n_outer, l.n_rows, groups_of(l, V), f, k->workspace);
}

ik_status launch(ik_kernel *k, cudaStream_t stream, const ik_step *, ik_error *err) {
    queue q = {stream, "sum", err};
    layout l;
    bool wide = width_of(8, {k->in[0], k->out}) == 8;
    return layout_of(&k->node, wide, &l) == 8 ? run<8>(q, k, l) : run<1>(q, k, l);
}

/* Pointers are not known yet: whatever they allow must fit. */
size_t workspace(const ik_node_desc *node) {
    size_t most = 0;
    for (int wide = 0; wide < 2; wide++) {
        layout l;
        int v = layout_of(node, wide, &l);
        if (by_threads(l, v)) continue;
        size_t bytes = v == 8 ? reduce_bytes<sum<8>>(l.n_outer, l.n_rows, groups_of(l, v))
                              : reduce_bytes<sum<1>>(l.n_outer, l.n_rows, groups_of(l, v));
        if (bytes > most) most = bytes;
    }
    return most;
}

} // namespace

const cuda_row cuda_reduce_ops[] = {{IK_SUM, {launch, workspace}}, {IK_OP_COUNT, {}}};
