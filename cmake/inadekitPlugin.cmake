# inadekit_add_plugin(KIND/NAME SOURCE...): builds the plugin NAME of a kind, as
#
#     find_package(inadekit REQUIRED)
#     inadekit_add_plugin(norm/mine mine.c)
#
# The target is plugin_KIND_NAME. The file lies in ${CMAKE_BINARY_DIR}/plugins/KIND, so that the build
# tree itself can be searched: inadekit run FILE --plugin-path build/plugins. `cmake --install` puts
# it where inadekit looks, if both share a prefix.
#
# Sources that end in .cu are compiled where the project has enabled CUDA, which inadekit_find_cuda()
# does where there is a compiler; the C sources then see the macro INADEKIT_WITH_CUDA.
#
# -DINADEKIT_CUDA_ON_HOST=ON compiles them for the host instead, by cuda_on_host/cuda_runtime_api.h, as
# kernels for memory "host", so that `inadekit plugins check` tries them on any machine.
option(INADEKIT_CUDA_ON_HOST "compile .cu of plugins for the host, to test them" OFF)
set(INADEKIT_CUDA_ON_HOST_FOLDER ${CMAKE_CURRENT_LIST_DIR}/cuda_on_host)
set(INADEKIT_KINDS norm blocks encoders discriminators losses datasets metrics backends comm)

# Writes a .cu as C++: kernel<<<...>>>(...) becomes a call.
function(inadekit_cuda_as_cxx source out)
    cmake_path(ABSOLUTE_PATH source NORMALIZE)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${source})
    file(READ ${source} text)
    string(REGEX REPLACE "([A-Za-z_][A-Za-z0-9_:]*(<[^<>;]*>)?)[ \n]*<<<" "cuda_on_host::launch(\\1, " text "${text}")
    string(REPLACE ">>>" ")" text "${text}")
    string(REPLACE "\"cuda\"" "\"host\"" text "${text}")
    cmake_path(GET source FILENAME name)
    file(CONFIGURE OUTPUT ${CMAKE_CURRENT_BINARY_DIR}/${name}.cc CONTENT "#line 1 \"${source}\"\n${text}" @ONLY)
    set(${out} ${CMAKE_CURRENT_BINARY_DIR}/${name}.cc PARENT_SCOPE)
endfunction()

function(inadekit_add_plugin plugin)
    if(NOT plugin MATCHES "^([a-z]+)/([A-Za-z0-9_-]+)$" OR NOT CMAKE_MATCH_1 IN_LIST INADEKIT_KINDS)
        string(REPLACE ";" ", " kinds "${INADEKIT_KINDS}")
        message(FATAL_ERROR "inadekit_add_plugin: '${plugin}' is no plugin; write KIND/NAME, as norm/mine; "
                            "the kinds are ${kinds}")
    endif()
    set(kind ${CMAKE_MATCH_1})
    set(name ${CMAKE_MATCH_2})
    set(target plugin_${kind}_${name})
    set(sources ${ARGN})
    get_property(languages GLOBAL PROPERTY ENABLED_LANGUAGES)
    set(as_cxx FALSE)
    if(INADEKIT_CUDA_ON_HOST AND CXX IN_LIST languages)
        foreach(source ${sources})
            if(source MATCHES "\\.cu$")
                set(as_cxx TRUE)
                inadekit_cuda_as_cxx(${source} made)
                list(APPEND sources ${made})
            endif()
        endforeach()
    endif()
    if(as_cxx OR NOT CUDA IN_LIST languages)
        list(FILTER sources EXCLUDE REGEX "\\.cu$")
    endif()
    if(NOT sources)
        message(FATAL_ERROR "inadekit_add_plugin: ${plugin} has no sources")
    endif()
    add_library(${target} MODULE ${sources})
    if(as_cxx)
        message(STATUS "${plugin}: its CUDA kernels are compiled for the host, to test them")
        target_compile_definitions(${target} PRIVATE INADEKIT_WITH_CUDA=1)
        target_include_directories(${target} PRIVATE ${CMAKE_CURRENT_SOURCE_DIR} ${INADEKIT_CUDA_ON_HOST_FOLDER})
    elseif(NOT sources STREQUAL "${ARGN}")
        message(STATUS "${plugin}: without its CUDA kernels, for want of a CUDA compiler")
    elseif("${ARGN}" MATCHES "\\.cu(;|$)")
        target_compile_definitions(${target} PRIVATE INADEKIT_WITH_CUDA=1)
    endif()
    target_include_directories(${target} PRIVATE ${INADEKIT_INCLUDE_DIR})
    set_target_properties(${target} PROPERTIES
        PREFIX "" OUTPUT_NAME ${name} POSITION_INDEPENDENT_CODE ON
        C_STANDARD 11 C_EXTENSIONS ON C_VISIBILITY_PRESET hidden
        CXX_STANDARD 20 CXX_VISIBILITY_PRESET hidden CUDA_VISIBILITY_PRESET hidden
        LIBRARY_OUTPUT_DIRECTORY ${INADEKIT_PLUGIN_OUTPUT}/${kind})
    # Tables of options leave out what is zero.
    target_compile_options(${target} PRIVATE $<$<COMPILE_LANGUAGE:C,CXX>:-Wno-missing-field-initializers>)
    target_link_libraries(${target} PRIVATE m)
    install(TARGETS ${target} LIBRARY DESTINATION ${INADEKIT_PLUGIN_INSTALL}/${kind})
endfunction()
