// What an organization's sandboxes take, and what they may take.
#pragma once

#include <cstdint>

#include "events/base/result.hpp"
#include "schemas/organization_generated.h"

namespace varve::organization {

struct amounts {
  std::uint64_t cpu_millis = 0;
  std::uint64_t memory_mib = 0;
  std::uint64_t disk_gib = 0;
  std::uint64_t sandboxes = 0;

  amounts& operator+=(const amounts& other) noexcept;
  amounts& operator-=(const amounts& other) noexcept;
  friend bool operator==(const amounts&, const amounts&) = default;
};

// 0 = no limit.
struct limits {
  std::uint64_t cpu_millis = 0;
  std::uint64_t memory_mib = 0;
  std::uint64_t disk_gib = 0;
  std::uint64_t sandboxes = 0;
  // Of one sandbox.
  std::uint64_t sandbox_cpu_millis = 0;
  std::uint64_t sandbox_memory_mib = 0;
  std::uint64_t sandbox_disk_gib = 0;
  friend bool operator==(const limits&, const limits&) = default;
};

limits limits_of(const schema::Quota& quota) noexcept;
limits limits_of(const schema::QuotaT& quota) noexcept;

// What a sandbox counts for: all while it runs or is about to, its disk when
// stopped, nothing in error and when archived. In rising order.
enum class holding : std::uint8_t { nothing, disk, all };

// Every sandbox counts as one whatever it holds.
amounts counted(const amounts& size, holding held) noexcept;

// quota_exceeded, naming the limit, if `used` and `more` go over one that
// `more` touches.
result<void> fits(const limits& quota, amounts used, const amounts& more);

// The same of what one sandbox asks for; 0 = it asks for no other than it has.
result<void> fits_one(const limits& quota, const amounts& asked);

} // namespace varve::organization
