/* Stands in for cuDNN's header where the cuda backend is compiled for the host: what its files
 * other than plans.c use. */
#ifndef EMULATED_CUDNN_H
#define EMULATED_CUDNN_H

#include <stddef.h>
#include <stdint.h>

#include "cuda_runtime_api.h"

#define CUDNN_VERSION 91900

typedef struct cudnnContext *cudnnHandle_t;
typedef void *cudnnBackendDescriptor_t;
typedef enum { CUDNN_STATUS_SUCCESS = 0, CUDNN_STATUS_BAD_PARAM = 2000 } cudnnStatus_t;
typedef enum { CUDNN_BACKEND_DEVICEPROP_DESCRIPTOR = 38 } cudnnBackendDescriptorType_t;
typedef enum { CUDNN_ATTR_DEVICEPROP_JSON_REPRESENTATION = 2702 } cudnnBackendAttributeName_t;
typedef enum { CUDNN_TYPE_CHAR = 19 } cudnnBackendAttributeType_t;

size_t cudnnGetVersion(void);
cudnnStatus_t cudnnCreate(cudnnHandle_t *handle);
cudnnStatus_t cudnnDestroy(cudnnHandle_t handle);
cudnnStatus_t cudnnSetStream(cudnnHandle_t handle, cudaStream_t stream);
cudnnStatus_t cudnnBackendCreateDescriptor(cudnnBackendDescriptorType_t type,
                                           cudnnBackendDescriptor_t *d);
cudnnStatus_t cudnnBackendDestroyDescriptor(cudnnBackendDescriptor_t d);
cudnnStatus_t cudnnBackendSetAttribute(cudnnBackendDescriptor_t d, cudnnBackendAttributeName_t name,
                                       cudnnBackendAttributeType_t type, int64_t n, const void *v);
cudnnStatus_t cudnnBackendFinalize(cudnnBackendDescriptor_t d);

#endif
