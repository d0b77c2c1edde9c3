target_link_libraries(${target} PRIVATE DNNL::dnnl OpenMP::OpenMP_C)
# No -ffast-math: sums keep their order. Neither option below changes a result.
target_compile_options(${target} PRIVATE -O3 -fno-math-errno -fno-trapping-math)
