#include "runner/sandbox/cgroups.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <ctime>
#include <sstream>

#include <fcntl.h>

#include "runner/kernel/files.hpp"
#include "runner/kernel/process.hpp"
#include "runner/kernel/system_error.hpp"

namespace varve::runner {

namespace {

constexpr std::uint32_t cpu_period_us = 100'000;

// What monitor and PID 1 may use beyond the guest's own limits.
constexpr std::uint64_t reserved_memory = 64 << 20;
constexpr std::uint32_t reserved_pids = 64;
constexpr std::uint32_t reserved_cpu_millis = 500;

cgroup_limits with_reserve(cgroup_limits limits) {
  limits.memory_bytes += reserved_memory;
  limits.pids += reserved_pids;
  limits.cpu_millis += reserved_cpu_millis;
  return limits;
}

std::string quota(const cgroup_limits& limits) {
  return std::to_string(std::uint64_t{limits.cpu_millis} * cpu_period_us
                        / 1000);
}

bool has_word(const std::string& list, const std::string& word) {
  std::istringstream in{list};
  for (std::string item; std::getline(in, item, ',');)
    if (item == word)
      return true;
  return false;
}

struct mount_entry {
  std::string target, type, super_options;
};

// Lines are "id parent dev root TARGET options [tags] - TYPE source SUPER".
std::vector<mount_entry> read_mounts() {
  std::vector<mount_entry> out;
  auto text = read_file("/proc/self/mountinfo", 16 << 20);
  if (!text)
    return out;
  std::istringstream lines{text.value()};
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words{line};
    std::string word;
    mount_entry entry;
    for (int i = 0; i < 5; ++i)
      words >> entry.target;
    while (words >> word && word != "-") {
      // nop
    }
    words >> entry.type >> word >> entry.super_options;
    out.push_back(std::move(entry));
  }
  return out;
}

std::vector<pid_t> read_pids(const std::string& group) {
  std::vector<pid_t> out;
  auto text = read_file(group + "/cgroup.procs");
  if (!text)
    return out;
  std::istringstream in{text.value()};
  for (pid_t pid = 0; in >> pid;)
    out.push_back(pid);
  return out;
}

std::uint64_t read_counter(const std::string& path, const std::string& name) {
  auto text = read_file(path);
  if (!text)
    return 0;
  std::istringstream in{text.value()};
  std::string word;
  for (std::uint64_t value = 0; in >> word >> value;)
    if (word == name)
      return value;
  return 0;
}

void pause_briefly() {
  timespec t{0, 1'000'000};
  ::nanosleep(&t, nullptr);
}

// A group stays busy for a moment after its last process has ended.
result<void> remove_group(const std::string& path) {
  for (int i = 0; i < 2000; ++i) {
    if (::rmdir(path.c_str()) == 0 || errno == ENOENT)
      return ok();
    if (errno != EBUSY)
      break;
    pause_briefly();
  }
  return last_error("remove cgroup " + path);
}

result<void> limit_v2(const std::string& group, const cgroup_limits& l) {
  VARVE_CHECK(
      write_file(group + "/memory.max", std::to_string(l.memory_bytes)));
  if (exists(group + "/memory.swap.max")) {
    VARVE_CHECK(write_file(group + "/memory.swap.max", "0"));
  }
  VARVE_CHECK(write_file(group + "/pids.max", std::to_string(l.pids)));
  return write_file(group + "/cpu.max",
                    quota(l) + " " + std::to_string(cpu_period_us));
}

// Of memory and memory with swap, the larger must be raised first and the
// smaller lowered first: what is refused is tried again after the other.
result<void> limit_memory_v1(const std::string& group,
                             const std::string& bytes) {
  auto with_swap = group + "/memory.memsw.limit_in_bytes";
  auto plain = write_file(group + "/memory.limit_in_bytes", bytes);
  if (exists(with_swap)) {
    VARVE_CHECK(write_file(with_swap, bytes));
  }
  return plain ? plain : write_file(group + "/memory.limit_in_bytes", bytes);
}

// Looks again once the pid cannot change hands any more.
void kill_all(const std::vector<pid_t>& pids, const std::string& group) {
  for (auto pid : pids) {
    auto id = identify(pid);
    if (!id)
      continue;
    auto fd = open_process(id.value());
    auto groups = read_file("/proc/" + std::to_string(pid) + "/cgroup");
    if (fd && groups && groups.value().find(group) != std::string::npos)
      signal_process(fd.value().get(), SIGKILL);
  }
}

} // namespace

