// Boost.JSON compiled with the parsers that use it, so that the fuzzer sees
// into it.
#include <boost/json/src.hpp>
