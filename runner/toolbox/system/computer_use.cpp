#include "runner/toolbox/system/computer_use.hpp"

#include <algorithm>

namespace varve::toolbox {

namespace {

constexpr std::string_view routes[] = {
    "POST /computeruse/start",
    "POST /computeruse/stop",
    "GET /computeruse/status",
    "GET /computeruse/process-status",
    "GET /computeruse/process/{processName}/status",
    "GET /computeruse/process/{processName}/logs",
    "GET /computeruse/process/{processName}/errors",
    "POST /computeruse/process/{processName}/restart",
    "GET /computeruse/screenshot",
    "GET /computeruse/screenshot/region",
    "GET /computeruse/screenshot/compressed",
    "GET /computeruse/screenshot/region/compressed",
    "GET /computeruse/mouse/position",
    "POST /computeruse/mouse/move",
    "POST /computeruse/mouse/click",
    "POST /computeruse/mouse/drag",
    "POST /computeruse/mouse/scroll",
    "POST /computeruse/mouse/down",
    "POST /computeruse/mouse/up",
    "POST /computeruse/keyboard/type",
    "POST /computeruse/keyboard/key",
    "POST /computeruse/keyboard/hotkey",
    "POST /computeruse/keyboard/down",
    "POST /computeruse/keyboard/up",
    "GET /computeruse/display/info",
    "GET /computeruse/display/windows",
    "GET /computeruse/a11y/tree",
    "POST /computeruse/a11y/find",
    "POST /computeruse/a11y/node/focus",
    "POST /computeruse/a11y/node/invoke",
    "POST /computeruse/a11y/node/value",
    "POST /computeruse/recordings/start",
    "POST /computeruse/recordings/stop",
    "GET /computeruse/recordings",
    "GET /computeruse/recordings/{id}",
    "GET /computeruse/recordings/{id}/download",
    "DELETE /computeruse/recordings/{id}",
};

// Takes the first segment, with its slash, from a path.
std::string_view segment(std::string_view& path) {
  auto out = path.substr(0, path.find('/', 1));
  path.remove_prefix(out.size());
  return out;
}

bool fits(std::string_view pattern, std::string_view path) {
  while (!pattern.empty() && !path.empty()) {
    auto wanted = segment(pattern);
    auto given = segment(path);
    bool any = wanted.starts_with("/{") && given.size() > 1;
    if (!any && wanted != given)
      return false;
  }
  return pattern.empty() && path.empty();
}

} // namespace

std::string_view computer_use_route(std::string_view method,
                                    std::string_view path) {
  for (auto one : routes) {
    auto space = one.find(' ');
    if (one.substr(0, space) == method && fits(one.substr(space + 1), path))
      return one;
  }
  return {};
}

} // namespace varve::toolbox
