#include "runner/sandbox/freezer.hpp"

#include <algorithm>
#include <ctime>
#include <sstream>
#include <vector>

#include "runner/kernel/files.hpp"
#include "runner/kernel/system_error.hpp"

namespace varve::runner {

namespace {

using std::chrono::steady_clock;

void pause_briefly() {
  timespec t{0, 500'000};
  ::nanosleep(&t, nullptr);
}

std::string control_file(const freezer_group& f) {
  return f.group + (f.has_state ? "/freezer.state" : "/cgroup.freeze");
}

result<void> ask(const freezer_group& f, bool frozen) {
  if (f.has_state)
    return write_file(control_file(f), frozen ? "FROZEN" : "THAWED");
  return write_file(control_file(f), frozen ? "1" : "0");
}

// Not on the way there.
bool has_frozen(const freezer_group& f) {
  auto text =
      read_file(f.has_state ? control_file(f) : f.group + "/cgroup.events");
  if (!text)
    return false;
  if (f.has_state)
    return text.value().rfind("FROZEN", 0) == 0;
  return text.value().find("frozen 1") != std::string::npos;
}

bool is_thawed(const freezer_group& f) {
  auto text = read_file(control_file(f));
  if (!text)
    return true; // no group: nothing was ever frozen
  return text.value().rfind(f.has_state ? "THAWED" : "0", 0) == 0;
}

std::vector<pid_t> members(const std::string& group) {
  std::vector<pid_t> out;
  auto text = read_file(group + "/cgroup.procs", 1 << 20);
  if (!text)
    return out;
  std::istringstream in{text.value()};
  for (pid_t pid = 0; in >> pid;)
    out.push_back(pid);
  std::sort(out.begin(), out.end());
  return out;
}

// Children that processes make meanwhile are moved in the next round.
bool moved_all(const cgroups& groups, const std::string& id,
               const freezer_group& f) {
  auto inside = members(f.group);
  bool none_outside = true;
  for (auto pid : groups.processes(id)) {
    if (std::binary_search(inside.begin(), inside.end(), pid))
      continue;
    none_outside = false;
    // One that has ended since cannot be moved, and need not be.
    (void)write_file(f.group + "/cgroup.procs", std::to_string(pid));
  }
  return none_outside;
}

result<void> make_group(const freezer_group& f) {
  auto slash = f.group.rfind('/');
  VARVE_CHECK(make_directory(f.group.substr(0, slash), 0755));
  VARVE_CHECK(make_directory(f.group, 0755));
  return ok();
}

} // namespace

result<void> freeze(const cgroups& groups, const std::string& id,
                    steady_clock::time_point until) {
  auto f = groups.freezer_of(id);
  if (!f)
    return failure(errc::unsupported, "this host cannot freeze processes");
  if (f->moves) {
    VARVE_CHECK(make_group(*f));
  }
  VARVE_CHECK(ask(*f, true));
  while (steady_clock::now() < until) {
    auto inside = !f->moves || moved_all(groups, id, *f);
    if (inside && has_frozen(*f))
      return ok();
    pause_briefly();
  }
  VARVE_CHECK(ask(*f, false));
  return failure(errc::timed_out, "its processes cannot be frozen");
}

result<void> thaw(const cgroups& groups, const std::string& id,
                  steady_clock::time_point until) {
  auto f = groups.freezer_of(id);
  if (!f || !exists(control_file(*f)) || is_thawed(*f))
    return ok();
  VARVE_CHECK(ask(*f, false));
  while (!is_thawed(*f)) {
    if (steady_clock::now() >= until)
      return failure(errc::timed_out, "its processes cannot be thawed");
    pause_briefly();
  }
  return ok();
}

bool is_frozen(const cgroups& groups, const std::string& id) {
  auto f = groups.freezer_of(id);
  return f && !is_thawed(*f);
}

} // namespace varve::runner
