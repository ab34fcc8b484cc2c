// Bodies name what starts a command; nothing is started here.
#include <cstdlib>

#include "runner/toolbox/launch.hpp"

namespace varve::toolbox {

using arguments = std::vector<std::string>;

start_failure start_shell(const command&, std::string_view) {
  std::abort();
}
start_failure start_python(const command&, std::string_view, const arguments&) {
  std::abort();
}
start_failure start_javascript(const command&, std::string_view,
                               const arguments&) {
  std::abort();
}
start_failure start_typescript(const command&, std::string_view,
                               const arguments&) {
  std::abort();
}

} // namespace varve::toolbox
