/* A device that is not there: the CUDA runtime, cuDNN's plans and cuBLASLt's products, done at once
 * by the host, so that all other files of the cuda backend run as they are.
 *
 * Fresh memory and scratch hold rubbish. What is enqueued while a stream is captured is kept and
 * run by the graph alone; graphs go through blocks and threads backwards. What would fail on a
 * device fails here: copying while capturing, operands off 16 bytes. */
#define _GNU_SOURCE
#include <math.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "instance.h"

bool emulated_backwards;

static void require(bool condition, const char *what) {
    if (condition) return;
    fprintf(stderr, "pretended device: %s\n", what);
    abort();
}

/* --- How often the host waits, for tests that look it up by name. The device is taken to be so
 * many uploads behind: waiting for an older one is no waiting. */

enum { BEHIND = 24 };
__attribute__((visibility("default"))) int64_t pretended_waits;
static int64_t recorded;

/* --- Graphs. */

struct held {
    void (*run)(void *what);
    void *what;
    struct held *next;
};
struct CUgraph_st {
    struct held *first, **last;
};

static cudaGraph_t capturing;

/* Milliseconds: everything takes one, on slow engines one more. */
static int64_t clock_of_device;

bool emulated_hold(void (*run)(void *what), const void *what, size_t bytes) {
    if (!capturing) {
        clock_of_device++;
        return false;
    }
    struct held *h = malloc(sizeof *h);
    *h = (struct held){run, malloc(bytes), NULL};
    memcpy(h->what, what, bytes);
    *capturing->last = h;
    capturing->last = &h->next;
    return true;
}

static void now_or_held(void (*run)(void *what), void *what, size_t bytes) {
    if (!emulated_hold(run, what, bytes)) run(what);
}

cudaError_t cudaStreamBeginCapture(cudaStream_t s, cudaStreamCaptureMode mode) {
    (void)s, (void)mode;
    require(!capturing, "two captures at once");
    capturing = calloc(1, sizeof *capturing);
    capturing->last = &capturing->first;
    return cudaSuccess;
}

cudaError_t cudaStreamEndCapture(cudaStream_t s, cudaGraph_t *g) {
    (void)s;
    *g = capturing;
    capturing = NULL;
    return cudaSuccess;
}

/* The graph itself is launched: it has one owner here. */
cudaError_t cudaGraphInstantiate(cudaGraphExec_t *e, cudaGraph_t g, unsigned long long flags) {
    (void)flags;
    cudaGraph_t own = malloc(sizeof *own);
    *own = *g;
    g->first = NULL;
    *e = (cudaGraphExec_t)own;
    return cudaSuccess;
}

cudaError_t cudaGraphLaunch(cudaGraphExec_t e, cudaStream_t s) {
    (void)s;
    require(!capturing, "a graph launched while capturing");
    emulated_backwards = true;
    for (struct held *h = ((cudaGraph_t)e)->first; h; h = h->next) {
        clock_of_device++;
        h->run(h->what);
    }
    emulated_backwards = false;
    return cudaSuccess;
}

cudaError_t cudaGraphDestroy(cudaGraph_t g) {
    while (g->first) {
        struct held *h = g->first;
        g->first = h->next;
        free(h->what);
        free(h);
    }
    free(g);
    return cudaSuccess;
}

cudaError_t cudaGraphExecDestroy(cudaGraphExec_t e) {
    return cudaGraphDestroy((cudaGraph_t)e);
}

/* --- The rest of the runtime. */

const char *cudaGetErrorString(cudaError_t code) {
    return code == cudaErrorNoDevice ? "no device" : "an error";
}
const char *cudaGetErrorName(cudaError_t code) {
    return code == cudaErrorNoDevice ? "cudaErrorNoDevice" : "cudaError";
}
cudaError_t cudaGetDeviceCount(int *n) {
    *n = 1;
    return cudaSuccess;
}
cudaError_t cudaGetDeviceProperties(struct cudaDeviceProp *p, int device) {
    (void)device;
    *p = (struct cudaDeviceProp){"pretended device", (size_t)1 << 34, 9, 0, 4};
    return cudaSuccess;
}
cudaError_t cudaSetDevice(int device) {
    return device ? cudaErrorInvalidValue : cudaSuccess;
}
cudaError_t cudaMemGetInfo(size_t *available, size_t *total) {
    *available = *total = (size_t)1 << 34;
    return cudaSuccess;
}

