/* norm/pixel_norm: every pixel's channels are scaled to a mean square of one, then scaled and
 * shifted by class. The scaling is an op of this plugin's own: see inadekit/custom.h for the
 * contract, and pixel_norm.cu for the same on CUDA. */
#include "pixel_norm.h"

#include "inadekit/plugin.h"

/* --- Kernels for the host. A unit is a pixel; `split` divides them among threads. */

static int64_t channels_of(const ik_custom_run *r) {
    return r->out->shape.d[3];
}

#define HOST_KERNELS(real, type)                                                                   \
    static void forward_part_##real(const ik_custom_run *r, int64_t from, int64_t to) {            \
        const pixel_attrs *a = r->attrs;                                                           \
        const int64_t c = channels_of(r);                                                          \
        const real *x = r->in_data[0];                                                             \
        real *y = r->out_data;                                                                     \
        for (int64_t i = from; i < to; i++) forward_##real(c, x + i * c, y + i * c, a->eps);       \
    }                                                                                              \
    static void backward_part_##real(const ik_custom_run *r, int64_t from, int64_t to) {           \
        const pixel_attrs *a = r->attrs;                                                           \
        const int64_t c = channels_of(r);                                                          \
        const real *dy = r->in_data[0], *x = r->in_data[1];                                        \
        real *dx = r->out_data;                                                                    \
        for (int64_t i = from; i < to; i++)                                                        \
            backward_##real(c, dy + i * c, x + i * c, dx + i * c, a->eps);                         \
    }                                                                                              \
    static ik_status run_forward_##real(const ik_custom_run *r, ik_error *err) {                   \
        const int64_t n = ik_count(r->out->shape);                                                 \
        (void)err;                                                                                 \
        r->split(r, n / channels_of(r), 2 * n, forward_part_##real);                               \
        return IK_OK;                                                                              \
    }                                                                                              \
    static ik_status run_backward_##real(const ik_custom_run *r, ik_error *err) {                  \
        const int64_t n = ik_count(r->out->shape);                                                 \
        (void)err;                                                                                 \
        r->split(r, n / channels_of(r), 3 * n, backward_part_##real);                              \
        return IK_OK;                                                                              \
    }                                                                                              \
    static const ik_custom_kernel forward_kernel_##real = {sizeof(ik_custom_kernel), "host", type, \
                                                           run_forward_##real, NULL};              \
    static const ik_custom_kernel backward_kernel_##real = {sizeof(ik_custom_kernel), "host",      \
                                                            type, run_backward_##real, NULL};
HOST_KERNELS(float, IK_REAL_F32)
HOST_KERNELS(double, IK_REAL_F64) /* for the backend `naive`, which others are checked against */

/* --- The op and its gradient, which is an op itself. */

static ik_status shape(const void *attrs, int n, const ik_tensor *const *in, ik_shape *out,
                       ik_dtype *dtype, ik_error *err) {
    (void)attrs, (void)dtype;
    for (int i = 0; i < n; i++)
        if (in[i]->dtype != IK_F32 || in[i]->shape.rank != 4 ||
            !ik_same_shape(in[i]->shape, in[0]->shape))
            return ik_errorf(err, IK_FAILED, "needs real numbers [B,H,W,C]");
    *out = in[0]->shape;
    return IK_OK;
}

static const ik_custom_kernel *const backward_kernels[] = {
#ifdef INADEKIT_WITH_CUDA
    &pixel_norm_grad_cuda, /* first: compiled for the host, it goes before the C one */
#endif
    &backward_kernel_float,
    &backward_kernel_double,
    NULL,
};
static const ik_custom_op pixel_norm_grad = {
    .struct_size = sizeof(ik_custom_op),
    .name = "pixel_norm_grad",
    .least = 2, /* dy, x */
    .most = 2,
    .attrs_size = sizeof(pixel_attrs),
    .shape = shape,
    .kernels = backward_kernels,
};

static void gradient(ik_graph *g, const ik_custom_gradient *c) {
    ik_tensor *in[] = {c->dy, c->in[0]};
    if (c->wanted[0]) c->dx[0] = g->api->custom(g, &pixel_norm_grad, c->attrs, 2, in);
}

static const ik_custom_kernel *const forward_kernels[] = {
#ifdef INADEKIT_WITH_CUDA
    &pixel_norm_cuda, /* first: compiled for the host, it goes before the C one */
#endif
    &forward_kernel_float,
    &forward_kernel_double,
    NULL,
};
static const ik_custom_op pixel_norm_op = {
    .struct_size = sizeof(ik_custom_op),
    .name = "pixel_norm",
    .least = 1,
    .most = 1,
    .attrs_size = sizeof(pixel_attrs),
    .shape = shape,
    .gradient = gradient,
    .kernels = forward_kernels,
};

/* --- The norm. */

struct pixel_norm {
    double eps;
    bool affine;
};

static ik_tensor *record(const void *self, ik_graph *g, ik_tensor *x) {
    const struct pixel_norm *o = self;
    const pixel_attrs attrs = {.eps = o->eps};
    if (!x) return NULL;
    ik_tensor *y = g->api->custom(g, &pixel_norm_op, &attrs, 1, &x);
    if (!o->affine) return y;
    const ik_shape table = IK_SHAPE3(1, g->info.labels, x->shape.d[3]);
    ik_tensor *scale = ik_param(g, "scale", table, (ik_init){IK_INIT_ONES, 0, 0});
    ik_tensor *shift = ik_param(g, "shift", table, (ik_init){IK_INIT_ZEROS, 0, 0});
    ik_tensor *label = ik_map(g, "label", x->shape.d[1], x->shape.d[2]);
    return ik_add(g, ik_mul(g, y, ik_lookup(g, scale, label)), ik_lookup(g, shift, label));
}

static const ik_option options[] = {
    {"eps", "added to the mean square", IK_OPT_DOUBLE, offsetof(struct pixel_norm, eps), "1e-8", 0,
     1},
    {"affine", "scale and shift by class", IK_OPT_BOOL, offsetof(struct pixel_norm, affine),
     "true"},
    {NULL},
};

static const ik_norm_iface iface = {sizeof iface, record};

static const ik_plugin plugin = {
    IK_PLUGIN_HEAD(IK_NORM, "pixel_norm", "0.1.0",
                   "every pixel to a mean square of one, then a scale and a shift by class"),
    .options = options,
    .instance_size = sizeof(struct pixel_norm),
    .iface = &iface,
};

IK_EXPORT_PLUGINS(&plugin)
