/* A backend for tests: the kernels of the cuda backend, run on the host with the blocks, threads
 * and phases that the device would run (emulated.h). Convolutions and products, which on the device
 * are cuDNN's and cuBLASLt's, come from the naive backend.
 *
 * Compiled with CUDA_HOST_BF16 every operand that may be bf16 is: values are rounded before a
 * kernel reads them, and what it writes is widened again. The core sees f32. */
#include <math.h>
#include <stdlib.h>

#include "cuda.h"
#include "naive.h"

#ifdef CUDA_HOST_BF16
enum { BF16 = 1 };
#define NAME "cuda_host_bf16"
#else
enum { BF16 = 0 };
#define NAME "cuda_host"
#endif

bool emulated_backwards;
bool emulated_hold(void (*run_held)(void *what), const void *what, size_t bytes) {
    (void)run_held, (void)what, (void)bytes;
    return false; /* there are no graphs here */
}

ik_status cuda_check(cudaError_t code, const char *what, ik_error *err) {
    return code == cudaSuccess ? IK_OK : ik_errorf(err, IK_FAILED, "%s failed", what);
}

/* --- Kernels. */

static const cuda_row *const tables[] = {
    cuda_elementwise_ops, cuda_shape_ops,      cuda_reduce_ops,  cuda_pooling_ops,
    cuda_resize_ops,      cuda_map_ops,        cuda_norm_ops,    cuda_modulate_ops,
    cuda_segment_ops,     cuda_label_conv_ops, cuda_patches_ops, cuda_spectral_ops,
    cuda_random_ops,
};

static const cuda_op *find(ik_opcode op) {
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
        for (const cuda_row *row = tables[i]; row->op != IK_OP_COUNT; row++)
            if (row->op == op) return &row->how;
    return NULL;
}

static void *checked(void *p) {
    if (p) return p;
    fputs("out of memory\n", stderr);
    abort();
}

/* --- Operands in another storage, for as long as a kernel runs. */

typedef struct operands {
    ik_kernel k;
    ik_tensor tensor[IK_MAX_INPUTS + 1]; /* the last: the output */
    void *copy[IK_MAX_INPUTS + 1];
} operands;

/* Copies of all real operands, `bytes` an element. */
static void take_copies(operands *o, const ik_kernel *k, size_t bytes, uint32_t left_alone) {
    o->k = *k;
    for (int i = 0; i <= k->node.n_in; i++) {
        bool out = i == k->node.n_in;
        int slot = out ? IK_MAX_INPUTS : i;
        const ik_tensor *t = out ? k->node.out : k->node.in[i];
        o->copy[slot] = NULL;
        if (t->dtype != IK_F32 || left_alone >> slot & 1) continue;
        o->tensor[slot] = *t;
        o->copy[slot] =
            checked(aligned_alloc(64, ((size_t)ik_count(t->shape) * bytes / 64 + 1) * 64));
        if (out)
            o->k.node.out = &o->tensor[slot], o->k.out = o->copy[slot];
        else
            o->k.node.in[i] = &o->tensor[slot], o->k.in[i] = o->copy[slot];
    }
}

static void drop_copies(operands *o) {
    for (int i = 0; i <= IK_MAX_INPUTS; i++)
        if (i < o->k.node.n_in || i == IK_MAX_INPUTS) free(o->copy[i]);
}

/* To nearest even, written apart from the kernels' own. */
static uint16_t bf16_of(float x) {
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    if (isnan(x)) return 0x7fff;
    uint32_t low = bits & 0xffff, half = bits >> 16;
    return (uint16_t)(half + (low > 0x8000 || (low == 0x8000 && (half & 1))));
}

