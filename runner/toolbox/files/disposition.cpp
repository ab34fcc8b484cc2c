#include "runner/toolbox/files/disposition.hpp"

#include <cstdio>

namespace varve::toolbox::files {

namespace {

// The code point at `i`, which is advanced; bytes that are not UTF-8 count
// as one each.
unsigned next_code_point(std::string_view text, std::size_t& i) {
  auto byte = static_cast<unsigned char>(text[i++]);
  unsigned more = byte >= 0xf0 ? 3 : byte >= 0xe0 ? 2 : byte >= 0xc2 ? 1 : 0;
  if (byte < 0x80 || more == 0 || i + more > text.size())
    return byte;
  unsigned point = byte & (0x3fu >> more);
  for (unsigned k = 0; k < more; ++k)
    point = (point << 6) | (static_cast<unsigned char>(text[i + k]) & 0x3fu);
  i += more;
  return point;
}

std::string latin1(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size();) {
    auto point = next_code_point(text, i);
    if (point == '\r' || point == '\n' || point == 0)
      continue;
    if (point == '"' || point == '\\')
      out += '\\';
    bool is_control = point < 0x20 || (point >= 0x7f && point < 0xa0);
    out += is_control || point > 0xff ? '_' : static_cast<char>(point);
  }
  return out;
}

bool is_plain(char c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z')
         || (c >= 'a' && c <= 'z')
         || std::string_view{"!#$&+-.^_`|~"}.find(c) != std::string_view::npos;
}

std::string percent_encoded(std::string_view text) {
  std::string out;
  for (char c : text) {
    char escape[8];
    std::snprintf(escape, sizeof escape, "%%%02X",
                  static_cast<unsigned>(static_cast<unsigned char>(c)));
    out += is_plain(c) ? std::string(1, c) : std::string{escape};
  }
  return out;
}

} // namespace

std::string disposition(std::string_view kind, std::string_view filename) {
  std::string out{kind};
  out += "; filename=\"" + latin1(filename) + "\"; filename*=utf-8''";
  return out + percent_encoded(filename);
}

} // namespace varve::toolbox::files
