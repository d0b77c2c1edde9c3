// What a GPU is and what it can do: its properties as cuDNN writes them, for the cuda backend's
// `properties:`, and its ceilings, for bench_pipeline's tables.
//
//     bench_device PROPERTIES_FILE
//
// Prints a JSON object: bytes a second of a copy (those read and those written), operations a
// second of 8192^3 products in f32, TF32 and bf16 on random numbers, and what launching costs. What
// cannot be had is null, and stderr says why. Times are medians between events.
#include <cublasLt.h>
#include <cudnn.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <vector>

namespace {

enum { SIDE = 8192, ROUNDS = 7, KERNELS = 1000, CANDIDATES = 8 };
const size_t scratch = (size_t)32 << 20;

bool good(cudaError_t code, const char *what) {
    if (code != cudaSuccess)
        std::fprintf(stderr, "bench_device: %s: %s\n", what, cudaGetErrorString(code));
    return code == cudaSuccess;
}
bool good(cublasStatus_t code, const char *what) {
    if (code != CUBLAS_STATUS_SUCCESS)
        std::fprintf(stderr, "bench_device: %s: %s\n", what, cublasLtGetStatusString(code));
    return code == CUBLAS_STATUS_SUCCESS;
}
bool good(cudnnStatus_t code, const char *what) {
    if (code != CUDNN_STATUS_SUCCESS)
        std::fprintf(stderr, "bench_device: %s: %s\n", what, cudnnGetErrorString(code));
    return code == CUDNN_STATUS_SUCCESS;
}

cudaStream_t stream;
cudaEvent_t begin_event, end_event;

// The median seconds of `work` on the device, after one run to warm up; 0 where it fails.
template <class F> double seconds_of(const char *what, F work) {
    std::vector<double> times;
    for (int i = 0; i <= ROUNDS; i++) {
        float ms = 0;
        if (!good(cudaEventRecord(begin_event, stream), what) || !work() ||
            !good(cudaEventRecord(end_event, stream), what) ||
            !good(cudaEventSynchronize(end_event), what) ||
            !good(cudaEventElapsedTime(&ms, begin_event, end_event), what))
            return 0;
        if (i) times.push_back(1e-3 * ms);
    }
    std::sort(times.begin(), times.end());
    return times[times.size() / 2];
}

void print(const char *name, double value, const char *end) {
    if (value > 0)
        std::printf("\"%s\": %.6g%s", name, value, end);
    else
        std::printf("\"%s\": null%s", name, end);
}

// --- Properties.

#if CUDNN_VERSION >= 90800
bool write_properties(const char *path) {
    cudnnHandle_t handle;
    cudnnBackendDescriptor_t device;
    static char json[16384];
    int64_t n = 0;
    if (!good(cudnnCreate(&handle), "starting cuDNN") ||
        !good(cudnnBackendCreateDescriptor(CUDNN_BACKEND_DEVICEPROP_DESCRIPTOR, &device),
              "describing the device") ||
        !good(cudnnBackendSetAttribute(device, CUDNN_ATTR_DEVICEPROP_HANDLE, CUDNN_TYPE_HANDLE, 1,
                                       &handle),
              "describing the device of a handle") ||
        !good(cudnnBackendFinalize(device), "describing the device") ||
        !good(cudnnBackendGetAttribute(device, CUDNN_ATTR_DEVICEPROP_JSON_REPRESENTATION,
                                       CUDNN_TYPE_CHAR, sizeof json, &n, json),
              "writing the properties"))
        return false;
    FILE *f = std::fopen(path, "w");
    bool written = f && std::fwrite(json, 1, (size_t)n, f) == (size_t)n;
    if (f && std::fclose(f)) written = false;
    if (!written) std::fprintf(stderr, "bench_device: %s cannot be written\n", path);
    cudnnBackendDestroyDescriptor(device);
    cudnnDestroy(handle);
    return written;
}
#else
bool write_properties(const char *) {
    std::fprintf(stderr, "bench_device: properties need cuDNN 9.8 or newer\n");
    return false;
}
#endif

// --- Memory.

__global__ void fill_half(uint16_t *to, size_t n) { // bf16 between -1 and 1
    size_t i = (size_t)blockIdx.x * blockDim.x + threadIdx.x;
    uint32_t h = (uint32_t)i * 2654435761u;
    h ^= h >> 15, h *= 2246822519u, h ^= h >> 13;
    if (i < n) to[i] = (uint16_t)((__float_as_uint((float)(int32_t)h * 0x1p-31f)) >> 16);
}

__global__ void fill_single(float *to, size_t n) {
    size_t i = (size_t)blockIdx.x * blockDim.x + threadIdx.x;
    uint32_t h = (uint32_t)i * 2654435761u;
    h ^= h >> 15, h *= 2246822519u, h ^= h >> 13;
    if (i < n) to[i] = (float)(int32_t)h * 0x1p-31f;
}

double copy_rate() {
    size_t available = 0, total = 0, bytes = (size_t)4 << 30;
    char *from = nullptr, *to = nullptr;
    if (!good(cudaMemGetInfo(&available, &total), "asking for memory")) return 0;
    bytes = std::min(bytes, available / 4);
    double seconds = 0;
    if (good(cudaMalloc(&from, bytes), "taking memory") &&
        good(cudaMalloc(&to, bytes), "taking memory")) {
        fill_single<<<(unsigned)(bytes / 4 / 256), 256, 0, stream>>>((float *)from, bytes / 4);
        seconds = seconds_of("copying", [&] {
            return good(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToDevice, stream),
                        "copying");
        });
    }
    cudaFree(from);
    cudaFree(to);
    return seconds > 0 ? 2e-9 * (double)bytes / seconds : 0;
}

