/* Stands in for the CUDA toolkit where a plugin's .cu is compiled for the host, for testing
 * (INADEKIT_CUDA_ON_HOST): a launch runs here and now, block after block, the threads of a block in
 * turn from one __syncthreads to the next, every second time backwards. It shows wrong arithmetic
 * and wrong indices, not speed, nor races that an order of threads does not show. Functions of a
 * warp, atomics and shared memory whose size the launch gives are not here; the compiler says so.
 */
#ifndef INADEKIT_CUDA_ON_HOST_H
#define INADEKIT_CUDA_ON_HOST_H

#include <functional>
#include <math.h>
#include <memory>
#include <stdint.h>
#include <ucontext.h>
#include <vector>

#define __global__
#define __device__
#define __host__
#define __constant__ static
#define __shared__ static
#define __forceinline__ inline
#define __launch_bounds__(...)

struct dim3 {
    unsigned x, y, z;
    dim3(unsigned x_ = 1, unsigned y_ = 1, unsigned z_ = 1) : x(x_), y(y_), z(z_) {
    }
};

typedef void *cudaStream_t;
typedef int cudaError_t;
enum { cudaSuccess = 0 };
static inline cudaError_t cudaGetLastError() {
    return cudaSuccess;
}
static inline const char *cudaGetErrorString(cudaError_t) {
    return "no error";
}

namespace cuda_on_host {

/* A thread of a block, which waits while the others come as far. */
struct fiber {
    ucontext_t at;
    std::unique_ptr<char[]> stack{new char[STACK]};
    bool done;
    enum { STACK = 64 << 10 };
};

inline dim3 thread, block, block_size, grid_size;
inline std::vector<fiber> fibers;
inline ucontext_t scheduler;
inline fiber *running;
inline const std::function<void()> *body;

inline void enter() {
    (*body)();
    running->done = true; /* and back to the scheduler */
}

inline void sync() {
    swapcontext(&running->at, &scheduler);
}

inline void go_on(size_t i) {
    const dim3 &s = block_size;
    thread = dim3((unsigned)i % s.x, (unsigned)i / s.x % s.y, (unsigned)i / s.x / s.y);
    running = &fibers[i];
    if (!running->done) swapcontext(&scheduler, &running->at);
}

inline void run_block(size_t threads, bool backwards) {
    if (fibers.size() < threads) fibers = std::vector<fiber>(threads);
    for (size_t i = 0; i < threads; i++) {
        fiber &f = fibers[i];
        getcontext(&f.at);
        f.at.uc_stack.ss_sp = f.stack.get();
        f.at.uc_stack.ss_size = fiber::STACK;
        f.at.uc_link = &scheduler;
        f.done = false;
        makecontext(&f.at, enter, 0);
    }
    for (bool more = true; more;) {
        more = false;
        for (size_t i = 0; i < threads; i++) go_on(backwards ? threads - 1 - i : i);
        for (size_t i = 0; i < threads; i++) more |= !fibers[i].done;
    }
}

template <class... P> struct launcher {
    void (*kernel)(P...);
    dim3 grid, size;
    void operator()(P... arguments) const {
        static bool backwards;
        const std::function<void()> call = [&] { kernel(arguments...); };
        body = &call;
        block_size = size, grid_size = grid;
        backwards = !backwards;
        for (unsigned z = 0; z < grid.z; z++)
            for (unsigned y = 0; y < grid.y; y++)
                for (unsigned x = 0; x < grid.x; x++) {
                    block = dim3(x, y, z);
                    run_block((size_t)size.x * size.y * size.z, backwards);
                }
    }
};

/* What `kernel<<<grid, size, shared, stream>>>` becomes. */
template <class... P>
launcher<P...> launch(void (*kernel)(P...), dim3 grid, dim3 size, size_t = 0, cudaStream_t = 0) {
    return {kernel, grid, size};
}

} // namespace cuda_on_host

#define threadIdx cuda_on_host::thread
#define blockIdx cuda_on_host::block
#define blockDim cuda_on_host::block_size
#define gridDim cuda_on_host::grid_size
#define __syncthreads cuda_on_host::sync

#endif
