// Identifiers and their making.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "events/base/result.hpp"

namespace varve {

// Fills from getrandom(2); ends the process if the kernel cannot.
void random_bytes(void* out, std::size_t size) noexcept;

// RFC 9562. v4 names aggregates (the wire wants UUIDv4), v7 names records.
struct uuid {
  std::array<std::uint8_t, 16> bytes{};

  static uuid v4() noexcept;
  static uuid v7(std::uint64_t unix_ms) noexcept;
  // Only the canonical 8-4-4-4-12 form, either case.
  static result<uuid> parse(std::string_view text);

  std::string str() const; // lower case
  friend bool operator==(const uuid&, const uuid&) = default;
};

bool is_uuid(std::string_view text) noexcept;

// Lower-case hex of any bytes.
std::string to_hex(const void* data, std::size_t size);

// "dtn_" + 64 hex characters: the form official clients know.
std::string make_api_key();

} // namespace varve
