/* Convolution and its two adjoints: loops over all products x w that make up y. */
#include "naive.h"

/* What the loop adds to; the other two are read. */
typedef enum role { TO_X, TO_W } role;

NAIVE_INLINE void add_product(role to, const double *restrict y, double *restrict x,
                              double *restrict w) {
    if (to == TO_X) *x += *y * *w;
    if (to == TO_W) *w += *x * *y;
}

/* y[b,i,j,o] ~ x[b, i s + ki d - p, j s + kj d - p, group's c] w[o,c,ki,kj] */
NAIVE_INLINE void walk(const ik_attrs *a, role to, ik_shape ys, const double *restrict y,
                       ik_shape xs, double *restrict x, ik_shape ws, double *restrict w) {
    int64_t dilation[2] = {a->dilation[0] ? a->dilation[0] : 1,
                           a->dilation[1] ? a->dilation[1] : 1};
    int64_t outputs = ys.d[3] / (a->groups ? a->groups : 1), inputs = ws.d[1]; /* of a group */
    for (int64_t b = 0; b < ys.d[0]; b++)
        for (int64_t i = 0; i < ys.d[1]; i++)
            for (int64_t j = 0; j < ys.d[2]; j++)
                for (int64_t ki = 0; ki < ws.d[2]; ki++)
                    for (int64_t kj = 0; kj < ws.d[3]; kj++) {
                        int64_t xi = i * a->stride[0] + ki * dilation[0] - a->padding[0];
                        int64_t xj = j * a->stride[1] + kj * dilation[1] - a->padding[1];
                        if (!naive_inside(xi, xs.d[1]) || !naive_inside(xj, xs.d[2])) continue;
                        for (int64_t o = 0, g = 0; o < ys.d[3]; g++)
                            for (int64_t last = o + outputs; o < last; o++)
                                for (int64_t c = 0; c < inputs; c++)
                                    add_product(to, &y[naive_at4(&ys, b, i, j, o)],
                                                &x[naive_at4(&xs, b, xi, xj, g * inputs + c)],
                                                &w[naive_at4(&ws, o, c, ki, kj)]);
                    }
}

/* The same, to y alone, for which most of the time goes: tap by tap, with a panel of its weights
 * turned to [c][o]. Every sum keeps its order. */
enum { SIDE = 32 };

typedef struct panel {
    int64_t ki, kj, o, c, outputs,
        inputs; /* the tap; first output, first input of the group; sizes */
    double w[SIDE][SIDE];
} panel;

static void add_panel(const ik_attrs *a, const panel *p, ik_shape ys, double *restrict y,
                      ik_shape xs, const double *restrict x, int64_t from) {
    int64_t down = p->ki * (a->dilation[0] ? a->dilation[0] : 1) - a->padding[0];
    int64_t right = p->kj * (a->dilation[1] ? a->dilation[1] : 1) - a->padding[1];
    for (int64_t b = 0; b < ys.d[0]; b++)
        for (int64_t i = 0; i < ys.d[1]; i++)
            for (int64_t j = 0; j < ys.d[2]; j++) {
                int64_t xi = i * a->stride[0] + down, xj = j * a->stride[1] + right;
                if (!naive_inside(xi, xs.d[1]) || !naive_inside(xj, xs.d[2])) continue;
                const double *in = &x[naive_at4(&xs, b, xi, xj, from)];
                double *out = &y[naive_at4(&ys, b, i, j, p->o)];
                for (int64_t c = 0; c < p->inputs; c++)
                    for (int64_t o = 0; o < p->outputs; o++) out[o] += in[c] * p->w[c][o];
            }
}

static void forward(const ik_attrs *a, ik_shape ys, double *y, ik_shape xs, const double *x,
                    ik_shape ws, const double *w) {
    int64_t outputs = ys.d[3] / (a->groups ? a->groups : 1), inputs = ws.d[1]; /* of a group */
    panel p;
    for (p.ki = 0; p.ki < ws.d[2]; p.ki++)
        for (p.kj = 0; p.kj < ws.d[3]; p.kj++)
            for (p.o = 0; p.o < ys.d[3]; p.o += p.outputs) {
                int64_t left = outputs - p.o % outputs;
                p.outputs = left < SIDE ? left : SIDE;
                for (p.c = 0; p.c < inputs; p.c += p.inputs) {
                    p.inputs = inputs - p.c < SIDE ? inputs - p.c : SIDE;
                    for (int64_t o = 0; o < p.outputs; o++)
                        for (int64_t c = 0; c < p.inputs; c++)
                            p.w[c][o] = w[naive_at4(&ws, p.o + o, p.c + c, p.ki, p.kj)];
                    add_panel(a, &p, ys, y, xs, x, p.o / outputs * inputs + p.c);
                }
            }
}

/* The output starts as the bias in every pixel, or as zeros. */
static void start_with_bias(ik_kernel *k) {
    naive_zero(k);
    int at = ik_conv_bias(&k->node);
    if (!at) return;
    const double *bias = k->in[at];
    double *out = k->out;
    int64_t n = ik_count(naive_out(k)), channels = naive_out(k).d[3];
    for (int64_t i = 0; i < n; i++) out[i] = bias[i % channels];
}

NAIVE_KERNEL(conv2d) {
    start_with_bias(k);
    forward(k->node.attrs, naive_out(k), k->out, naive_in(k, 0), k->in[0], naive_in(k, 1),
            k->in[1]);
    return IK_OK;
}

NAIVE_KERNEL(conv2d_act) {
    naive_op_conv2d(k, step, err);
    int at = ik_conv_residual(&k->node);
    const double *residual = at ? k->in[at] : NULL;
    double *out = k->out, slope = k->node.attrs->slope;
    int64_t n = ik_count(naive_out(k));
    for (int64_t i = 0; i < n; i++) {
        if (residual) out[i] += residual[i];
        if (!(out[i] > 0)) out[i] *= slope;
    }
    return IK_OK;
}

NAIVE_KERNEL(conv2d_dx) {
    start_with_bias(k);
    walk(k->node.attrs, TO_X, naive_in(k, 0), k->in[0], naive_out(k), k->out, naive_in(k, 1),
         k->in[1]);
    return IK_OK;
}

NAIVE_KERNEL(conv2d_dw) {
    naive_zero(k);
    walk(k->node.attrs, TO_W, naive_in(k, 1), k->in[1], naive_in(k, 0), k->in[0], naive_out(k),
         k->out);
    return IK_OK;
}
