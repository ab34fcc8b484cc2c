# varve_git: Debian's libgit2 and what it is made of, as archives. Its Kerberos
# symbols are the toolbox's own (runner/toolbox/git/no_kerberos.cpp).
find_path(GIT2_INCLUDE_DIR git2.h REQUIRED)
set(VARVE_GIT_ARCHIVES)
foreach(name git2 mbedtls mbedx509 mbedcrypto http_parser ssh2 ssl crypto
        pcre2-8 z)
  find_library(GIT_ARCHIVE_${name} lib${name}.a REQUIRED)
  list(APPEND VARVE_GIT_ARCHIVES ${GIT_ARCHIVE_${name}})
endforeach()
# After the archive that wants it.
add_library(varve_no_kerberos STATIC
  "${CMAKE_SOURCE_DIR}/runner/toolbox/git/no_kerberos.cpp")
target_link_libraries(varve_no_kerberos PRIVATE varve_options)
add_library(varve_git INTERFACE)
target_include_directories(varve_git SYSTEM INTERFACE ${GIT2_INCLUDE_DIR})
target_link_libraries(varve_git INTERFACE
  ${VARVE_GIT_ARCHIVES} varve_no_kerberos)

# Debian's bundle of certificate authorities as a file of the build tree, which
# SOURCE holds as VARVE_CERTIFICATES. What the building machine trusts besides
# is none of a sandbox's business.
function(varve_embed_certificates source)
  file(GLOB all CONFIGURE_DEPENDS /usr/share/ca-certificates/mozilla/*.crt)
  list(LENGTH all count)
  if(count LESS 50)
    message(FATAL_ERROR "the package ca-certificates is not installed")
  endif()
  list(SORT all)
  set(bundle "${CMAKE_BINARY_DIR}/generated/certificates.pem")
  set(text)
  foreach(one ${all})
    file(READ "${one}" pem)
    string(APPEND text "${pem}\n")
  endforeach()
  file(CONFIGURE OUTPUT "${bundle}" CONTENT "@text@" @ONLY)
  set_source_files_properties(${source} PROPERTIES
    COMPILE_DEFINITIONS "VARVE_CERTIFICATES=\"${bundle}\""
    OBJECT_DEPENDS "${bundle}")
endfunction()
