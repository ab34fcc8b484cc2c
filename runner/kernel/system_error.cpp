#include "runner/kernel/system_error.hpp"

#include <cerrno>
#include <system_error>

namespace varve::runner {

error system_error(std::string_view what, int number) {
  std::string detail{what};
  detail += ": ";
  detail += std::generic_category().message(number);
  return error{errc::io, std::move(detail)};
}

error last_error(std::string_view what) {
  return system_error(what, errno);
}

} // namespace varve::runner
