/* Convolution of a one-hot map that is never made: sums of weight rows chosen by the labels.
 *
 * The weights are turned to [tap][L][O] first, with a row summed over all taps for each label:
 * where a whole window lies in one label, which is most of a picture, that row is copied. With
 * attrs.pooled a tap sees a cell of up to 3 x 3 labels; cells of one label, nearly all, are found
 * beforehand and count as that label.
 * Bytes: the map, and the output or dy, once; weights twice, then from the caches. label_conv_dw
 * reads dy once for each tap, from the caches where they hold it (segments.cuh: lists are taps). */
#include "segments.cuh"

namespace {

struct labelled {
    const int32_t *map, *cells; /* a label, NO_ID or MIXED_ID */
    int64_t batch, h, w;        /* of the map */
    int64_t ch, cw;             /* of the cells */
    int64_t rows, columns;      /* of the other picture */
    int64_t labels, outputs;
    int kernel[2], stride[2], padding[2];
    bool pooled;

    IK_HD int taps() const {
        return kernel[0] * kernel[1];
    }
};

labelled labelled_of(const ik_node_desc *node) {
    bool dw = node->op == IK_LABEL_CONV_DW;
    const int64_t *map = node->in[dw]->shape.d, *y = (dw ? node->in[0] : node->out)->shape.d;
    const int64_t *w = (dw ? node->out : node->in[1])->shape.d;
    const ik_attrs *a = node->attrs;
    labelled l = {NULL, NULL, map[0], map[1], map[2], map[1], map[2], y[1], y[2], w[1], w[0]};
    for (int i = 0; i < 2; i++)
        l.kernel[i] = (int)w[2 + i], l.stride[i] = a->stride[i], l.padding[i] = a->padding[i];
    l.pooled = a->pooled;
    if (l.pooled) l.ch = (l.h - 1) / 2 + 1, l.cw = (l.w - 1) / 2 + 1;
    return l;
}

size_t cells_bytes(const labelled &l) {
    return ((size_t)(l.batch * l.ch * l.cw) * sizeof(int32_t) + 63) / 64 * 64;
}

/* The labels of a pooled cell. */
struct box {
    int64_t y0, y1, x0, x1;
    IK_HD int n() const {
        return (int)((y1 - y0) * (x1 - x0));
    }
};

IK_HD inline box box_of(const labelled &l, int64_t y, int64_t x) {
    return {larger(2 * y - 1, 0), smaller(2 * y + 2, l.h), larger(2 * x - 1, 0),
            smaller(2 * x + 2, l.w)};
}

/* --- cells */

struct finding {
    labelled l;
    int32_t *cells;
    IK_HD int32_t label(int64_t b, int64_t y, int64_t x) const {
        int32_t id = read_one(l.map + (b * l.h + y) * l.w + x);
        return inside(id, l.labels) ? id : (int32_t)NO_ID;
    }
    IK_HD void operator()(int64_t i) const {
        place p = place_of<1>(i, l.ch, l.cw, 1);
        box b = box_of(l, p.y, p.x);
        if (!l.pooled) b = {p.y, p.y + 1, p.x, p.x + 1};
        int32_t cell = label(p.b, b.y0, b.x0);
        for (int64_t y = b.y0; y < b.y1; y++)
            for (int64_t x = b.x0; x < b.x1; x++)
                if (label(p.b, y, x) != cell) {
                    cells[i] = MIXED_ID;
                    return;
                }
        cells[i] = cell;
    }
};

ik_status find_cells(const queue &q, const labelled &l, void *workspace) {
    return units(q, l.batch * l.ch * l.cw, finding{l, (int32_t *)workspace});
}

/* --- forward */

struct turning {
    const float *w;
    float *rows; /* [tap][L][O], then [L][O] summed over taps */
    int64_t labels, outputs;
    int taps;
    IK_HD void operator()(int64_t i) const {
        int64_t label = i, o = digit(label, outputs), table = labels * outputs;
        float sum = 0;
        for (int tap = 0; tap < taps; tap++) {
            float one = read_one(w + (o * labels + label) * taps + tap);
            rows[tap * table + i] = one;
            sum += one;
        }
        rows[taps * table + i] = sum;
    }
};

template <int V> struct forward {
    labelled l;
    const float *weights; /* turned */
    real y;

    /* The label of the window of cells from (y, x) on, if it is one. */
    IK_HD int32_t whole(const int32_t *cells, int64_t y, int64_t x) const {
        if (y < 0 || x < 0 || y + l.kernel[0] > l.ch || x + l.kernel[1] > l.cw) return MIXED_ID;
        int32_t id = read_one(cells + y * l.cw + x);
        for (int i = 0; i < l.kernel[0]; i++)
            for (int j = 0; j < l.kernel[1]; j++)
                if (read_one(cells + (y + i) * l.cw + x + j) != id) return MIXED_ID;
        return id;
    }

    IK_HD void add(float (&v)[V], float share, int64_t table, int64_t label, int64_t o) const {
        float row[V];
        load<V>(weights, (table * l.labels + label) * l.outputs + o, row);
        UNROLL for (int i = 0; i < V; i++) v[i] += share * row[i];
    }

    IK_HD void add_mixed(float (&v)[V], const place &p, int64_t y, int64_t x, int tap) const {
        box b = box_of(l, y, x);
        const int32_t *map = l.map + p.b * l.h * l.w;
        for (int64_t i = b.y0; i < b.y1; i++)
            for (int64_t j = b.x0; j < b.x1; j++) {
                int32_t id = read_one(map + i * l.w + j);
                if (inside(id, l.labels)) add(v, 1 / (float)b.n(), tap, id, p.c);
            }
    }

    IK_HD void operator()(int64_t i) const {
        place p = place_of<V>(i, l.rows, l.columns, l.outputs);
        const int32_t *cells = l.cells + p.b * l.ch * l.cw;
        int64_t top = p.y * l.stride[0] - l.padding[0], left = p.x * l.stride[1] - l.padding[1];
        int32_t id = whole(cells, top, left);
        float v[V];
        set<V>(v, 0);
        if (id >= 0) add(v, 1, l.taps(), id, p.c);
        for (int tap = 0; id == MIXED_ID && tap < l.taps(); tap++) {
            int64_t cy = top + tap / l.kernel[1], cx = left + tap % l.kernel[1];
            if (!inside(cy, l.ch) || !inside(cx, l.cw)) continue;
            int32_t cell = read_one(cells + cy * l.cw + cx);
            if (cell >= 0) add(v, 1, tap, cell, p.c);
            if (cell == MIXED_ID) add_mixed(v, p, cy, cx, tap);
        }
        store<V>(y, i * V, v);
    }
};

ik_status forward_launch(ik_kernel *k, cudaStream_t stream, const ik_step *, ik_error *err) {
    queue q = {stream, "label_conv", err};
    labelled l = labelled_of(&k->node);
    l.map = map_in(k, 0);
    l.cells = (const int32_t *)k->workspace;
    float *weights = (float *)((char *)k->workspace + cells_bytes(l));
    ik_status status = find_cells(q, l, k->workspace);
    if (!status)
        status = units(q, l.labels * l.outputs,
                       turning{f32_in(k, 1), weights, l.labels, l.outputs, l.taps()});
    if (status) return status;
    int64_t n = ik_count(k->node.out->shape);
    if (width_of(l.outputs, {k->out, weights}) == 8)
        return units(q, n / 8, forward<8>{l, weights, real_out(k)});
    return units(q, n, forward<1>{l, weights, real_out(k)});
}

size_t forward_workspace(const ik_node_desc *node) {
    labelled l = labelled_of(node);
    return cells_bytes(l) + (size_t)((l.taps() + 1) * l.labels * l.outputs) * sizeof(float);
}

/* --- gradient of the weights: lists are taps, rows the pixels of dy */

template <int V> struct backward {
    labelled l;
    real dy;
    float *dw;
    typedef vector_sum<V> part;
    typedef nothing own;
    typedef raw<V> fetched;
    static constexpr int at_once = 4;
    static constexpr bool mixes = true;

    /* The cell that pixel `row` sees under a tap; false: padding. */
    IK_HD bool cell_of(int64_t tap, int64_t row, place *p) const {
        *p = place_of<1>(row, l.rows, l.columns, 1);
        p->y = p->y * l.stride[0] - l.padding[0] + (int)tap / l.kernel[1];
        p->x = p->x * l.stride[1] - l.padding[1] + (int)tap % l.kernel[1];
        return inside(p->y, l.ch) && inside(p->x, l.cw);
    }
    IK_HD int64_t id(int64_t tap, int64_t row) const {
        place p;
        if (!cell_of(tap, row, &p)) return NO_ID;
        return read_one(l.cells + (p.b * l.ch + p.y) * l.cw + p.x);
    }
    IK_HD int mixture(int64_t tap, int64_t row, int32_t ids[MIXED_MOST]) const {
        place p;
        cell_of(tap, row, &p);
        box b = box_of(l, p.y, p.x);
        int n = 0;
        for (int64_t y = b.y0; y < b.y1; y++)
            for (int64_t x = b.x0; x < b.x1; x++) {
                int32_t id = read_one(l.map + (p.b * l.h + y) * l.w + x);
                if (inside(id, l.labels)) ids[n++] = id;
            }
        return n;
    }
    IK_HD float share(int64_t tap, int64_t row, int64_t id) const {
        place p;
        cell_of(tap, row, &p);
        box b = box_of(l, p.y, p.x);
        int n = 0;
        for (int64_t y = b.y0; y < b.y1; y++)
            for (int64_t x = b.x0; x < b.x1; x++)
                n += read_one(l.map + (p.b * l.h + y) * l.w + x) == id;
        return (float)n / (float)b.n();
    }
    IK_HD void fetch(fetched &to, int64_t, int64_t row, int64_t group) const {
        ::fetch<V>(dy, row * l.outputs + group * V, to);
    }
    IK_HD void add(part &p, const own &, const fetched &of, float share) const {
        float v[V];
        values<V>(dy, of, v);
        UNROLL for (int i = 0; i < V; i++) p.v[i] += share * v[i];
    }
    IK_HD void finish(const part &p, int64_t tap, int64_t id, int64_t group) const {
        UNROLL for (int i = 0; i < V; i++) dw[((group * V + i) * l.labels + id) * l.taps() + tap] =
            p.v[i];
    }
};

template <int V> segments layout(const labelled &l) {
    return segments_of(l.taps(), l.batch * l.rows * l.columns, l.outputs / V, l.labels, l.taps(),
                       V);
}

template <int V> ik_status backward_run(const queue &q, ik_kernel *k, const labelled &l) {
    backward<V> f = {l, real_in(k, 0), f32_out(k)};
    return sum_segments(q, layout<V>(l), f, (char *)k->workspace + cells_bytes(l));
}

ik_status backward_launch(ik_kernel *k, cudaStream_t stream, const ik_step *, ik_error *err) {
    queue q = {stream, "label_conv_dw", err};
    labelled l = labelled_of(&k->node);
    l.map = map_in(k, 1);
    l.cells = (const int32_t *)k->workspace;
    ik_status status = find_cells(q, l, k->workspace);
    if (status) return status;
    return width_of(l.outputs, {k->in[0]}) == 8 ? backward_run<8>(q, k, l)
                                                : backward_run<1>(q, k, l);
}

size_t backward_workspace(const ik_node_desc *node) {
    labelled l = labelled_of(node);
    size_t one = segments_bytes<backward<1>>(layout<1>(l)), eight = 0;
    if (l.outputs % 8 == 0) eight = segments_bytes<backward<8>>(layout<8>(l));
    return cells_bytes(l) + (one > eight ? one : eight);
}

} // namespace

const cuda_row cuda_label_conv_ops[] = {
    {IK_LABEL_CONV, {forward_launch, forward_workspace, NULL, 1 << 1}},
    {IK_LABEL_CONV_DW, {backward_launch, backward_workspace, NULL, PLAIN_OUT}},
    {IK_OP_COUNT, {}},
};