/* Memory comes with rubbish in it. Most of a large block is never touched, as the rings of uploads,
 * 128 MiB for each engine: its pages are those of a file full of rubbish, copied as they are
 * written. */
static void spoil(char *p, size_t bytes) {
    enum { FILE_BYTES = 1 << 20, LARGE = 33 << 20 /* malloc maps it by itself, and unmaps it */ };
    static int file = -1;
    if (bytes < LARGE) {
        memset(p, 0xa5, bytes);
        return;
    }
    if (file < 0) {
        char *rubbish = malloc(FILE_BYTES);
        file = memfd_create("rubbish", MFD_CLOEXEC);
        require(rubbish && file >= 0, "memory");
        memset(rubbish, 0xa5, FILE_BYTES);
        require(write(file, rubbish, FILE_BYTES) == FILE_BYTES, "memory");
        free(rubbish);
    }
    size_t page = (size_t)sysconf(_SC_PAGESIZE), before = -(uintptr_t)p % page;
    memset(p, 0xa5, before);
    for (p += before, bytes -= before; bytes >= page;) {
        size_t n = bytes / page * page < FILE_BYTES ? bytes / page * page : FILE_BYTES;
        require(mmap(p, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED, file, 0) == p,
                "memory");
        p += n;
        bytes -= n;
    }
    memset(p, 0xa5, bytes);
}
cudaError_t cudaMalloc(void **p, size_t bytes) {
    require(!capturing, "memory taken while capturing");
    if (bytes > (size_t)1 << 34) return cudaErrorMemoryAllocation;
    *p = aligned_alloc(256, (bytes + 255) / 256 * 256);
    if (!*p) return cudaErrorMemoryAllocation;
    spoil(*p, bytes);
    return cudaSuccess;
}
cudaError_t cudaFree(void *p) {
    require(!capturing, "memory freed while capturing");
    free(p);
    return cudaSuccess;
}
cudaError_t cudaMallocHost(void **p, size_t bytes) {
    return cudaMalloc(p, bytes);
}
cudaError_t cudaFreeHost(void *p) {
    return cudaFree(p);
}
cudaError_t cudaMemsetAsync(void *p, int value, size_t bytes, cudaStream_t s) {
    require(s && !capturing, "memory set while capturing, or on no stream");
    memset(p, value, bytes);
    return cudaSuccess;
}
cudaError_t cudaMemcpyAsync(void *to, const void *from, size_t bytes, enum cudaMemcpyKind kind,
                            cudaStream_t s) {
    (void)kind;
    require(s && !capturing, "a copy while capturing, or on no stream");
    memmove(to, from, bytes);
    return cudaSuccess;
}
cudaError_t cudaStreamCreateWithFlags(cudaStream_t *s, unsigned flags) {
    require(flags == cudaStreamNonBlocking, "a stream that waits for others");
    *s = malloc(1);
    return cudaSuccess;
}
cudaError_t cudaStreamDestroy(cudaStream_t s) {
    free(s);
    return cudaSuccess;
}
cudaError_t cudaStreamSynchronize(cudaStream_t s) {
    require(s && !capturing, "waiting while capturing");
    pretended_waits++;
    return cudaSuccess;
}
cudaError_t cudaStreamWaitEvent(cudaStream_t s, cudaEvent_t e, unsigned flags) {
    (void)flags;
    require(s && e && !capturing, "waiting for an event while capturing");
    return cudaSuccess;
}
struct CUevent_st {
    int64_t at, number; /* in milliseconds, and among all that were recorded */
};
cudaError_t cudaEventCreate(cudaEvent_t *e) {
    *e = calloc(1, sizeof **e);
    return cudaSuccess;
}
cudaError_t cudaEventCreateWithFlags(cudaEvent_t *e, unsigned flags) {
    (void)flags;
    return cudaEventCreate(e);
}
cudaError_t cudaEventDestroy(cudaEvent_t e) {
    free(e);
    return cudaSuccess;
}
static void take_time(void *event) {
    (*(cudaEvent_t *)event)->at = clock_of_device;
}
cudaError_t cudaEventRecordWithFlags(cudaEvent_t e, cudaStream_t s, unsigned flags) {
    require(e && s, "an event missing, or on no stream");
    require(!capturing == !(flags & cudaEventRecordExternal),
            "an event of the graph outside of it, or an outside one in a graph");
    now_or_held(take_time, &e, sizeof e);
    e->number = ++recorded;
    return cudaSuccess;
}
cudaError_t cudaEventRecord(cudaEvent_t e, cudaStream_t s) {
    return cudaEventRecordWithFlags(e, s, cudaEventRecordDefault);
}
cudaError_t cudaEventSynchronize(cudaEvent_t e) {
    require(e && !capturing, "waiting for an event while capturing");
    if (e->number + 2 * BEHIND > recorded) pretended_waits++; /* an upload records two */
    return cudaSuccess;
}
cudaError_t cudaEventElapsedTime(float *milliseconds, cudaEvent_t begin, cudaEvent_t end) {
    *milliseconds = (float)(end->at - begin->at);
    return cudaSuccess;
}

