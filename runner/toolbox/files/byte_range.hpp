// The Range header of a download (RFC 9110, section 14).
#pragma once

#include <cstdint>
#include <string_view>

namespace varve::toolbox::files {

enum class range_kind {
  whole,        // no range, one that is malformed, or several: all is sent
  part,         // first..first+length-1
  unsatisfiable // 416
};

struct byte_range {
  range_kind kind = range_kind::whole;
  std::uint64_t first = 0;
  std::uint64_t length = 0;
};

byte_range parse_range(std::string_view header, std::uint64_t size);

} // namespace varve::toolbox::files
