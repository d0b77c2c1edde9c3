/* The cpu backend: float32 in NHWC, oneDNN for convolutions and products, OpenMP loops for the
 * rest.
 *
 * This file holds what is not a kernel: the descriptor, storage, choosing kernels, replay, and the
 * flat updates of the optimiser. */
#include <math.h>
#include <omp.h>
#include <stdlib.h>

#include "cpu.h"

static const cpu_op *const tables[] = {
    cpu_elementwise_ops, cpu_reduce_ops,  cpu_shape_ops,  cpu_pooling_ops,    cpu_norm_ops,
    cpu_modulate_ops,    cpu_segment_ops, cpu_maps_ops,   cpu_label_conv_ops, cpu_patches_ops,
    cpu_spectral_ops,    cpu_dnnl_ops,    cpu_linear_ops,
};

static const cpu_op *find_op(ik_opcode op) {
    if ((unsigned)op >= IK_OP_COUNT) return NULL;
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
        const cpu_op *o = &tables[i][op];
        if (o->range || o->run || o->prepare) return o;
    }
    return NULL;
}

/* --- Threads. */

/* Part `i` of `parts` starts at a multiple of 16 units where there are many: whole cache lines. */
static int64_t part_start(int64_t units, int parts, int i) {
    if (i >= parts) return units;
    int64_t at = units / parts * i + units % parts * i / parts;
    return units >= 64 * parts ? at & ~(int64_t)15 : at;
}

void cpu_split(const ik_kernel *k, int64_t units, int64_t work, cpu_range f) {
    int threads = (int)cpu_min(cpu_of(k)->threads, units);
    if (work < CPU_SMALL || threads < 2) {
        if (units > 0) f(k, 0, units);
        return;
    }
#pragma omp parallel num_threads(threads)
    {
        /* Fewer threads than asked for are possible; every part is run all the same. */
        for (int i = omp_get_thread_num(); i < threads; i += omp_get_num_threads())
            f(k, part_start(units, threads, i), part_start(units, threads, i + 1));
    }
}

int64_t cpu_elements(const ik_node_desc *node) {
    return ik_count(node->out->shape);
}
int64_t cpu_pixels(const ik_node_desc *node) {
    return ik_count(node->out->shape) / cpu_max(cpu_channels(node->out), 1);
}
int64_t cpu_rows(const ik_node_desc *node) {
    return node->out->shape.d[0] * node->out->shape.d[1];
}

/* --- Opening and closing. */

static bool cpu_probe(void *self, char *text, size_t size) {
    const cpu *c = self;
    const dnnl_version_t *v = dnnl_version();
    char threads[32] = ""; /* where it is open, and not all work */
    if (c->threads && c->threads != omp_get_num_procs())
        snprintf(threads, sizeof threads, ", threads: %d", c->threads);
    snprintf(text, size, "%d processors, %s, oneDNN %d.%d.%d%s", omp_get_num_procs(), onednn_isa(),
             v->major, v->minor, v->patch, threads);
    return true;
}

/* What OpenMP gives: oneDNN asks it, and its threads wait for as many as were asked for, so that
 * neither OMP_DYNAMIC nor OMP_MAX_ACTIVE_LEVELS may make them fewer. */
static void set_threads(const cpu *c) {
    omp_set_dynamic(0);
    if (omp_get_max_active_levels() < 1) omp_set_max_active_levels(1);
    omp_set_num_threads(c->threads);
}

static ik_status cpu_open(void *self, int threads, ik_error *err) {
    cpu *c = self;
    c->threads = threads > 0 ? threads : omp_get_max_threads();
    if (c->threads > omp_get_thread_limit()) c->threads = omp_get_thread_limit();
    set_threads(c);
    if (dnnl_engine_create(&c->engine, dnnl_cpu, 0) != dnnl_success ||
        dnnl_stream_create(&c->stream, c->engine, dnnl_stream_default_flags) != dnnl_success)
        return ik_errorf(
            err, IK_FAILED,
            "cpu: oneDNN gave no CPU engine; reinstall libdnnl or use `device: naive`");
    return IK_OK;
}

static void cpu_close(void *self) {
    cpu *c = self;
    if (c->stream) dnnl_stream_destroy(c->stream);
    if (c->engine) dnnl_engine_destroy(c->engine);
    cpu_layouts_free(c);
    c->stream = NULL, c->engine = NULL;
}

/* --- Storage. */

static size_t cpu_element_bytes(void *self, ik_dtype dtype) {
    (void)self, (void)dtype;
    return 4;
}

static void *cpu_alloc(void *self, size_t bytes) {
    (void)self;
    if (bytes > SIZE_MAX - 64) return NULL;
    size_t rounded = (bytes + 63) / 64 * 64;
    void *p = aligned_alloc(64, rounded ? rounded : 64);
    return p ? memset(p, 0, rounded ? rounded : 64) : NULL;
}

static void cpu_free(void *self, void *p) {
    (void)self;
    free(p);
}

static void cpu_copy(void *self, ik_dtype dtype, int64_t n, void *to, const void *from) {
    (void)self, (void)dtype;
    if (n > 0) memcpy(to, from, (size_t)n * 4);
}

