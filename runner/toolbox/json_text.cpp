#include "runner/toolbox/json_text.hpp"

namespace varve::toolbox {

namespace {

constexpr std::string_view replacement = "\xef\xbf\xbd";

// How many bytes a character with this first byte has; 0: not a first byte.
unsigned width_of(unsigned char first) {
  if (first < 0x80)
    return 1;
  if (first >= 0xc2 && first <= 0xdf)
    return 2;
  if (first >= 0xe0 && first <= 0xef)
    return 3;
  if (first >= 0xf0 && first <= 0xf4)
    return 4;
  return 0;
}

// Whether `byte` may stand at `place` (from 1) behind `first`: no overlong
// forms, no surrogates, nothing above U+10FFFF.
bool continues(unsigned char first, unsigned place, unsigned char byte) {
  if (place > 1)
    return byte >= 0x80 && byte <= 0xbf;
  unsigned char low = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
  unsigned char high = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
  return byte >= low && byte <= high;
}

void append_ascii(char c, std::string& out) {
  switch (c) {
  case '"':
    out += "\\\"";
    return;
  case '\\':
    out += "\\\\";
    return;
  case '\n':
    out += "\\n";
    return;
  case '\r':
    out += "\\r";
    return;
  case '\t':
    out += "\\t";
    return;
  default:
    break;
  }
  if (static_cast<unsigned char>(c) >= 0x20) {
    out += c;
    return;
  }
  constexpr char digits[] = "0123456789abcdef";
  out += c < 0x10 ? "\\u000" : "\\u001";
  out += digits[c & 15];
}

// How many bytes from `at` on stand for themselves.
std::size_t plain_length(std::string_view text, std::size_t at) {
  auto end = at;
  while (end < text.size()) {
    auto byte = static_cast<unsigned char>(text[end]);
    if (byte < 0x20 || byte >= 0x80 || byte == '"' || byte == '\\')
      break;
    ++end;
  }
  return end - at;
}

} // namespace

void json_escaper::append(std::string_view piece, std::string& out) {
  for (std::size_t i = 0; i < piece.size();) {
    auto plain = pending_size_ == 0 ? plain_length(piece, i) : 0;
    out.append(piece, i, plain);
    i += plain;
    if (i < piece.size() && take_special(piece[i], out))
      ++i;
  }
}

bool json_escaper::take_special(char c, std::string& out) {
  auto byte = static_cast<unsigned char>(c);
  if (pending_size_ == 0) {
    auto width = width_of(byte);
    if (width == 1)
      append_ascii(c, out);
    else if (width == 0)
      out += replacement;
    else
      pending_[pending_size_++] = c;
    return true;
  }
  auto first = static_cast<unsigned char>(pending_[0]);
  if (!continues(first, pending_size_, byte)) {
    out += replacement;
    pending_size_ = 0;
    return false;
  }
  pending_[pending_size_++] = c;
  if (pending_size_ == width_of(first)) {
    out.append(pending_, pending_size_);
    pending_size_ = 0;
  }
  return true;
}

void json_escaper::finish(std::string& out) {
  if (pending_size_ > 0)
    out += replacement;
  pending_size_ = 0;
}

std::string json_string(std::string_view text) {
  std::string out = "\"";
  json_escaper escaper;
  escaper.append(text, out);
  escaper.finish(out);
  out += '"';
  return out;
}

} // namespace varve::toolbox