/* --- cuDNN. */

size_t cudnnGetVersion(void) {
    return CUDNN_VERSION;
}
cudnnStatus_t cudnnCreate(cudnnHandle_t *handle) {
    *handle = malloc(1);
    return CUDNN_STATUS_SUCCESS;
}
cudnnStatus_t cudnnDestroy(cudnnHandle_t handle) {
    free(handle);
    return CUDNN_STATUS_SUCCESS;
}
cudnnStatus_t cudnnSetStream(cudnnHandle_t handle, cudaStream_t stream) {
    return handle && stream ? CUDNN_STATUS_SUCCESS : CUDNN_STATUS_BAD_PARAM;
}
cudnnStatus_t cudnnBackendCreateDescriptor(cudnnBackendDescriptorType_t type,
                                           cudnnBackendDescriptor_t *d) {
    (void)type;
    *d = malloc(1);
    return CUDNN_STATUS_SUCCESS;
}
cudnnStatus_t cudnnBackendDestroyDescriptor(cudnnBackendDescriptor_t d) {
    free(d);
    return CUDNN_STATUS_SUCCESS;
}
cudnnStatus_t cudnnBackendSetAttribute(cudnnBackendDescriptor_t d, cudnnBackendAttributeName_t name,
                                       cudnnBackendAttributeType_t type, int64_t n, const void *v) {
    (void)d, (void)name, (void)type, (void)n, (void)v;
    return CUDNN_STATUS_SUCCESS;
}
cudnnStatus_t cudnnBackendFinalize(cudnnBackendDescriptor_t d) {
    (void)d;
    return CUDNN_STATUS_SUCCESS;
}

ik_status cudnn_check(cudnnStatus_t code, const char *what, ik_error *err) {
    return code ? ik_errorf(err, IK_FAILED, "cuda: cuDNN: %s failed", what) : IK_OK;
}

/* What is pretended to be an engine. Each rounds in its own way. */
static plan made(const plan_problem *p, int64_t engine) {
    plan out = {.choice = {.engine = engine}, .workspace = 131 * engine};
    out.built = malloc(sizeof *p);
    memcpy(out.built, p, sizeof *p);
    return out;
}

/* 1 x 1 kernels have none that adds a bias, 3 x 3 kernels alone have one for a leaky ReLU, even
 * ones none for an activation at all; and none adds or activates without a bias. */
static bool engine_for(const plan_problem *p) {
    if (p->bias && p->r == 1) return false;
    if (p->activated && (p->r % 2 == 0 || (p->slope != 0 && p->r != 3))) return false;
    return p->bias || (!p->residual && !p->activated);
}

int plan_find(const plan_target *t, const plan_problem *p, int64_t workspace, int most, plan *out,
              ik_error *err) {
    (void)t, (void)workspace;
    if (!engine_for(p)) {
        ik_errorf(err, IK_FAILED, "no engine");
        return 0;
    }
    int n = most < 3 ? most : 3;
    for (int i = 0; i < n; i++) out[i] = made(p, i + 1);
    return n;
}

