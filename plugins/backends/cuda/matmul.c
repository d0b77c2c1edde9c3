/* Matrix products, one or as many as a first axis says, with a bias or not, by cuBLASLt, f32 in
 * memory; factors are rounded to 10 bits (TF32) unless the precision is f32.
 *
 * The library is large enough that loading it is felt, so it is loaded when a device is opened and
 * not with the plugin: `inadekit` looks at every backend when it starts. */
#include <cublasLt.h>
#include <dlfcn.h>
#include <stdlib.h>

#include "instance.h"

/* What is used of the library. */
#define FUNCTIONS(F)                                                                               \
    F(Create)                                                                                      \
    F(Destroy)                                                                                     \
    F(GetStatusString)                                                                             \
    F(MatmulDescCreate)                                                                            \
    F(MatmulDescDestroy)                                                                           \
    F(MatmulDescSetAttribute)                                                                      \
    F(MatrixLayoutCreate)                                                                          \
    F(MatrixLayoutDestroy)                                                                         \
    F(MatrixLayoutSetAttribute)                                                                    \
    F(MatmulPreferenceCreate)                                                                      \
    F(MatmulPreferenceDestroy)                                                                     \
    F(MatmulPreferenceSetAttribute)                                                                \
    F(MatmulAlgoGetHeuristic)                                                                      \
    F(Matmul)

static struct {
    void *library; /* never unloaded */
#define F(name) __typeof__(cublasLt##name) *name;
    FUNCTIONS(F)
#undef F
} lt;

static ik_status check(cublasStatus_t code, const char *what, ik_error *err) {
    if (code == CUBLAS_STATUS_SUCCESS) return IK_OK;
    return ik_errorf(err, IK_FAILED, "cuda: cuBLASLt: %s failed: %s", what,
                     lt.GetStatusString(code));
}

