// Boost.Asio and Boost.Beast, compiled once for everybody (separate
// compilation is defined in VarveOptions.cmake).
#include <boost/asio/impl/src.hpp>
#include <boost/beast/src.hpp>
