/* Scalars looked at on the device: the first that is not finite raises an alarm, which holds back
 * all that flat.cu writes. Bytes: 8 a scalar. */
#include "launch.cuh"

namespace {

enum { AT_ONCE = 32 };

struct look {
    cuda_alarm *alarm;
    const float *scalar[AT_ONCE];
    float *kept;
    uint64_t number;
    int n, first;
    IK_HD void operator()(int64_t) const {
        for (int i = 0; i < n; i++) {
            float value = *scalar[i];
            kept[first + i] = value;
            bool finite = (bits_of_float(value) & 0x7f800000) != 0x7f800000;
            if (!finite && !alarm->raised) *alarm = cuda_alarm{1, first + i, number, value};
        }
    }
};

} // namespace

cudaError_t cuda_guard_scalars(cudaStream_t stream, cuda_alarm *alarm, int n,
                               const void *const *scalars, float *kept, uint64_t number) {
    for (int first = 0; first < n; first += AT_ONCE) {
        look f = {alarm, {}, kept, number, (int)smaller(n - first, AT_ONCE), first};
        for (int i = 0; i < f.n; i++) f.scalar[i] = (const float *)scalars[first + i];
        enqueue_units(f, 1, stream);
    }
    return cudaGetLastError();
}
