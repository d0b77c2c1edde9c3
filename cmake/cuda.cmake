# CUDA 12 and cuDNN 9, for the plugins that need them. INADEKIT_CUDA says whether both are there;
# a machine without them builds everything else. libcuda, the driver, is never linked.
#
# cuDNN and cuBLAS also come as Python's packages, without the link that a linker looks for:
# CUDNN_ROOT and CUBLAS_ROOT are folders with their include/ and lib/.
option(INADEKIT_WITHOUT_CUDA "leave the cuda backend out even where CUDA is found" OFF)
set(INADEKIT_CUDA OFF)
set(CUDNN_VERSION_FOUND 0)
find_package(CUDAToolkit 12 QUIET)
if(CUDAToolkit_FOUND)
    find_path(CUDNN_INCLUDE_DIR cudnn_version.h HINTS ${CUDNN_ROOT}/include ${CUDAToolkit_INCLUDE_DIRS})
    find_library(CUDNN_LIBRARY NAMES cudnn libcudnn.so.9
                               HINTS ${CUDNN_ROOT}/lib ${CUDAToolkit_LIBRARY_DIR})
    find_path(CUBLASLT_INCLUDE_DIR cublasLt.h
              HINTS ${CUBLAS_ROOT}/include ${CUDAToolkit_INCLUDE_DIRS})
    find_library(CUBLASLT_LIBRARY NAMES cublasLt libcublasLt.so.${CUDAToolkit_VERSION_MAJOR}
                                  HINTS ${CUBLAS_ROOT}/lib ${CUDAToolkit_LIBRARY_DIR})
    if(CUDNN_INCLUDE_DIR AND CUDNN_LIBRARY)
        file(STRINGS ${CUDNN_INCLUDE_DIR}/cudnn_version.h line REGEX "^#define CUDNN_MAJOR [0-9]+")
        string(REGEX MATCH "[0-9]+$" CUDNN_VERSION_FOUND "${line}")
        get_filename_component(cudnn_dir ${CUDNN_LIBRARY} DIRECTORY)
        get_filename_component(cublaslt_dir "${CUBLASLT_LIBRARY}" DIRECTORY)
        # Where the plugin looks for them when it is loaded.
        set(INADEKIT_CUDA_DIRS ${CUDAToolkit_LIBRARY_DIR} ${cudnn_dir} ${cublaslt_dir})
        list(REMOVE_DUPLICATES INADEKIT_CUDA_DIRS)
    endif()
endif()
if(INADEKIT_WITHOUT_CUDA)
    message(STATUS "cuda backend left out: INADEKIT_WITHOUT_CUDA is set")
elseif(NOT CUDAToolkit_FOUND OR NOT CUDAToolkit_NVCC_EXECUTABLE OR NOT CUBLASLT_INCLUDE_DIR OR
       NOT CUBLASLT_LIBRARY)
    message(STATUS "cuda backend left out: no CUDA toolkit 12 or newer with nvcc and cuBLASLt found "
                   "(CUBLAS_ROOT)")
elseif(CUDNN_VERSION_FOUND LESS 9)
    message(STATUS "cuda backend left out: no cuDNN 9 or newer found (CUDNN_ROOT)")
else()
    # CMake's default is the oldest architecture nvcc knows; a PTX for it would be compiled anew on
    # the device at every first start.
    if(NOT DEFINED CMAKE_CUDA_ARCHITECTURES)
        set(CMAKE_CUDA_ARCHITECTURES 80-real 90-real 90-virtual)
    endif()
    if(NOT DEFINED CMAKE_CUDA_COMPILER)
        set(CMAKE_CUDA_COMPILER ${CUDAToolkit_NVCC_EXECUTABLE})
    endif()
    if(CMAKE_C_COMPILER_LAUNCHER AND NOT CMAKE_CUDA_COMPILER_LAUNCHER)
        set(CMAKE_CUDA_COMPILER_LAUNCHER ${CMAKE_C_COMPILER_LAUNCHER})
    endif()
    enable_language(CUDA)
    set(CMAKE_CUDA_STANDARD 17)
    set(CMAKE_CUDA_STANDARD_REQUIRED ON)
    set(CMAKE_CUDA_RUNTIME_LIBRARY Shared)
    set(INADEKIT_CUDA ON)
    message(STATUS "cuda backend: CUDA ${CUDAToolkit_VERSION}, cuDNN ${CUDNN_VERSION_FOUND}, "
                   "architectures ${CMAKE_CUDA_ARCHITECTURES}")
endif()
