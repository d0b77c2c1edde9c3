# Plugins for test_check and test_hostile, each with one fault, in hostile/<kind>/<fault>.so of the
# build.
function(add_hostile kind source suite)
    foreach(fault ${ARGN})
        string(REPLACE "/" "_" target hostile_${kind}_${fault})
        string(TOUPPER ${fault} FAULT)
        add_library(${target} MODULE hostile/${source})
        target_compile_definitions(${target} PRIVATE FAULT=${FAULT} FAULT_IS_${FAULT} NAME="${fault}")
        target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR}/core/include)
        set_target_properties(${target} PROPERTIES PREFIX "" OUTPUT_NAME ${fault}
            LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/hostile/${kind})
        # A sanitizer would stop before the fault is one.
        target_compile_options(${target} PRIVATE -fno-sanitize=all)
        target_link_libraries(${target} PRIVATE m)
        add_dependencies(${suite} ${target})
    endforeach()
endfunction()
add_hostile(norm norm.c test_check none crashes_at_entry hangs_at_entry crashes aborts hangs recurses exits
    exports uses_core too_new too_old not_finite wrong_shape wrong_gradient no_gradient leaves_dx_empty stops_by_an_op
    wrong_bias_gradient at_a_kink rough in_float writes_behind
    writes_its_input leaks depends_on_process depends_on_chance bad_default same_name overlaps no_help taken bad_name required)
add_hostile(datasets data.c test_check none by_chance not_by_threads out_of_range crashes describes_otherwise
    no_items one_is_bad leaks)
add_hostile(metrics metric.c test_check none forgets_nothing not_finite same_name crashes no_results gives_up_badly
    has_its_own_weights leaks reads_behind)
add_hostile(discriminators judge.c test_check none by_the_batch)
add_hostile(host/norm host.c test_hostile nothing exits_loading fails_loading exits_recording leaves_at_once leaves_quickly
    crashes_loading stops_itself blocks_signals leaves_a_process leaves_a_daemon iface_nowhere no_record
    record_nowhere name_nowhere options_nowhere options_without_end descriptor_nowhere sets_locale
    sets_its_locale flushes_to_zero changes_much)
