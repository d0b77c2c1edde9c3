# `cpack -G DEB`: a Debian package. ./dev package configures a build for it, under /usr.
set(CPACK_PACKAGE_NAME inadekit)
set(CPACK_PACKAGE_VENDOR inadekit)
set(CPACK_PACKAGE_CONTACT "inadekit developers <inadekit@localhost>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "conditional image synthesis: train, compare and draw with plugins")
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION
    "A YAML file names a dataset, networks, losses and stages; plugins supply the parts.\n\
The package holds the program, its plugins, and the headers and CMake package that\n\
plugins of one's own are built with.")
set(CPACK_RESOURCE_FILE_LICENSE ${PROJECT_SOURCE_DIR}/LICENSE)
set(CPACK_GENERATOR DEB)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION graphics)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS_PRIVATE_DIRS ${CMAKE_LIBRARY_OUTPUT_DIRECTORY})
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "gcc, cmake, ninja-build, pkg-config")
include(CPack)
