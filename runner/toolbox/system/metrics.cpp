#include "runner/toolbox/system/metrics.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <thread>

#include <dirent.h>
#include <sys/statvfs.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include "events/base/clock.hpp"
#include "runner/toolbox/json_text.hpp"
#include "runner/toolbox/system/kernel_file.hpp"

namespace varve::toolbox {

namespace {

using std::chrono::steady_clock;

constexpr const char* groups = "/sys/fs/cgroup";
// Two periods of the kernel's processor quota.
constexpr auto sample_time = std::chrono::milliseconds{200};

bool is_unified(const std::string& root) {
  return ::access((root + "/cgroup.controllers").c_str(), F_OK) == 0;
}

std::uint64_t machine_memory() {
  struct sysinfo all {};
  ::sysinfo(&all);
  return static_cast<std::uint64_t>(all.totalram) * all.mem_unit;
}

double machine_processors() {
  return static_cast<double>(std::max(1L, ::sysconf(_SC_NPROCESSORS_ONLN)));
}

// Clock ticks in "pid (name) state ...": fields 14 to 17, what the process
// used itself and what its collected children used.
std::uint64_t ticks_of(const std::string& stat) {
  auto name_end = stat.rfind(')');
  unsigned long long own = 0, own_system = 0;
  long long children = 0, children_system = 0;
  if (name_end == std::string::npos
      || std::sscanf(stat.c_str() + name_end + 1,
                     " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu "
                     "%lld %lld",
                     &own, &own_system, &children, &children_system)
             != 4)
    return 0;
  return own + own_system + static_cast<std::uint64_t>(children)
         + static_cast<std::uint64_t>(children_system);
}

// Where the group's time is not to be seen: of all processes. Those that end
// meanwhile are still in what their parent collected.
std::uint64_t all_processes_nanoseconds() {
  DIR* folder = ::opendir("/proc");
  if (folder == nullptr)
    return 0;
  std::uint64_t ticks = 0;
  while (const auto* entry = ::readdir(folder))
    if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9')
      ticks +=
          ticks_of(kernel_text(std::string{"/proc/"} + entry->d_name + "/stat")
                       .value_or(""));
  ::closedir(folder);
  return ticks * 1'000'000'000
         / static_cast<std::uint64_t>(::sysconf(_SC_CLK_TCK));
}

std::uint64_t processor_nanoseconds() {
  auto counted = read_processor_nanoseconds(groups);
  return counted ? *counted : all_processes_nanoseconds();
}

// In processors, over the sample time.
double processor_use() {
  auto began = steady_clock::now();
  auto before = processor_nanoseconds();
  std::this_thread::sleep_for(sample_time);
  auto after = processor_nanoseconds();
  std::chrono::duration<double, std::nano> took = steady_clock::now() - began;
  return after > before ? static_cast<double>(after - before) / took.count()
                        : 0.0;
}

std::string member(const char* name, std::uint64_t value) {
  return std::string{",\""} + name + "\":" + std::to_string(value);
}

std::string disk_members(const std::string& folder) {
  struct statvfs fs {};
  if (::statvfs(folder.c_str(), &fs) != 0)
    fs = {};
  std::uint64_t block = fs.f_frsize;
  return member("diskTotal", fs.f_blocks * block)
         + member("diskUsed", (fs.f_blocks - fs.f_bfree) * block)
         + member("diskFree", fs.f_bavail * block);
}

} // namespace

memory_use read_memory(const std::string& root) {
  bool v2 = is_unified(root);
  auto group = v2 ? root + "/memory." : root + "/memory/memory.";
  auto charged = kernel_number(group + (v2 ? "current" : "usage_in_bytes"));
  auto limit = kernel_number(group + (v2 ? "max" : "limit_in_bytes"));
  auto cache = kernel_member(group + "stat", v2 ? "file" : "total_cache");
  memory_use out;
  out.total = std::min(limit.value_or(~std::uint64_t{0}), machine_memory());
  out.cache = std::min(cache.value_or(0), charged.value_or(0));
  out.used = charged.value_or(0) - out.cache;
  return out;
}

std::optional<double> read_processor_limit(const std::string& root) {
  std::optional<std::uint64_t> quota;
  std::optional<std::uint64_t> period;
  if (is_unified(root)) {
    auto text = kernel_text(root + "/cpu.max").value_or("");
    unsigned long long values[2] = {};
    if (std::sscanf(text.c_str(), "%llu %llu", &values[0], &values[1]) == 2) {
      quota = values[0];
      period = values[1];
    }
  } else {
    quota = kernel_number(root + "/cpu/cpu.cfs_quota_us");
    period = kernel_number(root + "/cpu/cpu.cfs_period_us");
  }
  if (!quota || !period || *quota == 0 || *period == 0)
    return std::nullopt;
  return static_cast<double>(*quota) / static_cast<double>(*period);
}

std::optional<std::uint64_t>
read_processor_nanoseconds(const std::string& root) {
  if (auto used = kernel_member(root + "/cpu.stat", "usage_usec"))
    return *used * 1000;
  for (const char* controller : {"/cpuacct", "/cpu"})
    if (auto used = kernel_number(root + controller + "/cpuacct.usage"))
      return used;
  return std::nullopt;
}

void system_metrics(exchange& ex) {
  auto processors = read_processor_limit(groups).value_or(machine_processors());
  auto percent = processor_use() * 100 / processors;
  auto memory = read_memory(groups);
  auto now = system_clock{}.now();
  char text[96];
  std::snprintf(text, sizeof text, "{\"cpuCount\":%.0f,\"cpuUsedPct\":%.2f",
                std::ceil(processors), percent);
  std::string out{text};
  out += member("memTotal", memory.total) + member("memUsed", memory.used)
         + member("memCache", memory.cache)
         + disk_members(ex.sandbox().workdir);
  out += ",\"timestamp\":" + json_string(to_iso8601(now));
  out += member("timestampUnix", now / 1000);
  ex.answer(json_response(200, out + "}"));
}

} // namespace varve::toolbox
