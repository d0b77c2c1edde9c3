/* Stands in for the toolkit's header where the kernels are compiled for the host. */
#ifndef EMULATED_CUDA_RUNTIME_API_H
#define EMULATED_CUDA_RUNTIME_API_H

typedef struct CUstream_st *cudaStream_t;
typedef enum cudaError { cudaSuccess } cudaError_t;

static inline cudaError_t cudaGetLastError(void) {
    return cudaSuccess;
}

#endif
