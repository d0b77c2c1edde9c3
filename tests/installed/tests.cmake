# Tests against an installed copy, which they share.
set(installed ${CMAKE_BINARY_DIR}/installed)
function(add_kit_test name)
    add_test(NAME ${name} COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/installed/${ARGN})
    set_tests_properties(${name} PROPERTIES TIMEOUT 600 ENVIRONMENT
        "OMP_WAIT_POLICY=passive;OMP_NUM_THREADS=1;OMP_THREAD_LIMIT=1;CMAKE_GENERATOR=${CMAKE_GENERATOR}") # make may be missing
    if(NOT name STREQUAL install)
        set_tests_properties(${name} PROPERTIES FIXTURES_REQUIRED installed)
    endif()
    if(INADEKIT_SANITIZE)
        set_property(TEST ${name} APPEND PROPERTY ENVIRONMENT ASAN_OPTIONS=intercept_tls_get_addr=0)
    endif()
endfunction()
add_kit_test(install install ${CMAKE_BINARY_DIR} ${installed})
set_tests_properties(install PROPERTIES FIXTURES_SETUP installed)
foreach(kind norm blocks encoders discriminators losses datasets metrics)
    add_kit_test(new_${kind} new_plugin ${installed} ${CMAKE_BINARY_DIR}/kit/${kind} ${kind})
endforeach()
add_test(NAME reference COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/installed/reference ${CMAKE_BINARY_DIR} ${PROJECT_SOURCE_DIR})
add_executable(check_example installed/check_example.c)
target_include_directories(check_example PRIVATE ${CMAKE_BINARY_DIR}/see/all ${CMAKE_CURRENT_SOURCE_DIR})
target_link_libraries(check_example PRIVATE inadekit_rooms PkgConfig::CHECK m)
add_kit_test(example example ${installed} ${CMAKE_BINARY_DIR}/kit/example pixel_norm $<TARGET_FILE:check_example>)
add_kit_test(tutorial tutorial ${installed} ${CMAKE_BINARY_DIR}/kit/tutorial ${PROJECT_SOURCE_DIR}/docs/plugins.md)
add_kit_test(language tutorial ${installed} ${CMAKE_BINARY_DIR}/kit/language ${PROJECT_SOURCE_DIR}/docs/pipeline.md)
add_kit_test(walk tutorial ${installed} ${CMAKE_BINARY_DIR}/kit/walk ${PROJECT_SOURCE_DIR}/docs/weights.md)
add_kit_test(embed embed ${installed} ${CMAKE_BINARY_DIR}/kit/embed
    $<$<BOOL:${INADEKIT_SANITIZE}>:-fsanitize=address,undefined>) # a sanitized library wants a sanitized program
add_kit_test(links links ${installed}/share/doc/inadekit ${installed}/share/inadekit ${PROJECT_SOURCE_DIR}/docs)
