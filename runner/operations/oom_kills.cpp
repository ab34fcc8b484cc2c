#include "runner/operations/oom_kills.hpp"

#include <cstdlib>
#include <ctime>
#include <string>
#include <utility>

#include <sys/stat.h>

#include "events/base/logging.hpp"
#include "runner/kernel/files.hpp"
#include "runner/sandbox/kernel_log.hpp"

namespace varve::runner {

namespace {

constexpr std::time_t pause_between = 30; // seconds
constexpr int killed = 128 + 9;

// Goes with the sandbox's processes, as the kernel's own count does.
std::string told_file(const layout& where, const std::string& id) {
  return where.run_sandbox(id) + "/oom_kills_told";
}

} // namespace

bool oom_kills::is_news(const std::string& id) const {
  auto count = host_.groups.guest_oom_kills(id);
  if (count == 0)
    return false;
  auto file = told_file(host_.where, id);
  struct stat s {};
  if (::stat(file.c_str(), &s) == 0) {
    auto told = read_file(file);
    if (std::time(nullptr) - s.st_mtime < pause_between
        || (told && count <= std::strtoull(told.value().c_str(), nullptr, 10)))
      return false;
  }
  return write_file(file, std::to_string(count)).has_value();
}

std::vector<schema::ObservationT> oom_kills::look() {
  std::lock_guard lock{guard_};
  std::vector<schema::ObservationT> out;
  for (const auto& it : book_.sandboxes()) {
    if (it.present != schema::Present::Running || !is_news(it.sandbox_id))
      continue;
    schema::ObservationT seen;
    seen.sandbox_id = it.sandbox_id;
    seen.present = schema::Present::Running;
    seen.cause = schema::Cause::OutOfMemory;
    seen.detail =
        last_oom_victim("/" + host_.where.cgroup(it.sandbox_id) + "/guest");
    seen.exit_code = killed;
    if (auto noted = book_.remark(std::move(seen)))
      out.push_back(std::move(noted.value()));
    else
      log_failure("runner", it.sandbox_id + ": " + noted.error().detail);
  }
  return out;
}

} // namespace varve::runner
