/* The backend `naive`: plain f64 loops on one thread, the oracle of every other backend.
 * Here: the descriptor, storage, the choice of kernel, replay and the optimiser's flat updates. */
#include "naive.h"

#include <math.h>
#include <stdlib.h>

#include "inadekit/plugin.h"

/* Leaves and views have no kernel: these names stand for the empty places of the table. */
#define naive_op_input NULL
#define naive_op_param NULL
#define naive_op_buffer NULL
#define naive_op_reshape NULL
#define naive_op_stop_gradient NULL
#define naive_op_rows NULL
#define naive_op_custom NULL   /* custom.c */
#define naive_op_relayout NULL /* wants nothing so */

typedef struct op_row {
    int least, most;
    ik_status (*run)(ik_kernel *, const ik_step *, ik_error *);
} op_row;

static const op_row ops[IK_OP_COUNT] = {
#define IK_OP(code, name, least, most) [IK_##code] = {least, most, naive_op_##name},
    IK_OPS(IK_OP)
#undef IK_OP
};

static bool probe(void *self, char *text, size_t size) {
    (void)self;
    snprintf(text, size, "f64 loops on one processor core");
    return true;
}

static ik_status open_backend(void *self, int threads, ik_error *err) {
    (void)self, (void)threads, (void)err;
    return IK_OK;
}

static void close_backend(void *self) {
    (void)self;
}

static size_t element_bytes(void *self, ik_dtype dtype) {
    (void)self;
    return naive_bytes(dtype);
}

static void *alloc_storage(void *self, size_t bytes) {
    (void)self;
    if (bytes > SIZE_MAX - 64) return NULL;
    size_t whole = (bytes + 63) / 64 * 64;
    if (!whole) whole = 64;
    void *p = aligned_alloc(64, whole);
    if (p) memset(p, 0, whole);
    return p;
}

static void free_storage(void *self, void *p) {
    (void)self;
    free(p);
}

static ik_status upload(void *self, ik_dtype dtype, int64_t n, void *to, const void *from,
                        ik_error *err) {
    (void)self, (void)err;
    if (dtype == IK_I32) {
        memcpy(to, from, (size_t)n * sizeof(int32_t));
        return IK_OK;
    }
    const float *host = from;
    double *own = to;
    for (int64_t i = 0; i < n; i++) own[i] = host[i];
    return IK_OK;
}

static ik_status download(void *self, ik_dtype dtype, int64_t n, void *to, const void *from,
                          ik_error *err) {
    (void)self, (void)err;
    if (dtype == IK_I32) {
        memcpy(to, from, (size_t)n * sizeof(int32_t));
        return IK_OK;
    }
    float *host = to;
    const double *own = from;
    for (int64_t i = 0; i < n; i++) host[i] = (float)own[i];
    return IK_OK;
}

static ik_status prepare(void *self, ik_kernel *k, ik_error *err) {
    (void)self;
    int op = (int)k->node.op;
    if (op < 0 || op >= IK_OP_COUNT)
        return ik_errorf(err, IK_FAILED,
                         "backend naive: op number %d is unknown; build backend and core together",
                         op);
    if (op == IK_CUSTOM && k->custom) return naive_custom(k, err);
    const op_row *row = &ops[op];
    if (!row->run)
        return ik_errorf(err, IK_FAILED,
                         "backend naive: op '%s' has no kernel; leaves and views are the core's",
                         ik_op_text(k->node.op));
    if (k->node.n_in < row->least || k->node.n_in > row->most)
        return ik_errorf(err, IK_FAILED,
                         "backend naive: op '%s' was given %d inputs; it takes %d to %d",
                         ik_op_text(k->node.op), k->node.n_in, row->least, row->most);
    k->run = row->run;
    k->workspace_bytes = 0;
    k->release = NULL;
    k->state = NULL;
    return IK_OK;
}

static ik_status replay(void *self, ik_kernel *const *kernels, int n, const ik_step *step,
                        ik_error *err) {
    (void)self;
    for (int i = 0; i < n; i++) {
        ik_status status = kernels[i]->run(kernels[i], step, err);
        if (status != IK_OK) return status;
    }
    return IK_OK;
}

static void copy(void *self, ik_dtype dtype, int64_t n, void *to, const void *from) {
    (void)self;
    memcpy(to, from, (size_t)n * naive_bytes(dtype));
}

static void axpby(void *self, int64_t n, double a, const void *x_, double b, void *y_) {
    (void)self;
    const double *x = x_;
    double *y = y_;
    for (int64_t i = 0; i < n; i++) y[i] = b == 0 ? a * x[i] : a * x[i] + b * y[i];
}

static void adam(void *self, int64_t n, const ik_adam *a, void *p_, const void *g_, void *m_,
                 void *v_) {
    (void)self;
    double *p = p_, *m = m_, *v = v_;
    const double *g = g_;
    double correct1 = 1 - pow(a->beta1, (double)a->t);
    double correct2 = 1 - pow(a->beta2, (double)a->t);
    for (int64_t i = 0; i < n; i++) {
        m[i] = a->beta1 * m[i] + (1 - a->beta1) * g[i];
        v[i] = a->beta2 * v[i] + (1 - a->beta2) * g[i] * g[i];
        p[i] -= a->lr / correct1 * m[i] / (sqrt(v[i]) / sqrt(correct2) + a->eps);
    }
}

static const ik_backend_iface iface = {
    .struct_size = sizeof(ik_backend_iface),
    .probe = probe,
    .open = open_backend,
    .close = close_backend,
    .element_bytes = element_bytes,
    .alloc = alloc_storage,
    .free = free_storage,
    .upload = upload,
    .download = download,
    .prepare = prepare,
    .replay = replay,
    .copy = copy,
    .axpby = axpby,
    .adam = adam,
    .preference = 1,
};

static const ik_plugin naive_plugin = {
    IK_PLUGIN_HEAD(IK_BACKEND, "naive", "0.1.0",
                   "plain double-precision loops: slow, exact, the reference of the others"),
    .instance_size = 1, /* no state; not 0, so that an instance has an address */
    .iface = &iface,
};

IK_EXPORT_PLUGINS(&naive_plugin)