// --- Products.

struct product {
    cublasLtHandle_t lt = nullptr;
    cublasLtMatmulDesc_t how = nullptr;
    cublasLtMatrixLayout_t layout = nullptr;
    cublasLtMatmulPreference_t preference = nullptr;
    void *a = nullptr, *b = nullptr, *c = nullptr, *room = nullptr;

    ~product() {
        cudaFree(a), cudaFree(b), cudaFree(c), cudaFree(room);
        if (preference) cublasLtMatmulPreferenceDestroy(preference);
        if (layout) cublasLtMatrixLayoutDestroy(layout);
        if (how) cublasLtMatmulDescDestroy(how);
        if (lt) cublasLtDestroy(lt);
    }
};

// Of TN form, whose rows of factors lie one after the other: tensor cores like it best.
bool make(product &p, cudaDataType type, cublasComputeType_t compute) {
    const size_t n = (size_t)SIDE * SIDE, bytes = n * (type == CUDA_R_16BF ? 2 : 4);
    const cublasOperation_t transposed = CUBLAS_OP_T;
    if (!good(cublasLtCreate(&p.lt), "starting cuBLASLt") ||
        !good(cublasLtMatmulDescCreate(&p.how, compute, CUDA_R_32F), "a product") ||
        !good(cublasLtMatmulDescSetAttribute(p.how, CUBLASLT_MATMUL_DESC_TRANSA, &transposed,
                                             sizeof transposed),
              "a product") ||
        !good(cublasLtMatrixLayoutCreate(&p.layout, type, SIDE, SIDE, SIDE), "a matrix") ||
        !good(cublasLtMatmulPreferenceCreate(&p.preference), "a product") ||
        !good(cublasLtMatmulPreferenceSetAttribute(
                  p.preference, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, &scratch, sizeof scratch),
              "a product") ||
        !good(cudaMalloc(&p.a, bytes), "taking memory") ||
        !good(cudaMalloc(&p.b, bytes), "taking memory") ||
        !good(cudaMalloc(&p.c, bytes), "taking memory") ||
        !good(cudaMalloc(&p.room, scratch), "taking memory"))
        return false;
    for (void *m : {p.a, p.b}) {
        if (type == CUDA_R_16BF)
            fill_half<<<(unsigned)(n / 256), 256, 0, stream>>>((uint16_t *)m, n);
        else
            fill_single<<<(unsigned)(n / 256), 256, 0, stream>>>((float *)m, n);
    }
    return good(cudaGetLastError(), "filling matrices");
}

