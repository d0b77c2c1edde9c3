/* Ops that move elements of four bytes without looking at them: concat, slice, pad_slice, permute.
 */
#include "cpu.h"

/* x seen as [outer][axis][inner]. */
typedef struct axis_view {
    int64_t outer, n, inner;
} axis_view;

static axis_view view(const ik_tensor *t, int axis) {
    axis_view v = {1, t->shape.d[axis], 1};
    for (int i = 0; i < axis; i++) v.outer *= t->shape.d[i];
    for (int i = axis + 1; i < t->shape.rank; i++) v.inner *= t->shape.d[i];
    return v;
}

static void move(uint32_t *to, const uint32_t *from, int64_t n) {
    if (n >= 16)
        memcpy(to, from, (size_t)n * 4);
    else
        for (int64_t i = 0; i < n; i++) to[i] = from[i];
}

/* Units are elements of the output, so that one long row is split as well as many short ones. */
static void concat_range(const ik_kernel *k, int64_t from, int64_t to) {
    const int axis = k->node.attrs->axis;
    const axis_view o = view(k->node.out, axis);
    const int64_t row = o.n * o.inner;
    uint32_t *out = k->out;
    int64_t start = 0; /* of the input within a row of the output */
    for (int i = 0; i < k->node.n_in; i++) {
        const int64_t n = k->node.in[i]->shape.d[axis] * o.inner;
        const uint32_t *in = k->in[i];
        for (int64_t r = row ? from / row : 0; r * row + start < to; r++) {
            const int64_t at = r * row + start;
            const int64_t first = cpu_max(at, from), last = cpu_min(at + n, to);
            if (first < last) move(out + first, in + r * n + first - at, last - first);
        }
        start += n;
    }
}

static void slice_range(const ik_kernel *k, int64_t from, int64_t to) {
    const ik_attrs *a = k->node.attrs;
    const axis_view x = view(k->node.in[0], a->axis), o = view(k->node.out, a->axis);
    const int64_t row = o.n * o.inner;
    const uint32_t *in = k->in[0];
    uint32_t *out = k->out;
    while (from < to) {
        const int64_t r = from / row, at = from % row, n = cpu_min(row - at, to - from);
        move(out + from, in + r * x.n * x.inner + a->start * x.inner + at, n);
        from += n;
    }
}

static void pad_slice_range(const ik_kernel *k, int64_t from, int64_t to) {
    const ik_attrs *a = k->node.attrs;
    const axis_view x = view(k->node.in[0], a->axis), o = view(k->node.out, a->axis);
    const int64_t row = o.n * o.inner, n = x.n * x.inner, start = a->start * o.inner;
    const uint32_t *in = k->in[0];
    uint32_t *out = k->out;
    if (n < row) memset(out + from, 0, (size_t)(to - from) * 4);
    for (int64_t r = from / row; r * row + start < to; r++) {
        const int64_t at = r * row + start;
        const int64_t first = cpu_max(at, from), last = cpu_min(at + n, to);
        if (first < last) move(out + first, in + r * n + first - at, last - first);
    }
}

static void permute_range(const ik_kernel *k, int64_t from, int64_t to) {
    const ik_shape *x = &k->node.in[0]->shape, *o = &k->node.out->shape;
    const uint32_t *in = k->in[0];
    uint32_t *out = k->out;
    const int last = o->rank - 1;
    if (last < 0) {
        *out = *in;
        return;
    }
    int64_t steps[IK_MAX_RANK], step[IK_MAX_RANK], index[IK_MAX_RANK], at = 0, rest = from;
    for (int i = last; i >= 0; i--) steps[i] = i == last ? 1 : steps[i + 1] * x->d[i + 1];
    for (int i = last; i >= 0; i--) {
        step[i] = steps[k->node.attrs->shape.d[i]];
        index[i] = rest % o->d[i], rest /= o->d[i];
        at += index[i] * step[i];
    }
    while (from < to) {
        const int64_t n = cpu_min(o->d[last] - index[last], to - from), s = step[last];
        if (s == 1)
            move(out + from, in + at, n);
        else
            for (int64_t i = 0; i < n; i++) out[from + i] = in[at + i * s];
        from += n;
        at -= index[last] * s, index[last] = 0;
        for (int i = last - 1; i >= 0; i--) {
            at += step[i];
            if (++index[i] < o->d[i]) break;
            at -= step[i] * o->d[i], index[i] = 0;
        }
    }
}

const cpu_op cpu_shape_ops[IK_OP_COUNT] = {
    [IK_CONCAT] = {.range = concat_range, .units = cpu_elements},
    [IK_SLICE] = {.range = slice_range, .units = cpu_elements},
    [IK_PAD_SLICE] = {.range = pad_slice_range, .units = cpu_elements},
    [IK_PERMUTE] = {.range = permute_range, .units = cpu_elements},
};
