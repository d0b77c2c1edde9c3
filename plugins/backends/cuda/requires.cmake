# cmake/cuda.cmake has said what is missing.
if(NOT INADEKIT_CUDA)
    set(left_out ON)
endif()
