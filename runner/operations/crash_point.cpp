#include "runner/operations/crash_point.hpp"

#include <cstdlib>

#include <unistd.h>

#include "runner/operations/steps.hpp"

namespace varve::runner {

void crash_point(std::string_view operation, std::string_view step) noexcept {
  static const char* wanted = std::getenv("VARVE_CRASH_AT");
  if (wanted == nullptr)
    return;
  std::string_view w{wanted};
  if (w.size() == operation.size() + 1 + step.size()
      && w.substr(0, operation.size()) == operation
      && w[operation.size()] == '.' && w.substr(operation.size() + 1) == step)
    ::_exit(137);
}

std::vector<std::string> crash_points() {
  using kind = schema::OperationKind;
  std::vector<std::string> out;
  for (auto k : {kind::Create, kind::Start, kind::Stop, kind::Destroy}) {
    std::string name{name_of(k)};
    out.push_back(name + ".admitted");
    out.push_back(name + ".begun");
    for (auto& step : steps_of(k))
      out.push_back(name + "." + step.name);
    out.push_back(name + ".finished");
  }
  return out;
}

} // namespace varve::runner
