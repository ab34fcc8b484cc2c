#include "actors/organization/usage.hpp"

#include <cstdio>
#include <string>
#include <string_view>

namespace varve::organization {

amounts& amounts::operator+=(const amounts& other) noexcept {
  cpu_millis += other.cpu_millis;
  memory_mib += other.memory_mib;
  disk_gib += other.disk_gib;
  sandboxes += other.sandboxes;
  return *this;
}

amounts& amounts::operator-=(const amounts& other) noexcept {
  cpu_millis -= other.cpu_millis;
  memory_mib -= other.memory_mib;
  disk_gib -= other.disk_gib;
  sandboxes -= other.sandboxes;
  return *this;
}

limits limits_of(const schema::Quota& quota) noexcept {
  return {quota.cpu_millis(),         quota.memory_mib(),
          quota.disk_gib(),           quota.sandboxes(),
          quota.sandbox_cpu_millis(), quota.sandbox_memory_mib(),
          quota.sandbox_disk_gib()};
}

limits limits_of(const schema::QuotaT& quota) noexcept {
  return {quota.cpu_millis,         quota.memory_mib,
          quota.disk_gib,           quota.sandboxes,
          quota.sandbox_cpu_millis, quota.sandbox_memory_mib,
          quota.sandbox_disk_gib};
}

amounts counted(const amounts& size, holding held) noexcept {
  switch (held) {
  case holding::all:
    return size;
  case holding::disk:
    return {0, 0, size.disk_gib, size.sandboxes};
  case holding::nothing:
    return {0, 0, 0, size.sandboxes};
  }
  return size;
}

namespace {

// "4", "2.5"
std::string shown(std::uint64_t value, std::uint64_t unit) {
  char out[32];
  std::snprintf(out, sizeof out, "%g",
                static_cast<double>(value) / static_cast<double>(unit));
  return out;
}

bool over(std::uint64_t limit, std::uint64_t used,
          std::uint64_t more) noexcept {
  return limit != 0 && more != 0 && used + more > limit;
}

// "CPU request 5 exceeds maximum allowed per sandbox (4)."
result<void> within(std::string_view what, std::uint64_t limit,
                    std::uint64_t asked, std::uint64_t unit,
                    std::string_view suffix) {
  if (limit == 0 || asked <= limit)
    return ok();
  std::string text{what};
  text += " request " + shown(asked, unit);
  text += suffix;
  text += " exceeds maximum allowed per sandbox (" + shown(limit, unit);
  text += suffix;
  return failure(errc::quota_exceeded, text + ").");
}

} // namespace

result<void> fits(const limits& quota, amounts used, const amounts& more) {
  if (over(quota.cpu_millis, used.cpu_millis, more.cpu_millis))
    return failure(errc::quota_exceeded,
                   "Total CPU limit exceeded. Maximum allowed: "
                       + shown(quota.cpu_millis, 1000) + ".");
  if (over(quota.memory_mib, used.memory_mib, more.memory_mib))
    return failure(errc::quota_exceeded,
                   "Total memory limit exceeded. Maximum allowed: "
                       + shown(quota.memory_mib, 1024) + "GiB.");
  if (over(quota.disk_gib, used.disk_gib, more.disk_gib))
    return failure(errc::quota_exceeded,
                   "Total disk limit exceeded. Maximum allowed: "
                       + shown(quota.disk_gib, 1) + "GiB.");
  if (over(quota.sandboxes, used.sandboxes, more.sandboxes))
    return failure(errc::quota_exceeded,
                   "Total sandbox limit exceeded. Maximum allowed: "
                       + shown(quota.sandboxes, 1) + ".");
  return ok();
}

result<void> fits_one(const limits& quota, const amounts& asked) {
  VARVE_CHECK(
      within("CPU", quota.sandbox_cpu_millis, asked.cpu_millis, 1000, ""));
  VARVE_CHECK(
      within("Memory", quota.sandbox_memory_mib, asked.memory_mib, 1024, "GB"));
  return within("Disk", quota.sandbox_disk_gib, asked.disk_gib, 1, "GB");
}

} // namespace varve::organization