bool plan_restore(const plan_target *t, const plan_problem *p, const plan_choice *choice,
                  plan *out) {
    (void)t;
    if (choice->engine < 1 || choice->engine > 3) return false;
    *out = made(p, choice->engine);
    return true;
}

void plan_free(plan *p) {
    free(p->built);
    p->built = NULL;
}

static double read_at(int type, const void *p, int64_t i) {
    if (type == CUDA_F32) return ((const float *)p)[i];
    uint32_t bits = (uint32_t)((const uint16_t *)p)[i] << 16;
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* To 10 bits behind the point, to nearest even: what tensor cores take of a float's digits. */
static double ten_bits(float x) {
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    bits = (bits + 0xfff + (bits >> 13 & 1)) & ~(uint32_t)0x1fff;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* An operand as the problem's engines see it. */
static double *factors(const plan_problem *p, const void *v, int64_t n) {
    double *out = malloc((size_t)n * sizeof *out);
    require(out, "memory");
    for (int64_t i = 0; i < n; i++) {
        out[i] = read_at(p->type, v, i);
        if (p->tf32 && p->type == CUDA_F32) out[i] = ten_bits((float)out[i]);
    }
    return out;
}

static void write_at(int type, void *p, int64_t i, double value) {
    float x = (float)value;
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    if (type == CUDA_F32)
        ((float *)p)[i] = x;
    else
        ((uint16_t *)p)[i] = (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

typedef struct run {
    plan_problem p;
    plan_operands o;
    void *workspace;
    int64_t scratch, engine;
} run;

/* One y, and the channels of x and w at a tap of its window: two of them make the third. */
static void tap(plan_kind kind, double *restrict y, double *restrict x, double *restrict w,
                int64_t in) {
    if (kind == PLAN_FORWARD)
        for (int64_t c = 0; c < in; c++) *y += x[c] * w[c];
    else if (kind == PLAN_DATA)
        for (int64_t c = 0; c < in; c++) x[c] += *y * w[c];
    else
        for (int64_t c = 0; c < in; c++) w[c] += x[c] * *y;
}

/* Everything about the channels of y[b,py,px], pixel number i. */
static void window(const plan_problem *p, double *y, double *x, double *w, int64_t i) {
    int64_t in = p->c / p->groups, out = p->k / p->groups, px = i % p->q, py = i / p->q % p->p,
            b = i / p->q / p->p;
    for (int64_t r = 0, t = 0; r < p->r; r++)
        for (int64_t s = 0; s < p->s; s++, t++) {
            int64_t iy = py * p->stride[0] + r * p->dilation[0] - p->padding[0],
                    ix = px * p->stride[1] + s * p->dilation[1] - p->padding[1];
            if (iy < 0 || iy >= p->h || ix < 0 || ix >= p->w) continue;
            double *from = x + ((b * p->h + iy) * p->w + ix) * p->c;
            for (int64_t k = 0; k < p->k; from += in)
                for (int64_t last = k + out; k < last; k++)
                    tap(p->kind, y + i * p->k + k, from, w + (k * p->r * p->s + t) * in, in);
        }
}

static void convolve(void *self) {
    const run *r = self;
    const plan_problem *p = &r->p;
    int64_t n[] = {p->n * p->p * p->q * p->k, p->n * p->h * p->w * p->c,
                   p->k * p->r * p->s * (p->c / p->groups)};
    void *at[] = {r->o.y, r->o.x, r->o.w};
    double *v[3]; /* in the order of plan_kind's results */
    for (int i = 0; i < 3; i++)
        v[i] = i == (int)p->kind ? calloc((size_t)n[i], sizeof **v) : factors(p, at[i], n[i]);
    double *sum = v[p->kind];
    memset(r->workspace, 0xa5, (size_t)r->scratch);
    for (int64_t i = 0; i < n[0] / p->k; i++) window(p, v[0], v[1], v[2], i);
    for (int64_t i = 0; i < n[0]; i++) {
        if (p->residual) sum[i] += read_at(p->type, r->o.residual, i);
        if (p->bias) sum[i] += read_at(p->type, r->o.bias, i % p->k);
        if (p->activated && sum[i] < 0) sum[i] *= p->slope;
    }
    const char *fastest = getenv("PRETENDED_FASTEST");
    clock_of_device += r->engine != (fastest ? atoi(fastest) : 3);
    for (int64_t i = 0; i < n[p->kind]; i++)
        write_at(p->type, at[p->kind], i, sum[i] * (1 + 2e-7 * (double)(r->engine - 1)));
    for (int i = 0; i < 3; i++) free(v[i]);
}

ik_status plan_run(const plan *p, cudnnHandle_t handle, const plan_operands *o, void *workspace,
                   ik_error *err) {
    (void)err;
    run r = {*(const plan_problem *)p->built, *o, workspace, p->workspace, p->choice.engine};
    const void *all[] = {o->x, o->w, o->y, o->bias, o->residual, workspace};
    for (int i = 0; i < 6; i++) require((uintptr_t)all[i] % 16 == 0, "an operand off 16 bytes");
    require(handle && o->x && o->w && o->y && workspace, "an operand missing");
    require(!o->bias == !r.p.bias, "a bias too few or too many");
    require(!o->residual == !r.p.residual, "a residual too few or too many");
    now_or_held(convolve, &r, sizeof r);
    return IK_OK;
}

/* --- cuBLASLt. */

ik_status cuda_matmul_open(cuda *c, ik_error *err) {
    (void)c, (void)err;
    return IK_OK;
}
void cuda_matmul_close(cuda *c) {
    (void)c;
}

static ik_status prepare_product(cuda *c, ik_kernel *k, ik_error *err) {
    (void)err;
    k->state = c;
    return IK_OK;
}

static void multiply(void *self) {
    const ik_kernel *k = self;
    bool rounds = ((const cuda *)k->state)->precision != IK_PRECISION_F32;
    const ik_attrs *a = k->node.attrs;
    const float *x = k->in[0], *y = k->in[1];
    bool linear = k->node.op == IK_LINEAR, turned = linear || a->transpose_b;
    const ik_tensor *t[] = {k->node.in[0], k->node.in[1], k->node.out};
    const int64_t *d[3], many = t[2]->shape.rank == 3 ? t[2]->shape.d[0] : 1;
    for (int i = 0; i < 3; i++) d[i] = t[i]->shape.d + t[i]->shape.rank - 2;
    const int64_t rows = d[2][0], columns = d[2][1], inner = d[0][!a->transpose_a];
    for (int64_t m = 0; m < many * rows; m++)
        for (int64_t j = 0; j < columns; j++) {
            const float *left = x + m / rows * d[0][0] * d[0][1];
            const float *right = y + m / rows * d[1][0] * d[1][1];
            const int64_t i = m % rows;
            double sum = linear ? ((const float *)k->in[2])[j] : 0;
            for (int64_t e = 0; e < inner; e++) {
                float one = a->transpose_a ? left[e * d[0][1] + i] : left[i * d[0][1] + e];
                float other = turned ? right[j * d[1][1] + e] : right[e * d[1][1] + j];
                sum += rounds ? ten_bits(one) * ten_bits(other) : (double)one * other;
            }
            ((float *)k->out)[m * columns + j] = (float)sum;
        }
}

static ik_status launch_product(ik_kernel *k, cudaStream_t stream, const ik_step *step,
                                ik_error *err) {
    (void)stream, (void)step, (void)err;
    now_or_held(multiply, k, sizeof *k);
    return IK_OK;
}

const cuda_row cuda_matmul_ops[] = {
    {IK_MATMUL,
     {.prepare = prepare_product,
      .launch = launch_product,
      .plain = 1u << 0 | 1u << 1 | 1u << IK_MAX_INPUTS}},
    {IK_LINEAR,
     {.prepare = prepare_product,
      .launch = launch_product,
      .plain = 1u << 0 | 1u << 1 | 1u << 2 | 1u << IK_MAX_INPUTS}},
    {IK_OP_COUNT, {0}},
};
