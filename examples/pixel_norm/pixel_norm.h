/* One pixel of C channels, for host and device, in either type of number:
 *
 *     y = r x,   r = 1 / sqrt(mean(x^2) + eps)
 *     dx = r (dy - y mean(dy y))
 */
#ifndef PIXEL_NORM_H
#define PIXEL_NORM_H

#include <math.h>

#include "inadekit/custom.h"

#ifdef __CUDACC__
#define PIXEL_HD static inline __host__ __device__
#else
#define PIXEL_HD static inline
#endif

/* The op's attributes, copied wherever it is recorded: no pointers. */
typedef struct pixel_attrs {
    double eps;
} pixel_attrs;

#define PIXEL_NORM(real)                                                                           \
    PIXEL_HD real scale_##real(int64_t channels, const real *x, double eps) {                      \
        real sum = 0;                                                                              \
        for (int64_t c = 0; c < channels; c++) sum += x[c] * x[c];                                 \
        return (real)(1 / sqrt((double)sum / (double)channels + eps));                             \
    }                                                                                              \
    PIXEL_HD void forward_##real(int64_t channels, const real *x, real *y, double eps) {           \
        const real r = scale_##real(channels, x, eps);                                             \
        for (int64_t c = 0; c < channels; c++) y[c] = r * x[c];                                    \
    }                                                                                              \
    PIXEL_HD void backward_##real(int64_t channels, const real *dy, const real *x, real *dx,       \
                                  double eps) {                                                    \
        const real r = scale_##real(channels, x, eps);                                             \
        real dot = 0;                                                                              \
        for (int64_t c = 0; c < channels; c++) dot += dy[c] * x[c];                                \
        const real m = r * r * dot / (real)channels;                                               \
        for (int64_t c = 0; c < channels; c++) dx[c] = r * (dy[c] - x[c] * m);                     \
    }
PIXEL_NORM(float)
PIXEL_NORM(double)

#ifdef __cplusplus
extern "C" {
#endif
extern const ik_custom_kernel pixel_norm_cuda, pixel_norm_grad_cuda; /* pixel_norm.cu */
#ifdef __cplusplus
}
#endif

#endif
