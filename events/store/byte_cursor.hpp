// Takes numbers and strings off the front of RocksDB's own encodings, without
// trusting them: after one read past the end it stays failed.
#pragma once

#include <cstdint>
#include <string_view>

namespace varve::log {

class byte_cursor {
 public:
  explicit byte_cursor(std::string_view bytes) noexcept : rest_(bytes) {
    // nop
  }

  bool ok() const noexcept {
    return ok_;
  }
  bool at_end() const noexcept {
    return rest_.empty();
  }

  std::uint8_t byte() noexcept {
    auto taken = take(1);
    return taken.empty() ? std::uint8_t{0}
                         : static_cast<std::uint8_t>(taken[0]);
  }
  std::uint64_t varint() noexcept {
    std::uint64_t out = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      auto part = byte();
      out |= std::uint64_t{part & 0x7fu} << shift;
      if (part < 0x80)
        return out;
    }
    ok_ = false;
    return 0;
  }
  // Preceded by its length.
  std::string_view string() noexcept {
    return take(varint());
  }

 private:
  std::string_view take(std::uint64_t size) noexcept {
    if (!ok_ || size > rest_.size()) {
      ok_ = false;
      rest_ = {};
      return {};
    }
    auto out = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return out;
  }

  std::string_view rest_;
  bool ok_ = true;
};

} // namespace varve::log
