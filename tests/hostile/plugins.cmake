# Plugins for test_check, each with one fault, in hostile/<kind>/<fault>.so of the build.
function(add_hostile kind source)
    foreach(fault ${ARGN})
        set(target hostile_${kind}_${fault})
        string(TOUPPER ${fault} FAULT)
        add_library(${target} MODULE hostile/${source})
        target_compile_definitions(${target} PRIVATE FAULT=${FAULT} FAULT_IS_${FAULT} NAME="${fault}")
        target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR}/core/include)
        set_target_properties(${target} PROPERTIES PREFIX "" OUTPUT_NAME ${fault}
            LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/hostile/${kind})
        # A sanitizer would stop before the fault is one.
        target_compile_options(${target} PRIVATE -fno-sanitize=all)
        target_link_libraries(${target} PRIVATE m)
        add_dependencies(test_check ${target})
    endforeach()
endfunction()
add_hostile(norm norm.c none crashes_at_entry hangs_at_entry crashes aborts hangs recurses exits
    exports uses_core too_new too_old not_finite wrong_shape wrong_gradient no_gradient leaves_dx_empty stops_by_an_op
    wrong_bias_gradient at_a_kink rough in_float depends_on_chance bad_default same_name overlaps no_help taken bad_name required)
add_hostile(datasets data.c none by_chance not_by_threads out_of_range crashes describes_otherwise
    no_items)
add_hostile(metrics metric.c none forgets_nothing not_finite same_name crashes no_results gives_up_badly)
