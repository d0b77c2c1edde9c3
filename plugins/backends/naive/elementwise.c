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
        for (int64_t i = 0; i < n; i++) {                                                          \
            double x = in0[naive_position(&s, i, stride0)];                                        \
            double y = in1[naive_position(&s, i, stride1)];                                        \
            out[i] = (expression);                                                                 \
        }                                                                                          \
        return IK_OK;                                                                              \
    }

BINARY(add, x + y)
BINARY(sub, x - y)
BINARY(mul, (x * y))
BINARY(div, x / y)
BINARY(axpby, k->node.attrs->alpha *x + k->node.attrs->beta * y)

/* c[m,n] = sum_k op(a)[m,k] op(b)[k,n] + bias[n] */
static void product(ik_kernel *k, const ik_attrs *t, const double *bias) {
    const double *a = k->in[0], *b = k->in[1];
    double *c = k->out;
    ik_shape sa = naive_in(k, 0), sb = naive_in(k, 1), sc = naive_out(k);
    int64_t inner = t->transpose_a ? sa.d[0] : sa.d[1];
    for (int64_t m = 0; m < sc.d[0]; m++)
        for (int64_t n = 0; n < sc.d[1]; n++) {
            double sum = bias ? bias[n] : 0;
            for (int64_t i = 0; i < inner; i++)
                sum += (t->transpose_a ? a[i * sa.d[1] + m] : a[m * sa.d[1] + i]) *
                       (t->transpose_b ? b[n * sb.d[1] + i] : b[i * sb.d[1] + n]);
            c[m * sc.d[1] + n] = sum;
        }
}
NAIVE_KERNEL(matmul) {
    product(k, k->node.attrs, NULL);
    return IK_OK;
}
NAIVE_KERNEL(linear) {
    product(k, &(ik_attrs){.transpose_b = 1}, k->in[2]);
    return IK_OK;
}
