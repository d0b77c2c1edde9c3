# The rooms of the house, from the ground up, and the walls between them.
#
# A room is a folder of sources, which may lie in folders of it, made into one object library. Its
# include path holds nothing but a folder of links to itself and to the rooms it may see: a wrong
# #include finds no file, and a room that is listed before one it wants to see stops the configuration,
# so a circle cannot be written down. The test `rooms` asks nm whether what was linked agrees.
# CMakeLists.txt has the list.
file(REMOVE_RECURSE ${CMAKE_BINARY_DIR}/see)
file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/see/all)

# The folder of a room by its name, which is that of its last folder.
function(room_folder out name)
    get_property(folder GLOBAL PROPERTY inadekit_room_${name})
    set(${out} ${folder} PARENT_SCOPE)
endfunction()

# let_see(VIEWER ROOM...): a folder of links at see/VIEWER, for an include path.
function(let_see viewer)
    file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/see/${viewer})
    foreach(other ${ARGN})
        room_folder(folder ${other})
        if(NOT folder)
            message(FATAL_ERROR "${viewer} cannot see ${other}, which lies above it or is no room")
        endif()
        file(CREATE_LINK ${folder} ${CMAKE_BINARY_DIR}/see/${viewer}/${other} SYMBOLIC)
    endforeach()
endfunction()

# From here on the folder can be seen; by `all` at once, which is for tests and benchmarks of the whole.
function(name_room folder)
    get_filename_component(name ${folder} NAME)
    set_property(GLOBAL PROPERTY inadekit_room_${name} ${PROJECT_SOURCE_DIR}/${folder})
    let_see(all ${name})
endfunction()

# Lines "links PATH" of the shared libraries behind some targets.
function(room_libraries out)
    set(lines "")
    foreach(target ${ARGN})
        if(TARGET ${target})
            get_target_property(file ${target} LOCATION)
            get_target_property(behind ${target} INTERFACE_LINK_LIBRARIES)
            foreach(path ${file} ${behind})
                if(path MATCHES "[.]so")
                    string(APPEND lines "links ${path}\n")
                endif()
            endforeach()
        endif()
    endforeach()
    set(${out} ${lines} PARENT_SCOPE)
endfunction()

# add_room(FOLDER [SEES room...] [LINKS library...]): the sources of a folder and below, which can
# include the room's headers and those of the rooms it SEES, and no others; likewise the headers of the
# libraries it LINKS.
function(add_room folder)
    cmake_parse_arguments(PARSE_ARGV 1 room "" "" "SEES;LINKS")
    get_filename_component(name ${folder} NAME)
    let_see(${name} ${room_SEES})
    set_property(GLOBAL PROPERTY inadekit_sees_${name} ${room_SEES})
    name_room(${folder})
    let_see(${name} ${name})
    file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/${folder}/*.c)
    add_library(room_${name} OBJECT ${sources})
    target_include_directories(room_${name} PRIVATE ${CMAKE_BINARY_DIR}/see/${name}
                                                    ${PROJECT_SOURCE_DIR}/core/include)
    target_compile_definitions(room_${name} PRIVATE
        INADEKIT_VERSION="${PROJECT_VERSION}"
        INADEKIT_BUILD_TYPE="$<CONFIG>"
        INADEKIT_PLUGIN_DIR="${CMAKE_INSTALL_FULL_LIBDIR}/inadekit"
        INADEKIT_SHARE_DIR="${CMAKE_INSTALL_FULL_DATADIR}/inadekit")
    # Only the public interface says that it is visible outside of the library.
    set_target_properties(room_${name} PROPERTIES C_VISIBILITY_PRESET hidden)
    target_link_libraries(room_${name} PRIVATE ${room_LINKS})
    foreach(library inadekit inadekit_rooms)
        target_sources(${library} PRIVATE $<TARGET_OBJECTS:room_${name}>)
        target_link_libraries(${library} PRIVATE ${room_LINKS})
    endforeach()
    # For the test `rooms`: the room and what it sees, the libraries it links to, and its objects.
    list(JOIN room_SEES " " visible)
    room_libraries(files ${room_LINKS})
    file(GENERATE OUTPUT ${CMAKE_BINARY_DIR}/rooms/${name}.txt CONTENT
         "sees ${name} ${visible}\n${files}objects $<JOIN:$<TARGET_OBJECTS:room_${name}>,\nobjects >\n")
endfunction()
