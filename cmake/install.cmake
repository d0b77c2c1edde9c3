# What `cmake --install` puts where. Nothing in it knows the prefix, so the whole may be moved; the
# folders of the build tree mirror it.
include(CMakePackageConfigHelpers)

install(TARGETS inadekit_cli inadekit)
install(DIRECTORY core/include/inadekit kit/include/inadekit DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})

set(config_folder ${CMAKE_INSTALL_LIBDIR}/cmake/inadekit)
configure_package_config_file(cmake/inadekitConfig.cmake.in package/inadekitConfig.cmake
    INSTALL_DESTINATION ${config_folder} PATH_VARS CMAKE_INSTALL_INCLUDEDIR CMAKE_INSTALL_BINDIR)
write_basic_package_version_file(package/inadekitConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_BINARY_DIR}/package/inadekitConfig.cmake
              ${CMAKE_BINARY_DIR}/package/inadekitConfigVersion.cmake
              cmake/inadekitPlugin.cmake DESTINATION ${config_folder})
install(DIRECTORY cmake/cuda_on_host DESTINATION ${config_folder})

cmake_path(RELATIVE_PATH CMAKE_INSTALL_PREFIX
    BASE_DIRECTORY ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig OUTPUT_VARIABLE PC_PREFIX)
configure_file(cmake/inadekit.pc.in package/inadekit.pc @ONLY)
install(FILES ${CMAKE_BINARY_DIR}/package/inadekit.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

# Folders of files that the program, or a reader, looks for under share/inadekit.
set(share ${CMAKE_INSTALL_DATADIR}/inadekit)
foreach(folder pipelines templates examples)
    if(EXISTS ${PROJECT_SOURCE_DIR}/${folder})
        install(DIRECTORY ${folder} DESTINATION ${share} PATTERN tests EXCLUDE PATTERN "build*" EXCLUDE
                PATTERN runs EXCLUDE)
        file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/share/inadekit)
        file(CREATE_LINK ${PROJECT_SOURCE_DIR}/${folder} ${CMAKE_BINARY_DIR}/share/inadekit/${folder}
             SYMBOLIC)
    endif()
endforeach()
# Devices that can be planned for where they are not: device: {plugin: cuda, properties: FILE}.
install(DIRECTORY plugins/backends/cuda/devices DESTINATION ${share})
# In the same folders as here, so that links lead somewhere.
install(FILES README.md LICENSE NOTICE CITATION.cff DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(DIRECTORY docs DESTINATION ${CMAKE_INSTALL_DOCDIR}
        FILES_MATCHING PATTERN "*.md" PATTERN "*.png" PATTERN "*.svg")
install(DIRECTORY bench/results DESTINATION ${CMAKE_INSTALL_DOCDIR}/bench
        FILES_MATCHING PATTERN "*.svg" PATTERN "*.json" PATTERN "*.tsv")

set(completion ${CMAKE_BINARY_DIR}/share/bash-completion/completions/inadekit)
add_custom_command(OUTPUT ${completion} DEPENDS inadekit_cli VERBATIM
    COMMAND ${CMAKE_COMMAND} -E make_directory ${CMAKE_BINARY_DIR}/share/bash-completion/completions
    COMMAND $<TARGET_FILE:inadekit_cli> completion bash > ${completion})
add_custom_target(completion ALL DEPENDS ${completion})
install(FILES ${completion} DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions)
