/* The cuda backend: convolutions by cuDNN, products by cuBLASLt, the rest by own kernels, each
 * program one CUDA graph. This file holds the descriptor, opening and closing, and storage. */
#include "cuda.h"

struct cuda {
    int device, multiprocessors;
    cudaStream_t stream;
};

ik_status cuda_check(cudaError_t code, const char *what, ik_error *err) {
    if (code == cudaSuccess) return IK_OK;
    return ik_errorf(err, IK_FAILED, "cuda: %s failed: %s (%s)", what, cudaGetErrorString(code),
                     cudaGetErrorName(code));
}

int cuda_multiprocessors(const cuda *c) {
    return c->multiprocessors;
}

/* The oldest device whose tensor cores know bf16. */
enum { OLDEST_MAJOR = 8 };

static bool cuda_probe(void *self, char *text, size_t size) {
    (void)self;
    int devices = 0;
    struct cudaDeviceProp p;
    cudaError_t code = cudaGetDeviceCount(&devices);
    if (code == cudaErrorInsufficientDriver)
        snprintf(text, size,
                 "no NVIDIA driver, or one too old for CUDA %d.%d; install the driver or use "
                 "`device: cpu`",
                 CUDART_VERSION / 1000, CUDART_VERSION % 1000 / 10);
    else if (code == cudaErrorNoDevice || (code == cudaSuccess && devices < 1))
        snprintf(text, size, "no NVIDIA GPU is visible; use `device: cpu`");
    else if (code != cudaSuccess || (code = cudaGetDeviceProperties(&p, 0)) != cudaSuccess)
        snprintf(text, size, "%s; use `device: cpu`", cudaGetErrorString(code));
    else if (p.major < OLDEST_MAJOR)
        snprintf(text, size,
                 "%s has compute capability %d.%d, at least %d.0 is needed; use `device: cpu`",
                 p.name, p.major, p.minor, OLDEST_MAJOR);
    else {
        snprintf(text, size, "%s, %.0f GiB, compute capability %d.%d", p.name,
                 (double)p.totalGlobalMem / (1 << 30), p.major, p.minor);
        return true;
    }
    return false;
}

static ik_status cuda_open(void *self, int threads, ik_error *err) {
    (void)threads;
    cuda *c = self;
    ik_status status = cuda_check(cudaSetDevice(c->device), "cudaSetDevice", err);
    if (!status)
        status = cuda_check(
            cudaDeviceGetAttribute(&c->multiprocessors, cudaDevAttrMultiProcessorCount, c->device),
            "cudaDeviceGetAttribute", err);
    if (!status)
        status = cuda_check(cudaStreamCreateWithFlags(&c->stream, cudaStreamNonBlocking),
                            "cudaStreamCreate", err);
    return status;
}

static void cuda_close(void *self) {
    cuda *c = self;
    if (c->stream) cudaStreamDestroy(c->stream);
    c->stream = NULL;
}

static size_t cuda_element_bytes(void *self, ik_dtype dtype) {
    (void)self, (void)dtype;
    return 4;
}

static void *cuda_alloc(void *self, size_t bytes) {
    const cuda *c = self;
    void *p = NULL;
    if (cudaMalloc(&p, bytes ? bytes : 64) != cudaSuccess) {
        cudaGetLastError(); /* running out is reported by NULL, not by the next call */
        return NULL;
    }
    if (cudaMemsetAsync(p, 0, bytes ? bytes : 64, c->stream) == cudaSuccess) return p;
    cudaFree(p);
    return NULL;
}

static void cuda_free(void *self, void *p) {
    (void)self;
    cudaFree(p);
}

static const ik_backend_iface iface = {
    .struct_size = sizeof(ik_backend_iface),
    .probe = cuda_probe,
    .open = cuda_open,
    .close = cuda_close,
    .element_bytes = cuda_element_bytes,
    .alloc = cuda_alloc,
    .free = cuda_free,
    .preference = 20,
};

static const ik_plugin plugin = {
    IK_PLUGIN_HEAD(IK_BACKEND, "cuda", "0.1.0", "NVIDIA GPUs: cuDNN, cuBLASLt and own kernels"),
    .instance_size = sizeof(cuda),
    .iface = &iface,
};

IK_EXPORT_PLUGINS(&plugin)
