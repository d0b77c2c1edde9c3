target_include_directories(${target} PRIVATE ${CUDNN_INCLUDE_DIR} ${CUBLASLT_INCLUDE_DIR}
                                             ${CUDAToolkit_INCLUDE_DIRS})
target_link_libraries(${target} PRIVATE CUDA::cudart ${CUDNN_LIBRARY} ${CMAKE_DL_LIBS})
set_target_properties(${target} PROPERTIES BUILD_RPATH "${INADEKIT_CUDA_DIRS}"
                                           INSTALL_RPATH "${INADEKIT_CUDA_DIRS}")
# Spills cost bandwidth that the figures in the kernels' comments do not count, so they are errors.
target_compile_options(${target} PRIVATE
    $<$<COMPILE_LANGUAGE:CUDA>:-O3 -lineinfo --expt-relaxed-constexpr -Xptxas=--warn-on-spills
                               -Xptxas=-Werror>)
