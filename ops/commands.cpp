#include "ops/commands.hpp"

#include <array>
#include <cstdio>
#include <utility>

namespace varve::ops {

namespace {

result<void> version(const options&) {
  std::puts("varve " VARVE_VERSION);
  return ok();
}

} // namespace

command_function find_command(std::string_view verb) noexcept {
  static constexpr std::array<std::pair<std::string_view, command_function>, 11>
      table{{{"serve", serve},
             {"key", key},
             {"organization", organization},
             {"backup", backup},
             {"restore", restore},
             {"projections", projections},
             {"log", log},
             {"replay", replay},
             {"stop-all", stop_all},
             {"purge", purge},
             {"version", version}}};
  for (const auto& [name, run] : table)
    if (name == verb)
      return run;
  return nullptr;
}

} // namespace varve::ops
