#include "projections/key.hpp"

namespace varve::projections {

namespace {

// 00 inside a text is written 00 ff; 00 01 ends it.
constexpr char escape = '\x00';
constexpr char escaped_zero = '\xff';
constexpr char terminator = '\x01';

} // namespace

key& key::text(std::string_view part) {
  for (auto zero = part.find(escape); zero != part.npos;
       zero = part.find(escape)) {
    out_.append(part.substr(0, zero + 1));
    out_ += escaped_zero;
    part.remove_prefix(zero + 1);
  }
  out_.append(part);
  out_ += escape;
  out_ += terminator;
  return *this;
}

key& key::number(std::uint64_t part) {
  char bytes[8];
  for (int i = 7; i >= 0; --i, part >>= 8)
    bytes[i] = static_cast<char>(part);
  out_.append(bytes, sizeof bytes);
  return *this;
}

bool take_text(std::string_view& from, std::string& part) {
  part.clear();
  for (std::size_t i = 0; i + 1 < from.size(); ++i) {
    if (from[i] != escape) {
      part += from[i];
      continue;
    }
    if (from[i + 1] == terminator) {
      from.remove_prefix(i + 2);
      return true;
    }
    part += from[i++];
  }
  return false;
}

bool take_number(std::string_view& from, std::uint64_t& part) noexcept {
  if (from.size() < 8)
    return false;
  part = 0;
  for (std::size_t i = 0; i < 8; ++i)
    part = part << 8 | static_cast<unsigned char>(from[i]);
  from.remove_prefix(8);
  return true;
}

std::string after_prefix(std::string_view prefix) {
  std::string out{prefix};
  while (!out.empty() && out.back() == '\xff')
    out.pop_back();
  if (!out.empty())
    out.back() = static_cast<char>(out.back() + 1);
  return out;
}

} // namespace varve::projections
