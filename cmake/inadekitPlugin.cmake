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
set(INADEKIT_KINDS norm blocks encoders discriminators losses datasets metrics backends comm)

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
    if(NOT CUDA IN_LIST languages)
        list(FILTER sources EXCLUDE REGEX "\\.cu$")
    endif()
    if(NOT sources)
        message(FATAL_ERROR "inadekit_add_plugin: ${plugin} has no sources")
    endif()
    add_library(${target} MODULE ${sources})
    if(NOT sources STREQUAL "${ARGN}")
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
