# varve_test(<name> LABEL <group> SOURCES ... DEPENDS layers...)
#
# One Catch2 executable, registered with ctest under its group's label.
# A file that includes no main of its own is linked against Debian's
# libCatch2WithMain, which saves compiling Catch's main.
function(varve_test name)
  cmake_parse_arguments(T "" "LABEL;TIMEOUT" "SOURCES;DEPENDS;EXTERNAL" ${ARGN})
  add_executable(${name} ${T_SOURCES})
  foreach(dependency ${T_DEPENDS})
    target_link_libraries(${name} PRIVATE varve_${dependency})
  endforeach()
  target_link_libraries(${name} PRIVATE varve_options ${T_EXTERNAL} Catch2WithMain)
  varve_include_root(root tests tests)
  target_include_directories(${name} PRIVATE ${root})
  add_test(NAME ${name} COMMAND ${name})
  if(NOT T_TIMEOUT)
    set(T_TIMEOUT 120)
  endif()
  if(VARVE_SANITIZE)
    math(EXPR T_TIMEOUT "${T_TIMEOUT} * 3")
  endif()
  set_tests_properties(${name} PROPERTIES LABELS "${T_LABEL}" TIMEOUT ${T_TIMEOUT})
endfunction()
