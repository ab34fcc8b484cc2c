# varve_asio: the out-of-line parts of Boost.Asio and Boost.Beast, without TLS.
add_library(varve_asio STATIC "${CMAKE_SOURCE_DIR}/ops/cmake/asio_sources.cpp")
target_link_libraries(varve_asio PRIVATE varve_options PUBLIC Boost::headers Threads::Threads)
target_compile_definitions(varve_asio PUBLIC
  BOOST_ASIO_SEPARATE_COMPILATION BOOST_BEAST_SEPARATE_COMPILATION
  BOOST_ASIO_NO_DEPRECATED)
# GCC 12 does not see that Asio's coroutine frames allocate and free as a pair
# once it inlines them.
target_compile_options(varve_asio PUBLIC -Wno-mismatched-new-delete)