// The best of the library's candidates, in TFLOP/s.
double product_rate(cudaDataType type, cublasComputeType_t compute) {
    product p;
    cublasLtMatmulHeuristicResult_t found[CANDIDATES];
    int n = 0;
    const float one = 1, zero = 0;
    if (!make(p, type, compute) ||
        !good(cublasLtMatmulAlgoGetHeuristic(p.lt, p.how, p.layout, p.layout, p.layout, p.layout,
                                             p.preference, CANDIDATES, found, &n),
              "choosing an algorithm"))
        return 0;
    double least = 0;
    for (int i = 0; i < n; i++) {
        double seconds = seconds_of("a product", [&] {
            return good(cublasLtMatmul(p.lt, p.how, &one, p.a, p.layout, p.b, p.layout, &zero, p.c,
                                       p.layout, p.c, p.layout, &found[i].algo, p.room, scratch,
                                       stream),
                        "a product");
        });
        if (seconds > 0 && (least == 0 || seconds < least)) least = seconds;
    }
    return least > 0 ? 2e-12 * SIDE * SIDE * SIDE / least : 0;
}

// --- Launching.

__global__ void nothing() {
}

bool launch_all() {
    for (int i = 0; i < KERNELS; i++) nothing<<<1, 32, 0, stream>>>();
    return good(cudaGetLastError(), "launching");
}

cudaGraphExec_t captured(int kernels) {
    cudaGraph_t graph = nullptr;
    cudaGraphExec_t out = nullptr;
    if (!good(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal), "a capture"))
        return nullptr;
    for (int i = 0; i < kernels; i++) nothing<<<1, 32, 0, stream>>>();
    if (!good(cudaStreamEndCapture(stream, &graph), "a capture") ||
        !good(cudaGraphInstantiate(&out, graph, 0), "a graph"))
        out = nullptr;
    if (graph) cudaGraphDestroy(graph);
    return out;
}

double graph_seconds(int kernels) {
    cudaGraphExec_t graph = captured(kernels);
    if (!graph) return 0;
    double seconds =
        seconds_of("a graph", [&] { return good(cudaGraphLaunch(graph, stream), "a graph"); });
    cudaGraphExecDestroy(graph);
    return seconds;
}

// From the call to the return of the wait for it, by the host's clock.
double round_trip() {
    cudaGraphExec_t graph = captured(1);
    std::vector<double> times;
    for (int i = 0; graph && i < 100; i++) {
        auto began = std::chrono::steady_clock::now();
        if (!good(cudaGraphLaunch(graph, stream), "a graph") ||
            !good(cudaStreamSynchronize(stream), "a graph"))
            return 0;
        times.push_back(
            std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count());
    }
    if (graph) cudaGraphExecDestroy(graph);
    std::sort(times.begin(), times.end());
    return times.empty() ? 0 : times[times.size() / 2];
}

} // namespace

int main(int argc, char **argv) {
    cudaDeviceProp p;
    int driver = 0;
    if (argc != 2) {
        std::fputs("usage: bench_device PROPERTIES_FILE\n", stderr);
        return 2;
    }
    if (!good(cudaGetDeviceProperties(&p, 0), "looking for a device") ||
        !good(cudaDriverGetVersion(&driver), "asking for the driver") ||
        !good(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking), "making a stream") ||
        !good(cudaEventCreate(&begin_event), "making an event") ||
        !good(cudaEventCreate(&end_event), "making an event"))
        return 1;
    bool described = write_properties(argv[1]);
    std::printf("{\"name\": \"%s\", \"memory_mb\": %.0f, \"multiprocessors\": %d, \"l2_mb\": %.1f, "
                "\"cuda\": %d, \"driver_cuda\": %d, \"cudnn\": %zu, \"cublaslt\": %zu, "
                "\"described\": %s, ",
                p.name, 1e-6 * (double)p.totalGlobalMem, p.multiProcessorCount,
                1e-6 * p.l2CacheSize, CUDART_VERSION, driver, cudnnGetVersion(),
                cublasLtGetVersion(), described ? "true" : "false");
    print("copy_gb_s", copy_rate(), ", ");
    print("f32_tflop_s", product_rate(CUDA_R_32F, CUBLAS_COMPUTE_32F), ", ");
    print("tf32_tflop_s", product_rate(CUDA_R_32F, CUBLAS_COMPUTE_32F_FAST_TF32), ", ");
    print("bf16_tflop_s", product_rate(CUDA_R_16BF, CUBLAS_COMPUTE_32F), ", ");
    print("launch_us", 1e6 * seconds_of("launching", launch_all) / KERNELS, ", ");
    print("graph_node_us", 1e6 * graph_seconds(KERNELS) / KERNELS, ", ");
    print("graph_round_trip_us", 1e6 * round_trip(), "}\n");
    return 0;
}