static float float_of(uint16_t half) {
    uint32_t bits = (uint32_t)half << 16;
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static ik_status launch(const cuda_op *op, ik_kernel *k, const ik_step *step, ik_error *err) {
    if (!BF16) return op->launch(k, NULL, step, err);
    operands o;
    take_copies(&o, k, sizeof(uint16_t), op->plain);
    for (int i = 0; i < k->node.n_in; i++) {
        if (!o.copy[i]) continue;
        o.tensor[i].storage = CUDA_BF16;
        const float *from = k->in[i];
        for (int64_t e = 0; e < ik_count(o.tensor[i].shape); e++)
            ((uint16_t *)o.copy[i])[e] = bf16_of(from[e]);
    }
    const uint16_t *made = o.copy[IK_MAX_INPUTS];
    if (made) o.tensor[IK_MAX_INPUTS].storage = CUDA_BF16;
    ik_status status = op->launch(&o.k, NULL, step, err);
    for (int64_t e = 0; made && e < ik_count(k->node.out->shape); e++)
        ((float *)k->out)[e] = float_of(made[e]);
    drop_copies(&o);
    return status;
}

/* --- What the libraries do on the device, in double. */

typedef ik_status (*naive_op)(ik_kernel *k, const ik_step *step, ik_error *err);

static naive_op library_op(ik_opcode op) {
    switch ((int)op) {
    case IK_CONV2D:
        return naive_op_conv2d;
    case IK_CONV2D_ACT:
        return naive_op_conv2d_act;
    case IK_CONV2D_DX:
        return naive_op_conv2d_dx;
    case IK_CONV2D_DW:
        return naive_op_conv2d_dw;
    case IK_MATMUL:
        return naive_op_matmul;
    case IK_LINEAR:
        return naive_op_linear;
    default:
        return NULL;
    }
}

static ik_status call_library(naive_op op, ik_kernel *k, const ik_step *step, ik_error *err) {
    operands o;
    take_copies(&o, k, sizeof(double), 0);
    for (int i = 0; i < k->node.n_in; i++)
        for (int64_t e = 0; e < ik_count(k->node.in[i]->shape); e++)
            ((double *)o.copy[i])[e] = ((const float *)k->in[i])[e];
    ik_status status = op(&o.k, step, err);
    for (int64_t e = 0; e < ik_count(k->node.out->shape); e++)
        ((float *)k->out)[e] = (float)((const double *)o.copy[IK_MAX_INPUTS])[e];
    drop_copies(&o);
    return status;
}

static ik_status run(ik_kernel *k, const ik_step *step, ik_error *err) {
    naive_op library = library_op(k->node.op);
    return library ? call_library(library, k, step, err) : launch(find(k->node.op), k, step, err);
}

static ik_status prepare(void *self, ik_kernel *k, ik_error *err) {
    k->run = run;
    k->release = NULL;
    k->state = self;
    k->workspace_bytes = 0;
    if (library_op(k->node.op)) return IK_OK;
    const cuda_op *op = find(k->node.op);
    if (!op)
        return ik_errorf(err, IK_FAILED, NAME ": the cuda backend has no kernel for op '%s'",
                         ik_op_text(k->node.op));
    if (op->workspace) k->workspace_bytes = op->workspace(&k->node);
    return op->prepare ? op->prepare(self, k, err) : IK_OK;
}

static ik_status replay(void *self, ik_kernel *const *kernels, int n, const ik_step *step,
                        ik_error *err) {
    (void)self;
    emulated_backwards = !emulated_backwards;
    for (int i = 0; i < n; i++) {
        ik_status status = kernels[i]->run(kernels[i], step, err);
        if (status) return status;
    }
    return IK_OK;
}

/* --- Storage. */

static bool probe(void *self, char *text, size_t size) {
    (void)self;
    snprintf(text, size, "the cuda backend's kernels on the host%s", BF16 ? ", in bf16" : "");
    return true;
}

static ik_status open_backend(void *self, int threads, ik_error *err) {
    (void)self, (void)threads, (void)err;
    return IK_OK;
}

static size_t element_bytes(void *self, ik_dtype dtype) {
    (void)self, (void)dtype;
    return 4;
}

static void *alloc_storage(void *self, size_t bytes) {
    (void)self;
    void *p = aligned_alloc(64, (bytes / 64 + 1) * 64);
    return p ? memset(p, 0, bytes) : NULL;
}

static void free_storage(void *self, void *p) {
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

/* --- Flat updates. */

static void axpby(void *self, int64_t n, double a, const void *x, double b, void *y) {
    (void)self;
    cuda_flat_axpby(NULL, NULL, n, a, x, b, y);
}

static void adam(void *self, int64_t n, const ik_adam *a, void *p, const void *g, void *m,
                 void *v) {
    (void)self;
    cuda_flat_adam(NULL, NULL, n, a, p, g, m, v);
}

static const ik_backend_iface iface = {
    .struct_size = sizeof(ik_backend_iface),
    .probe = probe,
    .open = open_backend,
    .element_bytes = element_bytes,
    .alloc = alloc_storage,
    .free = free_storage,
    .upload = transfer,
    .download = transfer,
    .prepare = prepare,
    .replay = replay,
    .copy = copy,
    .axpby = axpby,
    .adam = adam,
};

static const ik_plugin plugin = {
    IK_PLUGIN_HEAD(IK_BACKEND, NAME, "0.1.0", "for tests: the cuda backend's kernels on the host"),
    .instance_size = 1,
    .iface = &iface,
};

IK_EXPORT_PLUGINS(&plugin)