static ik_status load(ik_error *err) {
    if (lt.library) return IK_OK;
    char name[32];
    snprintf(name, sizeof name, "libcublasLt.so.%d", CUDART_VERSION / 1000);
    void *library = dlopen(name, RTLD_NOW | RTLD_LOCAL);
    if (!library)
        return ik_errorf(err, IK_FAILED,
                         "cuda: %s; install cuBLAS %d or put its folder into LD_LIBRARY_PATH",
                         dlerror(), CUDART_VERSION / 1000);
#define F(function)                                                                                \
    *(void **)&lt.function = dlsym(library, "cublasLt" #function);                                 \
    if (!lt.function)                                                                              \
        return ik_errorf(err, IK_FAILED,                                                           \
                         "cuda: %s has no cublasLt" #function "; install cuBLAS %d", name,         \
                         CUDART_VERSION / 1000);
    FUNCTIONS(F)
#undef F
    lt.library = library;
    return IK_OK;
}

ik_status cuda_matmul_open(cuda *c, ik_error *err) {
    ik_status status = load(err);
    return status ? status : check(lt.Create((cublasLtHandle_t *)&c->lt), "starting", err);
}

void cuda_matmul_close(cuda *c) {
    if (c->lt) lt.Destroy(c->lt);
    c->lt = NULL;
}

/* --- One product. */

enum { SCRATCH = 32 << 20 }; /* what NVIDIA advises for its larger devices */

typedef struct product {
    cuda *c;
    cublasLtMatmulDesc_t how;
    cublasLtMatrixLayout_t a, b, out; /* a and b in cuBLAS's order, see describe */
    cublasLtMatmulAlgo_t algorithm;
} product;

static void release(ik_kernel *k) {
    product *p = k->state;
    if (p->how) lt.MatmulDescDestroy(p->how);
    if (p->a) lt.MatrixLayoutDestroy(p->a);
    if (p->b) lt.MatrixLayoutDestroy(p->b);
    if (p->out) lt.MatrixLayoutDestroy(p->out);
    free(p);
    k->state = NULL;
}

static ik_status layout_of(const ik_tensor *t, cublasLtMatrixLayout_t *out, ik_error *err) {
    const int64_t *d = t->shape.d + t->shape.rank - 2;
    ik_status status =
        check(lt.MatrixLayoutCreate(out, CUDA_R_32F, (uint64_t)d[1], (uint64_t)d[0], d[1]),
              "describing a matrix", err);
    if (status || t->shape.rank == 2) return status;
    const int32_t many = (int32_t)t->shape.d[0];
    const int64_t apart = d[0] * d[1];
    status = check(
        lt.MatrixLayoutSetAttribute(*out, CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT, &many, sizeof many),
        "describing matrices", err);
    return status
               ? status
               : check(lt.MatrixLayoutSetAttribute(
                           *out, CUBLASLT_MATRIX_LAYOUT_STRIDED_BATCH_OFFSET, &apart, sizeof apart),
                       "describing matrices", err);
}

/* cuBLAS counts down columns: rows here are columns there, so every matrix is seen transposed, and
 * out = op(a) op(b) is out' = op(b)' op(a)'. The graph's second factor is cuBLAS's first. */
static ik_status describe(product *p, const ik_node_desc *n, ik_error *err) {
    cublasComputeType_t compute =
        p->c->precision == IK_PRECISION_F32 ? CUBLAS_COMPUTE_32F : CUBLAS_COMPUTE_32F_FAST_TF32;
    bool linear = n->op == IK_LINEAR;
    cublasOperation_t first = linear || n->attrs->transpose_b ? CUBLAS_OP_T : CUBLAS_OP_N,
                      second = n->attrs->transpose_a ? CUBLAS_OP_T : CUBLAS_OP_N;
    ik_status status =
        check(lt.MatmulDescCreate(&p->how, compute, CUDA_R_32F), "describing a product", err);
    if (!status)
        status = check(
            lt.MatmulDescSetAttribute(p->how, CUBLASLT_MATMUL_DESC_TRANSA, &first, sizeof first),
            "describing a product", err);
    if (!status)
        status = check(
            lt.MatmulDescSetAttribute(p->how, CUBLASLT_MATMUL_DESC_TRANSB, &second, sizeof second),
            "describing a product", err);
    /* A value for each row there: for each column here. */
    cublasLtEpilogue_t epilogue = CUBLASLT_EPILOGUE_BIAS;
    if (!status && linear)
        status = check(lt.MatmulDescSetAttribute(p->how, CUBLASLT_MATMUL_DESC_EPILOGUE, &epilogue,
                                                 sizeof epilogue),
                       "describing a product", err);
    const void *somewhere = p->c->step; /* until the launch: heuristics look whether there is one */
    if (!status && linear)
        status = check(lt.MatmulDescSetAttribute(p->how, CUBLASLT_MATMUL_DESC_BIAS_POINTER,
                                                 &somewhere, sizeof somewhere),
                       "describing a product", err);
    if (!status) status = layout_of(n->in[1], &p->a, err);
    if (!status) status = layout_of(n->in[0], &p->b, err);
    if (!status) status = layout_of(n->out, &p->out, err);
    return status;
}

/* A view may begin on any row, so only rows of fours keep matrices on 16 bytes. */
static uint32_t alignment_of(const ik_node_desc *n) {
    const ik_tensor *all[] = {n->in[0], n->in[1], n->out};
    for (int i = 0; i < 3; i++)
        if (all[i]->shape.d[all[i]->shape.rank - 1] % 4) return 4;
    return 16;
}

static ik_status choose(product *p, const ik_node_desc *n, ik_error *err) {
    cublasLtMatmulPreference_t preference = NULL;
    cublasLtMatmulHeuristicResult_t result;
    uint64_t most = SCRATCH;
    uint32_t alignment = alignment_of(n);
    /* Partial sums lie apart and are added in order; none counts blocks in the shared workspace. */
    uint32_t apart = CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE;
    int found = 0;
    ik_status status = check(lt.MatmulPreferenceCreate(&preference), "choosing an algorithm", err);
    const struct {
        cublasLtMatmulPreferenceAttributes_t name;
        const void *value;
        size_t size;
    } wishes[] = {{CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, &most, sizeof most},
                  {CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK, &apart, sizeof apart},
                  {CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, &alignment, sizeof alignment},
                  {CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES, &alignment, sizeof alignment},
                  {CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, &alignment, sizeof alignment},
                  {CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES, &alignment, sizeof alignment}};
    for (size_t i = 0; i < sizeof wishes / sizeof *wishes && !status; i++)
        status = check(lt.MatmulPreferenceSetAttribute(preference, wishes[i].name, wishes[i].value,
                                                       wishes[i].size),
                       "choosing an algorithm", err);
    if (!status)
        status = check(lt.MatmulAlgoGetHeuristic(p->c->lt, p->how, p->a, p->b, p->out, p->out,
                                                 preference, 1, &result, &found),
                       "choosing an algorithm", err);
    if (preference) lt.MatmulPreferenceDestroy(preference);
    if (!status && !found)
        status = ik_errorf(err, IK_FAILED, "cuda: cuBLASLt knows no algorithm for this product");
    p->algorithm = result.algo;
    return status;
}

static ik_status prepare(cuda *c, ik_kernel *k, ik_error *err) {
    k->workspace_bytes = SCRATCH + 256;
    if (c->planning) return IK_OK; /* the library wants a device for anything at all */
    product *p = calloc(1, sizeof *p);
    if (!p) return ik_errorf(err, IK_FAILED, "cuda: out of memory");
    p->c = c;
    k->state = p;
    k->release = release;
    ik_status status = describe(p, &k->node, err);
    return status ? status : choose(p, &k->node, err);
}

static ik_status launch(ik_kernel *k, cudaStream_t stream, const ik_step *step, ik_error *err) {
    (void)step;
    const product *p = k->state;
    const float one = 1, zero = 0;
    ik_status status = IK_OK;
    if (k->node.op == IK_LINEAR)
        status = check(lt.MatmulDescSetAttribute(p->how, CUBLASLT_MATMUL_DESC_BIAS_POINTER,
                                                 &k->in[2], sizeof k->in[2]),
                       "taking a bias", err);
    if (status) return status;
    return check(lt.Matmul(p->c->lt, p->how, &one, k->in[1], p->a, k->in[0], p->b, &zero, k->out,
                           p->out, k->out, p->out, &p->algorithm,
                           cuda_aligned_pointer(k->workspace), SCRATCH, stream),
                 "a product", err);
}

enum { PLAIN = 1 << 0 | 1 << 1 | 1 << 2 | 1 << IK_MAX_INPUTS };

const cuda_row cuda_matmul_ops[] = {
    {IK_MATMUL, {.launch = launch, .prepare = prepare, .plain = PLAIN}},
    {IK_LINEAR, {.launch = launch, .prepare = prepare, .plain = PLAIN}},
    {IK_OP_COUNT, {0}},
};
