/* A backend of interface 1.0 with just the ops that a generator of one linear layer trains with:
 * f32 in the host's memory, loops without threads. */
#include <math.h>
#include <stdlib.h>

#include "inadekit/philox.h"
#include "inadekit/plugin.h"

#if IK_ABI_MAJOR != 1 || IK_ABI_MINOR != 0
#error this has to be compiled with tests/abi/1.0 before other folders
#endif

static bool probe(void *self, char *text, size_t size) {
    (void)self;
    snprintf(text, size, "loops of interface 1.0");
    return true;
}
static ik_status open_plain(void *self, int threads, ik_error *err) {
    (void)self, (void)threads, (void)err;
    return IK_OK;
}
static void close_plain(void *self) {
    (void)self;
}
static size_t element_bytes(void *self, ik_dtype dtype) {
    (void)self, (void)dtype;
    return 4;
}
static void *alloc_plain(void *self, size_t bytes) {
    (void)self;
    void *p = aligned_alloc(64, (bytes + 64) / 64 * 64);
    return p ? memset(p, 0, bytes) : NULL;
}
static void free_plain(void *self, void *p) {
    (void)self;
    free(p);
}
static void copy(void *self, ik_dtype dtype, int64_t n, void *to, const void *from) {
    (void)self, (void)dtype;
    memcpy(to, from, (size_t)n * 4);
}
static ik_status transfer(void *self, ik_dtype dtype, int64_t n, void *to, const void *from,
                          ik_error *err) {
    (void)err;
    copy(self, dtype, n, to, from);
    return IK_OK;
}
static void axpby(void *self, int64_t n, double a, const void *x, double b, void *y) {
    (void)self;
    for (int64_t i = 0; i < n; i++)
        ((float *)y)[i] = (float)(a * ((const float *)x)[i] + (b ? b * ((float *)y)[i] : 0));
}
/* Gradient descent does for a test. */
static void adam(void *self, int64_t n, const ik_adam *a, void *p, const void *g, void *m,
                 void *v) {
    (void)m, (void)v;
    axpby(self, n, -a->lr, g, 1, p);
}

/* Element e of `shape` in a tensor of shape s, whose dimensions of 1 are repeated. */
static int64_t at(ik_shape shape, int64_t e, ik_shape s) {
    int64_t place = 0, stride = 1;
    for (int i = shape.rank - 1; i >= 0; i--) {
        if (s.d[i] != 1) place += e % shape.d[i] * stride;
        stride *= s.d[i];
        e /= shape.d[i];
    }
    return place;
}

static double value(const ik_kernel *k, const ik_step *step, int64_t e) {
    const ik_attrs *a = k->node.attrs;
    ik_shape out = k->node.out->shape;
    const float *x = k->in[0], *y = k->in[1];
    ik_shape xs = k->node.n_in > 0 ? k->node.in[0]->shape : out;
    ik_shape ys = k->node.n_in > 1 ? k->node.in[1]->shape : out;
    double sum = 0;
    switch (k->node.op) {
    case IK_FILL:
        return a->alpha;
    case IK_RANDN: {
        int64_t row = ik_count(out) / out.d[0];
        return ik_philox_normal(step->seed, a->stream, step->step,
                                step->sample + (uint64_t)(e / row), (uint64_t)(e % row));
    }
    case IK_AFFINE:
        return a->alpha * x[e] + a->beta;
    case IK_TANH:
        return tanh(x[e]);
    case IK_ABS:
        return fabs(x[e]);
    case IK_SIGN:
        return (x[e] > 0) - (x[e] < 0);
    case IK_ADD:
        return x[at(out, e, xs)] + y[at(out, e, ys)];
    case IK_SUB:
        return x[at(out, e, xs)] - y[at(out, e, ys)];
    case IK_MUL:
        return x[at(out, e, xs)] * y[at(out, e, ys)];
    case IK_BROADCAST:
        return x[at(out, e, xs)];
    case IK_SUM:
        for (int64_t i = 0; i < ik_count(xs); i++)
            if (at(xs, i, out) == e) sum += x[i];
        return sum;
    case IK_PERMUTE: {
        int64_t stride[IK_MAX_RANK], n = 1, place = 0;
        for (int i = xs.rank - 1; i >= 0; n *= xs.d[i--]) stride[i] = n;
        for (int i = out.rank - 1; i >= 0; e /= out.d[i--])
            place += e % out.d[i] * stride[a->shape.d[i]];
        return x[place];
    }
    default: /* MATMUL */
        for (int64_t i = 0, inner = xs.d[!a->transpose_a]; i < inner; i++) {
            int64_t r = e / out.d[1], c = e % out.d[1];
            sum += (double)x[a->transpose_a ? i * xs.d[1] + r : r * xs.d[1] + i] *
                   y[a->transpose_b ? c * ys.d[1] + i : i * ys.d[1] + c];
        }
        return sum;
    }
}

static ik_status run(ik_kernel *k, const ik_step *step, ik_error *err) {
    (void)err;
    float *out = k->out;
    for (int64_t e = 0; e < ik_count(k->node.out->shape); e++) out[e] = (float)value(k, step, e);
    return IK_OK;
}

static ik_status prepare(void *self, ik_kernel *k, ik_error *err) {
    static const ik_opcode known[] = {IK_FILL, IK_RANDN,   IK_AFFINE, IK_TANH, IK_ABS,
                                      IK_SIGN, IK_ADD,     IK_SUB,    IK_MUL,  IK_BROADCAST,
                                      IK_SUM,  IK_PERMUTE, IK_MATMUL};
    (void)self;
    k->run = run;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (known[i] == k->node.op) return IK_OK;
    return ik_errorf(err, IK_FAILED, "plain: no kernel for op %d of %d", (int)k->node.op,
                     (int)IK_OP_COUNT);
}

static ik_status replay(void *self, ik_kernel *const *kernels, int n, const ik_step *step,
                        ik_error *err) {
    (void)self;
    ik_status status = IK_OK;
    for (int i = 0; i < n && !status; i++) status = kernels[i]->run(kernels[i], step, err);
    return status;
}

static const ik_backend_iface iface = {sizeof iface,  probe,       open_plain, close_plain,
                                       element_bytes, alloc_plain, free_plain, transfer,
                                       transfer,      prepare,     replay,     copy,
                                       axpby,         adam,        0};

static const ik_plugin plugin = {IK_PLUGIN_HEAD(IK_BACKEND, "plain", "1.0", "of interface 1.0"),
                                 .instance_size = 1, .iface = &iface};

IK_EXPORT_PLUGINS(&plugin)