result<cgroups> cgroups::open(const std::string& name,
                              const std::string& run_sandboxes) {
  cgroups out;
  out.name_ = name;
  out.aliases_ = run_sandboxes;
  auto mounts = read_mounts();
  for (auto& m : mounts)
    if (m.type == "cgroup" || m.type == "cgroup2")
      out.roots_.push_back(m.target);
  for (auto* controller : {"memory", "cpu", "pids"})
    for (auto& m : mounts)
      if (m.type == "cgroup" && has_word(m.super_options, controller)) {
        out.hierarchies_.push_back({m.target, controller});
        break;
      }
  for (auto& m : mounts)
    if (m.type == "cgroup" && has_word(m.super_options, "freezer")) {
      out.freezer_root_ = m.target;
      out.freezer_has_state_ = true;
    }
  if (out.hierarchies_.empty()) {
    out.unified_ = true;
    for (auto& m : mounts)
      if (m.type == "cgroup2" && out.hierarchies_.empty())
        out.hierarchies_.push_back({m.target, ""});
  }
  if (out.hierarchies_.size() != (out.unified_ ? 1u : 3u))
    return failure(errc::unsupported,
                   "no cgroups with memory, cpu and pids on this host");
  // Without a freezer of v1 that of a v2 beside it will do.
  for (auto& m : mounts)
    if (m.type == "cgroup2" && !out.unified_ && out.freezer_root_.empty())
      out.freezer_root_ = m.target;
  for (auto& h : out.hierarchies_) {
    if (out.unified_) {
      VARVE_CHECK(
          write_file(h.root + "/cgroup.subtree_control", "+memory +cpu +pids"));
    }
    VARVE_CHECK(make_directory(h.root + "/" + name, 0755));
    if (out.unified_) {
      VARVE_CHECK(write_file(h.root + "/" + name + "/cgroup.subtree_control",
                             "+memory +cpu +pids"));
    }
  }
  return out;
}

result<void> cgroups::limit_v1(const hierarchy& h, const std::string& group,
                               const cgroup_limits& limits) const {
  if (h.controller == "memory")
    return limit_memory_v1(group, std::to_string(limits.memory_bytes));
  if (h.controller == "pids")
    return write_file(group + "/pids.max", std::to_string(limits.pids));
  VARVE_CHECK(
      write_file(group + "/cpu.cfs_period_us", std::to_string(cpu_period_us)));
  return write_file(group + "/cpu.cfs_quota_us", quota(limits));
}

// The group as a whole gets its reserve before the guest's share grows, and
// loses it after that has shrunk.
result<void> cgroups::set_limits(const std::string& id,
                                 const cgroup_limits& limits) const {
  for (auto& h : hierarchies_) {
    auto top = base(h, id);
    auto set = [&](const std::string& group, const cgroup_limits& l) {
      return unified_ ? limit_v2(group, l) : limit_v1(h, group, l);
    };
    // Refused on v1 while a child has more; the second time it fits.
    auto first = set(top, with_reserve(limits));
    auto guest = set(top + "/guest", limits);
    if (!first || !guest) {
      VARVE_CHECK(set(top, with_reserve(limits)));
      VARVE_CHECK(set(top + "/guest", limits));
    }
  }
  return ok();
}

result<void> cgroups::make_groups(const std::string& id) const {
  for (auto& h : hierarchies_) {
    auto top = base(h, id);
    VARVE_CHECK(make_directory(top, 0755));
    if (unified_) {
      VARVE_CHECK(
          write_file(top + "/cgroup.subtree_control", "+memory +cpu +pids"));
    }
    VARVE_CHECK(make_directory(top + "/init", 0755));
    VARVE_CHECK(make_directory(top + "/guest", 0755));
  }
  return ok();
}

