/* Ops that treat each element alone, and the matrix product. */
#include "naive.h"

#include <math.h>

/* A kernel of one input: `y` from `x`, where a is the node's attributes. */
#define UNARY(name, expression)                                                                    \
    NAIVE_KERNEL(name) {                                                                           \
        const ik_attrs *a __attribute__((unused)) = k->node.attrs;                                 \
        const double *in = k->in[0];                                                               \
        double *out = k->out;                                                                      \
        int64_t n = ik_count(naive_out(k));                                                        \
        for (int64_t i = 0; i < n; i++) {                                                          \
            double x = in[i];                                                                      \
            out[i] = (expression);                                                                 \
        }                                                                                          \
        return IK_OK;                                                                              \
    }

UNARY(affine, (a->alpha * x + a->beta))
UNARY(leaky_relu, x > 0 ? x : a->slope * x)
UNARY(tanh, tanh(x))
UNARY(sigmoid, x >= 0 ? 1 / (1 + exp(-x)) : exp(x) / (1 + exp(x)))
UNARY(exp, exp(x))
UNARY(log, log(x))
UNARY(sqrt, sqrt(x))
UNARY(abs, fabs(x))
UNARY(sign, (x > 0) - (x < 0))

NAIVE_KERNEL(leaky_relu_grad) {
    const double *dy = k->in[0], *x = k->in[1];
    double *dx = k->out;
    int64_t n = ik_count(naive_out(k));
    for (int64_t i = 0; i < n; i++) dx[i] = x[i] > 0 ? dy[i] : k->node.attrs->slope * dy[i];
    return IK_OK;
}

/* A kernel of two inputs, x and y, either of which may be broadcast. */
#define BINARY(name, expression)                                                                   \
    NAIVE_KERNEL(name) {                                                                           \
        const double *in0 = k->in[0], *in1 = k->in[1];                                             \
        double *out = k->out;                                                                      \
        ik_shape s0 = naive_in(k, 0), s1 = naive_in(k, 1), s = naive_out(k);                       \
        int64_t stride0[IK_MAX_RANK], stride1[IK_MAX_RANK], n = ik_count(s);                       \
        naive_broadcast_strides(&s0, stride0);                                                     \
        naive_broadcast_strides(&s1, stride1);                                                     \
        naive_walk w0 = naive_begin(&s, stride0), w1 = naive_begin(&s, stride1);                   \
        for (int64_t i = 0; i < n; i++, naive_next(&w0), naive_next(&w1)) {                        \
            double x = in0[w0.at], y = in1[w1.at];                                                 \
            out[i] = (expression);                                                                 \
        }                                                                                          \
        return IK_OK;                                                                              \
    }

BINARY(add, x + y)
BINARY(sub, x - y)
BINARY(mul, (x * y))
BINARY(div, x / y)
BINARY(axpby, k->node.attrs->alpha *x + k->node.attrs->beta * y)

/* c[m,n] = sum_k op(a)[m,k] op(b)[k,n] + bias[n], of matrices of these shapes' last two axes */
static void product(const ik_attrs *t, const double *a, ik_shape sa, const double *b, ik_shape sb,
                    const double *bias, double *c, ik_shape sc) {
    const int64_t *da = sa.d + sa.rank - 2, *db = sb.d + sb.rank - 2, *dc = sc.d + sc.rank - 2;
    int64_t inner = t->transpose_a ? da[0] : da[1];
    for (int64_t m = 0; m < dc[0]; m++)
        for (int64_t n = 0; n < dc[1]; n++) {
            double sum = bias ? bias[n] : 0;
            for (int64_t i = 0; i < inner; i++)
                sum += (t->transpose_a ? a[i * da[1] + m] : a[m * da[1] + i]) *
                       (t->transpose_b ? b[n * db[1] + i] : b[i * db[1] + n]);
            c[m * dc[1] + n] = sum;
        }
}

/* One matrix each, or one for each index of the first axis. */
static void products(ik_kernel *k, const ik_attrs *t, const double *bias) {
    ik_shape sa = naive_in(k, 0), sb = naive_in(k, 1), sc = naive_out(k);
    int64_t n = sc.rank == 3 ? sc.d[0] : 1;
    for (int64_t i = 0; i < n; i++)
        product(t, (const double *)k->in[0] + i * (ik_count(sa) / n), sa,
                (const double *)k->in[1] + i * (ik_count(sb) / n), sb, bias,
                (double *)k->out + i * (ik_count(sc) / n), sc);
}
NAIVE_KERNEL(matmul) {
    products(k, k->node.attrs, NULL);
    return IK_OK;
}
NAIVE_KERNEL(linear) {
    products(k, &(ik_attrs){.transpose_b = 1}, k->in[2]);
    return IK_OK;
}

NAIVE_KERNEL(softmax) {
    ik_shape s = naive_out(k);
    int64_t n = s.d[s.rank - 1], rows = ik_count(s) / n;
    for (int64_t r = 0; r < rows; r++) {
        const double *x = (const double *)k->in[0] + r * n;
        double *y = (double *)k->out + r * n, largest = x[0], sum = 0;
        for (int64_t i = 1; i < n; i++) largest = fmax(largest, x[i]);
        for (int64_t i = 0; i < n; i++) sum += y[i] = exp(x[i] - largest);
        for (int64_t i = 0; i < n; i++) y[i] /= sum;
    }
    return IK_OK;
}

NAIVE_KERNEL(softmax_grad) {
    ik_shape s = naive_out(k);
    int64_t n = s.d[s.rank - 1], rows = ik_count(s) / n;
    for (int64_t r = 0; r < rows; r++) {
        const double *dy = (const double *)k->in[0] + r * n, *y = (const double *)k->in[1] + r * n;
        double *dx = (double *)k->out + r * n, sum = 0;
        for (int64_t i = 0; i < n; i++) sum += dy[i] * y[i];
        for (int64_t i = 0; i < n; i++) dx[i] = y[i] * (dy[i] - sum);
    }
    return IK_OK;
}
