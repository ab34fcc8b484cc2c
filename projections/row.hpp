// The bytes of a read model's row. Rows are disposable: whoever changes what
// is written raises row_format, and nodes build their read models anew.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "events/base/result.hpp"
#include "schemas/common_generated.h"

namespace varve::projections {

inline constexpr std::uint32_t row_format = 6;

// Appends fields; numbers as LEB128, texts and lists with their length.
class row_writer {
 public:
  row_writer& number(std::uint64_t value);
  row_writer& text(std::string_view value);
  row_writer& bytes(const std::vector<std::uint8_t>& value);
  row_writer& texts(const std::vector<std::string>& values);
  row_writer& pairs(const std::map<std::string, std::string>& values);
  row_writer& resources(const schema::Resources& value);
  // Negative numbers, too.
  row_writer& whole(std::int64_t value);
  row_writer& flag(bool value);

  std::string take() noexcept;

 private:
  std::string out_;
};

// Reads them back in the same order. After bytes that no row_writer made all
// reads answer empty values and finish() fails.
class row_reader {
 public:
  explicit row_reader(std::string_view bytes) noexcept : left_{bytes} {
    // nop
  }

  std::uint64_t number() noexcept;
  std::int64_t whole() noexcept;
  bool flag() noexcept;
  std::string text();
  std::vector<std::uint8_t> bytes();
  std::vector<std::string> texts();
  std::map<std::string, std::string> pairs();
  schema::Resources resources() noexcept;
  template <class Number>
  Number as() noexcept {
    return static_cast<Number>(number());
  }

  // store_failed unless all was read and nothing more.
  result<void> finish() const;

 private:
  std::string_view slice() noexcept;

  std::string_view left_;
  bool broken_ = false;
};

} // namespace varve::projections