result<void> cgroups::create(const std::string& id,
                             const cgroup_limits& limits) const {
  VARVE_CHECK(make_groups(id));
  return set_limits(id, limits);
}

std::optional<freezer_group> cgroups::freezer_of(const std::string& id) const {
  if (unified_)
    return freezer_group{base(hierarchies_[0], id), false, false};
  if (freezer_root_.empty())
    return std::nullopt;
  return freezer_group{freezer_root_ + "/" + path_of(id), freezer_has_state_,
                       true};
}

result<std::vector<unique_fd>> cgroups::open_procs(const std::string& id,
                                                   const char* group) const {
  std::vector<unique_fd> out;
  for (auto& h : hierarchies_) {
    auto path = base(h, id) + "/" + group + "/cgroup.procs";
    unique_fd fd{::open(path.c_str(), O_WRONLY | O_CLOEXEC)};
    if (!fd)
      return last_error("open " + path);
    out.push_back(std::move(fd));
  }
  return out;
}

result<std::vector<unique_fd>> cgroups::open_init(const std::string& id) const {
  return open_procs(id, "init");
}

result<std::vector<unique_fd>>
cgroups::open_guest(const std::string& id) const {
  return open_procs(id, "guest");
}

std::vector<cgroups::guest_group>
cgroups::guest_groups(const std::string& id) const {
  std::vector<guest_group> out;
  for (auto& h : hierarchies_)
    out.push_back({h.controller, base(h, id) + "/guest"});
  return out;
}

std::vector<pid_t> cgroups::processes(const std::string& id) const {
  std::vector<pid_t> out;
  for (auto& h : hierarchies_)
    for (auto* group : {"", "/init", "/guest"})
      for (auto pid : read_pids(base(h, id) + group))
        out.push_back(pid);
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

std::uint64_t cgroups::oom_kills(const std::string& id) const {
  return oom_kills_in(id, "/init");
}

std::uint64_t cgroups::guest_oom_kills(const std::string& id) const {
  return oom_kills_in(id, "/guest");
}

std::uint64_t cgroups::oom_kills_in(const std::string& id,
                                    const char* group) const {
  auto* file = unified_ ? "/memory.events" : "/memory.oom_control";
  std::uint64_t sum = 0;
  for (auto& h : hierarchies_)
    if (unified_ || h.controller == "memory")
      sum += read_counter(base(h, id) + group + file, "oom_kill");
  return sum;
}

std::uint64_t cgroups::memory_used(const std::string& id) const {
  auto* file = unified_ ? "/memory.current" : "/memory.usage_in_bytes";
  for (auto& h : hierarchies_)
    if (unified_ || h.controller == "memory")
      if (auto text = read_file(base(h, id) + file))
        return std::strtoull(text.value().c_str(), nullptr, 10);
  return 0;
}

result<void> cgroups::end_processes(const std::string& id) const {
  for (int i = 0; i < 5000; ++i) {
    auto left = processes(id);
    if (left.empty())
      return ok();
    kill_all(left, "/" + path_of(id));
    pause_briefly();
  }
  return failure(errc::timed_out, "processes of the sandbox do not end");
}

result<void> cgroups::remove(const std::string& id) const {
  for (auto& root : roots_)
    for (auto* group : {"/init", "/guest", ""}) {
      VARVE_CHECK(remove_group(root + "/" + path_of(id) + group));
    }
  return ok();
}

std::vector<std::string> cgroups::list() const {
  std::vector<std::string> out;
  for (auto& root : roots_) {
    auto own = root + "/" + name_;
    auto names = list_directory(own);
    if (!names)
      continue;
    for (auto& name : names.value())
      if (exists(own + "/" + name + "/cgroup.procs"))
        out.push_back(name);
  }
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

result<void> cgroups::remove_all() const {
  for (auto& root : roots_) {
    VARVE_CHECK(remove_group(root + "/" + name_));
  }
  return ok();
}

} // namespace varve::runner
