# Compiler settings shared by every target of ours.
option(VARVE_SANITIZE "Build with AddressSanitizer and UBSan" OFF)

find_program(CCACHE ccache)
if(CCACHE)
  # Relative paths, so that several checkouts share one cache.
  set(CMAKE_CXX_COMPILER_LAUNCHER
      ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${CMAKE_SOURCE_DIR}
      CCACHE_NOHASHDIR=1 CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
      ${CCACHE})
endif()

add_library(varve_options INTERFACE)
target_compile_options(varve_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wswitch-enum -Werror
  -fstack-protector-strong)
target_compile_definitions(varve_options INTERFACE
  BOOST_ASIO_SEPARATE_COMPILATION BOOST_BEAST_SEPARATE_COMPILATION
  BOOST_ASIO_NO_DEPRECATED VARVE_VERSION="${PROJECT_VERSION}")
if(VARVE_SANITIZE)
  # UBSan's null check trips inside CAF's init_fun_factory.
  set(VARVE_SANITIZE_FLAGS -fsanitize=address,undefined -fno-sanitize=null
      -fno-sanitize-recover=all -fno-omit-frame-pointer)
  # g++ 12 warns of moved-from variants when it instruments them.
  target_compile_options(varve_options INTERFACE ${VARVE_SANITIZE_FLAGS}
                         -Wno-maybe-uninitialized)
  target_link_options(varve_options INTERFACE ${VARVE_SANITIZE_FLAGS})
endif()
