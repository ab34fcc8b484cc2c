#include "runner/operations/crash_point.hpp"

#include <cstdlib>
#include <ctime>

#include <unistd.h>

#include "runner/operations/file_steps.hpp"
#include "runner/operations/steps.hpp"

namespace varve::runner {

namespace {

void hold(const std::string& file) noexcept {
  constexpr timespec briefly{0, 10'000'000};
  constexpr int most = 12'000;
  for (int i = 0; i < most && ::access(file.c_str(), F_OK) == 0; ++i)
    ::nanosleep(&briefly, nullptr);
}

} // namespace

void crash_point(std::string_view operation, std::string_view step) noexcept {
  static const char* wanted = std::getenv("VARVE_CRASH_AT");
  static const char* holding = std::getenv("VARVE_HOLD_DIR");
  if (wanted == nullptr && holding == nullptr)
    return;
  auto here = std::string{operation} + "." + std::string{step};
  if (wanted != nullptr && here == wanted)
    ::_exit(137);
  if (holding != nullptr)
    hold(std::string{holding} + "/" + here);
}

std::vector<std::string> crash_points() {
  using kind = schema::OperationKind;
  std::vector<std::string> out;
  auto add = [&](const std::string& name,
                 std::initializer_list<std::span<const step>> parts) {
    out.push_back(name + ".admitted");
    out.push_back(name + ".begun");
    for (auto steps : parts)
      for (auto& step : steps)
        out.push_back(name + "." + step.name);
    out.push_back(name + ".finished");
  };
  for (auto k : {kind::Create, kind::Start, kind::Stop, kind::Destroy,
                 kind::Pause, kind::Resume, kind::Adjust, kind::Archive})
    add(std::string{name_of(k)}, {steps_of(k)});
  add("fork", {fork_file_steps(), start_steps()});
  add("restore", {restore_file_steps(), start_steps()});
  out.push_back("restore.dropped");
  return out;
}

} // namespace varve::runner
