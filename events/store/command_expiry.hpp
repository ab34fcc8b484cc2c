// Forgets commands 24 h (by the log's own time) after they were recorded.
#pragma once

#include <chrono>
#include <memory>

#include <rocksdb/compaction_filter.h>

#include "events/store/store_families.hpp"

namespace varve::log {

inline constexpr timestamp command_lifetime =
    std::chrono::milliseconds{std::chrono::hours{24}}.count();

inline bool is_expired(timestamp recorded, timestamp newest) noexcept {
  return newest > command_lifetime && recorded < newest - command_lifetime;
}

std::shared_ptr<rocksdb::CompactionFilterFactory>
command_expiry(newest_time newest);

} // namespace varve::log
