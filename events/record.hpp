// A record as it lies on the log, and the place it lies at.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "events/base/clock.hpp"
#include "events/base/result.hpp"
#include "schemas/record_generated.h"

namespace varve::log {

using digest = std::array<std::uint8_t, 32>;

// Fixed by the first record of every partition (LogCreated).
inline constexpr std::uint16_t partition_count = 64;
inline constexpr std::string_view partitioner = "sha256-be64-mod";
inline constexpr std::size_t max_record_bytes = 512 * 1024;

// First eight bytes of SHA-256(id), big endian, modulo partition_count.
std::uint16_t partition_of(std::string_view id) noexcept;

digest sha256(std::span<const std::byte> bytes) noexcept;

// The record's place in its chain: dense, from 0, the same on every back end.
struct position {
  std::uint16_t partition = 0;
  std::uint64_t index = 0;
  friend auto operator<=>(const position&, const position&) = default;
};

// The last record of a partition that counts. Without any: index_next 0 and
// an all-zero hash.
struct chain_head {
  std::uint64_t next_index = 0; // the index the next record must bear
  digest hash{};                // what it must name as prev
  std::uint64_t epoch = 0;
  timestamp time = 0;
  friend bool operator==(const chain_head&, const chain_head&) = default;
};

class record;
using record_ptr = std::shared_ptr<const record>;

// Immutable bytes: hash, then the FlatBuffer. Shared between threads freely.
class record {
 public:
  // Checks size, hash (log_corrupt) and structure (malformed).
  static result<record_ptr> parse(std::vector<std::byte> frame);
  // Packs and hashes; fails only when the record is over max_record_bytes.
  static result<record_ptr> seal(const schema::RecordT& content);

  explicit record(std::vector<std::byte> frame) noexcept;

  const schema::Record& view() const noexcept {
    return *view_;
  }
  const digest& hash() const noexcept {
    return hash_;
  }
  const digest& prev() const noexcept {
    return prev_;
  }
  position at() const noexcept;
  // Whether that request may have made it: one that bears no request's hash
  // may be any one's.
  bool may_be_of(const digest& request) const noexcept;
  std::span<const std::byte> frame() const noexcept {
    return frame_;
  }

 private:
  std::vector<std::byte> frame_;
  digest hash_{};
  digest prev_{};
  const schema::Record* view_ = nullptr;
};

} // namespace varve::log
