/* How kernels are launched. A kernel is a struct with its arguments and its arithmetic, which
 * compiles for host and device alike; two templates drive all of them:
 *
 *   units:  f(i) for every unit i, in no order.
 *   blocks: f.phase(k, block, thread, shared, own) for every thread of every block, phase by phase
 *           k = 0, 1, ...; all threads of a block have ended a phase before one begins the next.
 *           It goes on while the phase returns true, which is the same for all threads of a block.
 *           `shared` belongs to the block, `own` to the thread; neither is initialised.
 *
 * The tests drive the same structs on the host, with the same blocks, threads and phases. */
#ifndef CUDA_LAUNCH_CUH
#define CUDA_LAUNCH_CUH

#include "values.cuh"

enum { THREADS = 256 }; /* of a block */

#ifdef __CUDACC__

/* Two blocks a multiprocessor at least: the compiler may take 128 registers, where it would else
 * rather spill than have fewer blocks. */
template <class F> __global__ void __launch_bounds__(THREADS, 2) run_units(F f, int64_t n) {
    int64_t i = (int64_t)blockIdx.x * THREADS + threadIdx.x;
    if (i < n) f(i);
}

template <class F> __global__ void __launch_bounds__(THREADS, 2) run_blocks(F f) {
    __shared__ typename F::shared shared;
    typename F::own own;
    for (int k = 0; f.phase(k, blockIdx.x, (int)threadIdx.x, shared, own); k++) __syncthreads();
}

template <class F> static void enqueue_units(const F &f, int64_t n, cudaStream_t stream) {
    run_units<<<(unsigned)cuda_ceil_div(n, THREADS), THREADS, 0, stream>>>(f, n);
}
template <class F> static void enqueue_blocks(const F &f, int64_t blocks, cudaStream_t stream) {
    run_blocks<<<(unsigned)blocks, THREADS, 0, stream>>>(f);
}

#else
#include "emulated.h" /* enqueue_units and enqueue_blocks of the tests */
#endif

/* Where to enqueue, for whom, and what to call it in an error. */
struct queue {
    cudaStream_t stream;
    const char *what;
    ik_error *err;
};

template <class F> static ik_status units(const queue &q, int64_t n, const F &f) {
    if (n > 0) enqueue_units(f, n, q.stream);
    return cuda_launched(q.what, q.err);
}

template <class F> static ik_status blocks(const queue &q, int64_t n, const F &f) {
    if (n > 0) enqueue_blocks(f, n, q.stream);
    return cuda_launched(q.what, q.err);
}

/* For kernels without shared or own values. */
struct nothing {};

#endif
