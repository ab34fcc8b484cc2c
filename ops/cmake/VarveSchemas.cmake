# Generates C++ headers, with object API and reflection names, from one .fbs.
# Released schemas are kept under schemas/released/; a change that could not
# read their bytes fails the build.
find_program(FLATC flatc REQUIRED)

function(varve_schemas target)
  set(out "${CMAKE_BINARY_DIR}/generated/schemas")
  file(MAKE_DIRECTORY "${out}")
  file(GLOB all CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/*.fbs")
  set(headers)
  foreach(schema ${all})
    get_filename_component(base ${schema} NAME_WE)
    set(released "${CMAKE_CURRENT_SOURCE_DIR}/released/${base}.fbs")
    set(conform true)
    if(EXISTS "${released}")
      set(conform ${FLATC} --conform "${released}"
          --conform-includes "${CMAKE_CURRENT_SOURCE_DIR}/released" "${schema}")
    endif()
    add_custom_command(
      OUTPUT "${out}/${base}_generated.h"
      # First: a header newer than its schema would hide a later refusal.
      COMMAND ${conform}
      COMMAND ${FLATC} --cpp --cpp-std c++17 --scoped-enums --gen-object-api
              --gen-mutable --gen-name-strings --reflect-names
              --require-explicit-ids --gen-compare
              -I "${CMAKE_CURRENT_SOURCE_DIR}" -o "${out}" "${schema}"
      DEPENDS ${all}
      VERBATIM)
    list(APPEND headers "${out}/${base}_generated.h")
  endforeach()
  add_custom_target(${target}_generate DEPENDS ${headers})
  add_library(${target} INTERFACE)
  add_dependencies(${target} ${target}_generate)
  target_include_directories(${target} SYSTEM INTERFACE "${CMAKE_BINARY_DIR}/generated")
  target_link_libraries(${target} INTERFACE flatbuffers::flatbuffers_shared)
endfunction()
