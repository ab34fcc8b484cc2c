// Row keys whose byte order is the order of their parts, one after another.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace varve::projections {

// key{'n'}.text("org").text("name").rest("id"): compares as the tuple does,
// and no text can run into the next part.
class key {
 public:
  explicit key(char table) {
    out_.reserve(128);
    out_ += table;
  }
  // Goes on from a key's beginning.
  explicit key(std::string begun) noexcept : out_{std::move(begun)} {
    // nop
  }

  // A text with a terminator below every byte a longer text could go on with.
  key& text(std::string_view part);
  // Big endian.
  key& number(std::uint64_t part);
  // The last part, as it is.
  key& rest(std::string_view part) {
    out_ += part;
    return *this;
  }

  std::string take() noexcept {
    return std::move(out_);
  }

 private:
  std::string out_;
};

// Takes parts off the front of a key; false when it holds no such part.
bool take_text(std::string_view& from, std::string& part);
bool take_number(std::string_view& from, std::uint64_t& part) noexcept;

// The first key that is above all that begin with `prefix`; empty = none.
std::string after_prefix(std::string_view prefix);

} // namespace varve::projections
