/* The kernels of the op pixel_norm for CUDA: a thread takes a pixel. They are launched on the
 * stream that they are given, which may be capturing, and do nothing else. */
#include <cuda_runtime_api.h>

#include "pixel_norm.h"

enum { THREADS = 128 };

__global__ void forward(int64_t pixels, int64_t channels, const float *x, float *y, double eps) {
    int64_t i = (int64_t)blockIdx.x * THREADS + threadIdx.x;
    if (i < pixels) forward_float(channels, x + i * channels, y + i * channels, eps);
}

__global__ void backward(int64_t pixels, int64_t channels, const float *dy, const float *x,
                         float *dx, double eps) {
    int64_t i = (int64_t)blockIdx.x * THREADS + threadIdx.x;
    if (i < pixels)
        backward_float(channels, dy + i * channels, x + i * channels, dx + i * channels, eps);
}

static ik_status launched(const char *what, ik_error *err) {
    cudaError_t code = cudaGetLastError();
    if (code == cudaSuccess) return IK_OK;
    return ik_errorf(err, IK_FAILED, "%s: %s", what, cudaGetErrorString(code));
}

static ik_status run_forward(const ik_custom_run *r, ik_error *err) {
    const int64_t c = r->out->shape.d[3], pixels = ik_count(r->out->shape) / c;
    forward<<<(unsigned)((pixels + THREADS - 1) / THREADS), THREADS, 0, (cudaStream_t)r->stream>>>(
        pixels, c, (const float *)r->in_data[0], (float *)r->out_data,
        ((const pixel_attrs *)r->attrs)->eps);
    return launched("pixel_norm", err);
}

static ik_status run_backward(const ik_custom_run *r, ik_error *err) {
    const int64_t c = r->out->shape.d[3], pixels = ik_count(r->out->shape) / c;
    backward<<<(unsigned)((pixels + THREADS - 1) / THREADS), THREADS, 0, (cudaStream_t)r->stream>>>(
        pixels, c, (const float *)r->in_data[0], (const float *)r->in_data[1], (float *)r->out_data,
        ((const pixel_attrs *)r->attrs)->eps);
    return launched("pixel_norm_grad", err);
}

extern "C" const ik_custom_kernel pixel_norm_cuda = {sizeof(ik_custom_kernel), "cuda", IK_REAL_F32,
                                                     run_forward, NULL};
extern "C" const ik_custom_kernel pixel_norm_grad_cuda = {sizeof(ik_custom_kernel), "cuda",
                                                          IK_REAL_F32, run_backward, NULL};