static ik_status cpu_transfer(void *self, ik_dtype dtype, int64_t n, void *to, const void *from,
                              ik_error *err) {
    (void)err;
    cpu_copy(self, dtype, n, to, from);
    return IK_OK;
}

/* --- Kernels. */

static ik_status run_range(ik_kernel *k, const ik_step *step, ik_error *err) {
    (void)step, (void)err;
    const cpu_op *o = find_op(k->node.op);
    int64_t work = ik_count(k->node.out->shape);
    for (int i = 0; i < k->node.n_in; i++) work = cpu_max(work, ik_count(k->node.in[i]->shape));
    cpu_split(k, o->units(&k->node), work * (o->cost ? o->cost : 1), o->range);
    return IK_OK;
}

static ik_status cpu_prepare(void *self, ik_kernel *k, ik_error *err) {
    cpu *c = self;
    if (k->node.op == IK_CUSTOM && k->custom) return cpu_custom(c, k, err);
    const cpu_op *o = find_op(k->node.op);
    if (!o)
        return ik_errorf(err, IK_FAILED, "cpu: no kernel for op `%s`; use another backend",
                         ik_op_text(k->node.op));
    set_threads(c);
    k->state = c;
    k->release = NULL;
    k->run = o->range ? run_range : o->run;
    k->workspace_bytes = o->workspace ? o->workspace(c, &k->node) : 0;
    return o->prepare ? o->prepare(c, k, err) : IK_OK;
}

static ik_status cpu_replay(void *self, ik_kernel *const *kernels, int n, const ik_step *step,
                            ik_error *err) {
    const cpu *c = self;
    set_threads(c);
    for (int i = 0; i < n; i++) {
        ik_status status = kernels[i]->run(kernels[i], step, err);
        if (status != IK_OK) return status;
    }
    return IK_OK;
}

/* --- Flat updates. */

HOT static void axpby_range(int64_t n, float a, const float *restrict x, float b,
                            float *restrict y) {
    if (b == 0)
        for (int64_t i = 0; i < n; i++) y[i] = a * x[i];
    else
        for (int64_t i = 0; i < n; i++) y[i] = a * x[i] + b * y[i];
}

static void cpu_axpby(void *self, int64_t n, double a, const void *x, double b, void *y) {
    const cpu *c = self;
    int threads = n < CPU_SMALL ? 1 : c->threads;
#pragma omp parallel for num_threads(threads) schedule(static)
    for (int i = 0; i < threads; i++) {
        int64_t from = part_start(n, threads, i), to = part_start(n, threads, i + 1);
        axpby_range(to - from, (float)a, (const float *)x + from, (float)b, (float *)y + from);
    }
}

typedef struct adam_factors {
    float beta1, beta2, rest1, rest2, rate, root, eps;
} adam_factors;

HOT static void adam_range(const adam_factors *f, int64_t n, float *restrict p,
                           const float *restrict g, float *restrict m, float *restrict v) {
    adam_factors a = *f;
    for (int64_t i = 0; i < n; i++) {
        m[i] = a.beta1 * m[i] + a.rest1 * g[i];
        v[i] = a.beta2 * v[i] + a.rest2 * g[i] * g[i];
        p[i] -= a.rate * m[i] / (sqrtf(v[i]) * a.root + a.eps);
    }
}

static void cpu_adam(void *self, int64_t n, const ik_adam *a, void *p, const void *g, void *m,
                     void *v) {
    const cpu *c = self;
    int threads = n < CPU_SMALL ? 1 : c->threads;
    adam_factors f = {(float)a->beta1,
                      (float)a->beta2,
                      (float)(1 - a->beta1),
                      (float)(1 - a->beta2),
                      (float)(a->lr / (1 - pow(a->beta1, (double)a->t))),
                      (float)(1 / sqrt(1 - pow(a->beta2, (double)a->t))),
                      (float)a->eps};
#pragma omp parallel for num_threads(threads) schedule(static)
    for (int i = 0; i < threads; i++) {
        int64_t from = part_start(n, threads, i), to = part_start(n, threads, i + 1);
        adam_range(&f, to - from, (float *)p + from, (const float *)g + from, (float *)m + from,
                   (float *)v + from);
    }
}

static const ik_backend_iface iface = {
    .struct_size = sizeof(ik_backend_iface),
    .probe = cpu_probe,
    .open = cpu_open,
    .close = cpu_close,
    .element_bytes = cpu_element_bytes,
    .alloc = cpu_alloc,
    .free = cpu_free,
    .upload = cpu_transfer,
    .download = cpu_transfer,
    .prepare = cpu_prepare,
    .replay = cpu_replay,
    .copy = cpu_copy,
    .axpby = cpu_axpby,
    .adam = cpu_adam,
    .preference = 10,
    .tensor_bytes = cpu_tensor_bytes,
    .wanted = cpu_wanted,
};

static const ik_plugin plugin = {
    IK_PLUGIN_HEAD(IK_BACKEND, "cpu", "0.1.0", "float32 on the processor: oneDNN and OpenMP"),
    .instance_size = sizeof(cpu),
    .iface = &iface,
};

IK_EXPORT_PLUGINS(&plugin)
