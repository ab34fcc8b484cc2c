# varve_layer(<name> FOLDER <path> SOURCES ... [DEPENDS layers...] [EXTERNAL targets...])
#
# A static library varve_<name> whose headers are reachable only through an
# include root of its own: a directory in the build tree that holds one
# symlink to FOLDER. A target sees the roots of what it DEPENDS on and of
# nothing else, so an include against the arrows is "No such file".
function(varve_layer name)
  cmake_parse_arguments(L "" "FOLDER" "SOURCES;DEPENDS;EXTERNAL" ${ARGN})
  set(target varve_${name})
  if(L_SOURCES)
    add_library(${target} STATIC ${L_SOURCES})
    set(scope PUBLIC)
    target_link_libraries(${target} PRIVATE varve_options)
  else()
    add_library(${target} INTERFACE)
    set(scope INTERFACE)
  endif()
  varve_include_root(root ${name} ${L_FOLDER})
  target_include_directories(${target} ${scope} ${root})
  foreach(dependency ${L_DEPENDS})
    target_link_libraries(${target} ${scope} varve_${dependency})
  endforeach()
  target_link_libraries(${target} ${scope} ${L_EXTERNAL})
endfunction()

# Makes the include root of one folder and returns its path.
function(varve_include_root out name folder)
  set(root "${CMAKE_BINARY_DIR}/roots/${name}")
  get_filename_component(parent "${root}/${folder}" DIRECTORY)
  file(MAKE_DIRECTORY "${parent}")
  file(CREATE_LINK "${CMAKE_SOURCE_DIR}/${folder}" "${root}/${folder}" SYMBOLIC)
  set(${out} "${root}" PARENT_SCOPE)
endfunction()
