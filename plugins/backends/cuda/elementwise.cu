/* Ops that treat each element alone, and fill.
 * Bytes: each input once and the output once. Eight elements a thread. */
#include "launch.cuh"
#include "walk.cuh"

namespace {

/* --- one input */

#define UNARY(name, expression)                                                                    \
    struct name {                                                                                  \
        float alpha, beta, slope;                                                                  \
        IK_HD float operator()(float x) const {                                                    \
            return expression;                                                                     \
        }                                                                                          \
    };
UNARY(affine, alpha *x + beta)
UNARY(leaky_relu, x > 0 ? x : slope * x)
UNARY(tangent, tanhf(x))
UNARY(sigmoid, 1 / (1 + expf(-x)))
UNARY(exponential, expf(x))
UNARY(logarithm, logf(x))
UNARY(root, sqrtf(x))
UNARY(magnitude, fabsf(x))
UNARY(sign_of, (float)((x > 0) - (x < 0)))

/* Eight neighbours, the last unit what is left. */
template <class O> struct mapped {
    O o;
    real x, y;
    int64_t n;
    bool wide;
    IK_HD void operator()(int64_t i) const {
        int64_t first = 8 * i, last = smaller(first + 8, n);
        if (wide && last - first == 8) {
            float v[8];
            load<8>(x, first, v);
            UNROLL for (int j = 0; j < 8; j++) v[j] = o(v[j]);
            store<8>(y, first, v);
            return;
        }
        for (int64_t at = first; at < last; at++) {
            float v[1];
            load<1>(x, at, v);
            v[0] = o(v[0]);
            store<1>(y, at, v);
        }
    }
};

template <class O>
ik_status map_launch(ik_kernel *k, cudaStream_t stream, const ik_step *, ik_error *err) {
    const ik_attrs *a = k->node.attrs;
    queue q = {stream, "an elementwise kernel", err};
    int64_t n = ik_count(k->node.out->shape);
    mapped<O> f = {{(float)a->alpha, (float)a->beta, (float)a->slope},
                   real_in(k, 0),
                   real_out(k),
                   n,
                   width_of(8, {k->in[0], k->out}) == 8};
    return units(q, cuda_ceil_div(n, 8), f);
}

/* --- two inputs, either repeated along some axes */

#define BINARY(name, expression)                                                                   \
    struct name {                                                                                  \
        float slope, alpha, beta;                                                                  \
        IK_HD float operator()(float x, float y) const {                                           \
            return expression;                                                                     \
        }                                                                                          \
    };
BINARY(plus, x + y)
BINARY(minus, x - y)
BINARY(times, x *y)
BINARY(over, x / y)
BINARY(leaky_relu_grad, y > 0 ? x : slope * x)
BINARY(sum_of_multiples, alpha *x + beta * y)

/* V elements of an operand, or one that stands for all. */
template <int V> struct along {
    raw<V> each;
    raw<1> one;
};

template <int V>
IK_HD inline void fetch_along(const real &x, int64_t at, int64_t step, along<V> &to) {
    if (step)
        fetch<V>(x, at, to.each);
    else
        fetch<1>(x, at, to.one);
}

template <int V>
IK_HD inline void values_along(const real &x, const along<V> &of, int64_t step, float (&v)[V]) {
    if (step) {
        values<V>(x, of.each, v);
    } else {
        float one[1];
        values<1>(x, of.one, one);
        set<V>(v, one[0]);
    }
}

template <class O, int V> struct paired {
    O o;
    real x, y, out;
    walk w;
    IK_HD void operator()(int64_t i) const {
        int64_t at_x, at_y, step_x = w.step[0][w.rank - 1], step_y = w.step[1][w.rank - 1];
        walk_to<V>(w, i, at_x, at_y);
        along<V> of_x, of_y;
        fetch_along<V>(x, at_x, step_x, of_x);
        fetch_along<V>(y, at_y, step_y, of_y);
        float a[V], b[V];
        values_along<V>(x, of_x, step_x, a);
        values_along<V>(y, of_y, step_y, b);
        UNROLL for (int j = 0; j < V; j++) a[j] = o(a[j], b[j]);
        store<V>(out, i * V, a);
    }
};

template <class O>
ik_status pair_launch(ik_kernel *k, cudaStream_t stream, const ik_step *, ik_error *err) {
    queue q = {stream, "an elementwise kernel of two inputs", err};
    int64_t step[2][IK_MAX_RANK], n = ik_count(k->node.out->shape);
    for (int i = 0; i < 2; i++) repeat_steps(k->node.in[i]->shape, step[i]);
    walk w = walk_of(k->node.out->shape, step[0], step[1]);
    const ik_attrs *a = k->node.attrs;
    O o = {(float)a->slope, (float)a->alpha, (float)a->beta};
    real x = real_in(k, 0), y = real_in(k, 1), out = real_out(k);
    if (walk_width(w, {x.p, y.p, out.p}) == 8)
        return units(q, n / 8, paired<O, 8>{o, x, y, out, w});
    return units(q, n, paired<O, 1>{o, x, y, out, w});
}

/* --- fill: of either type */

struct filled {
    real y;
    int32_t *map;
    float alpha;
    IK_HD void operator()(int64_t i) const {
        float v[1] = {alpha};
        if (map)
            map[i] = (int32_t)alpha;
        else
            store<1>(y, i, v);
    }
};

ik_status fill_launch(ik_kernel *k, cudaStream_t stream, const ik_step *, ik_error *err) {
    queue q = {stream, "fill", err};
    int32_t *map = k->node.out->dtype == IK_I32 ? (int32_t *)k->out : NULL;
    filled f = {real_out(k), map, (float)k->node.attrs->alpha};
    return units(q, ik_count(k->node.out->shape), f);
}

/* --- along one axis */

struct ramp {
    real y;
    float alpha, beta;
    int64_t n, inner; /* of the axis, behind it */
    IK_HD void operator()(int64_t i) const {
        int64_t at = quotient(i, inner);
        float v[1] = {alpha * (float)(at - quotient(at, n) * n) + beta};
        store<1>(y, i, v);
    }
};

ik_status ramp_launch(ik_kernel *k, cudaStream_t stream, const ik_step *, ik_error *err) {
    const ik_attrs *a = k->node.attrs;
    const ik_shape &s = k->node.out->shape;
    int64_t inner = 1;
    for (int i = a->axis + 1; i < s.rank; i++) inner *= s.d[i];
    ramp f = {real_out(k), (float)a->alpha, (float)a->beta, s.d[a->axis], inner};
    return units(queue{stream, "ramp", err}, ik_count(s), f);
}

/* A row by one thread: rows are short, and there are many. */
struct softmax {
    real x, y;
    int64_t n;
    IK_HD void operator()(int64_t row) const {
        float one[1], largest = -INFINITY, sum = 0;
        for (int64_t i = row * n; i < (row + 1) * n; i++) {
            load<1>(x, i, one);
            if (one[0] > largest) largest = one[0];
        }
        for (int64_t i = row * n; i < (row + 1) * n; i++) {
            load<1>(x, i, one);
            sum += expf(one[0] - largest);
        }
        for (int64_t i = row * n; i < (row + 1) * n; i++) {
            load<1>(x, i, one);
            one[0] = expf(one[0] - largest) / sum;
            store<1>(y, i, one);
        }
    }
};

struct softmax_grad {
    real dy, y, dx;
    int64_t n;
    IK_HD void operator()(int64_t row) const {
        float a[1], b[1], sum = 0;
        for (int64_t i = row * n; i < (row + 1) * n; i++) {
            load<1>(dy, i, a);
            load<1>(y, i, b);
            sum += a[0] * b[0];
        }
        for (int64_t i = row * n; i < (row + 1) * n; i++) {
            load<1>(dy, i, a);
            load<1>(y, i, b);
            b[0] *= a[0] - sum;
            store<1>(dx, i, b);
        }
    }
};

ik_status softmax_grad_launch(ik_kernel *k, cudaStream_t stream, const ik_step *, ik_error *err) {
    int64_t n = cuda_channels(k->node.out);
    return units(queue{stream, "softmax_grad", err}, ik_count(k->node.out->shape) / n,
                 softmax_grad{real_in(k, 0), real_in(k, 1), real_out(k), n});
}

ik_status softmax_launch(ik_kernel *k, cudaStream_t stream, const ik_step *, ik_error *err) {
    int64_t n = cuda_channels(k->node.out);
    return units(queue{stream, "softmax", err}, ik_count(k->node.out->shape) / n,
                 softmax{real_in(k, 0), real_out(k), n});
}

} // namespace

const cuda_row cuda_elementwise_ops[] = {
    {IK_FILL, {fill_launch}},
    {IK_AFFINE, {map_launch<affine>}},
    {IK_LEAKY_RELU, {map_launch<leaky_relu>}},
    {IK_TANH, {map_launch<tangent>}},
    {IK_SIGMOID, {map_launch<sigmoid>}},
    {IK_EXP, {map_launch<exponential>}},
    {IK_LOG, {map_launch<logarithm>}},
    {IK_SQRT, {map_launch<root>}},
    {IK_ABS, {map_launch<magnitude>}},
    {IK_SIGN, {map_launch<sign_of>}},
    {IK_ADD, {pair_launch<plus>}},
    {IK_SUB, {pair_launch<minus>}},
    {IK_MUL, {pair_launch<times>}},
    {IK_DIV, {pair_launch<over>}},
    {IK_LEAKY_RELU_GRAD, {pair_launch<leaky_relu_grad>}},
    {IK_AXPBY, {pair_launch<sum_of_multiples>}},
    {IK_RAMP, {ramp_launch}},
    {IK_SOFTMAX, {softmax_launch}},
    {IK_SOFTMAX_GRAD, {softmax_grad_launch}},
    {IK_OP_COUNT, {}},
};
