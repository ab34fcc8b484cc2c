#include "runner/toolbox/files/glob.hpp"

namespace varve::toolbox::files {

namespace {

// Bytes that are not UTF-8 stand for themselves, above all characters.
constexpr unsigned raw_byte = 0x110000;

std::vector<unsigned> code_points(std::string_view text) {
  std::vector<unsigned> out;
  for (std::size_t i = 0; i < text.size();) {
    auto first = static_cast<unsigned char>(text[i]);
    unsigned more = first >= 0xf0   ? 3
                    : first >= 0xe0 ? 2
                    : first >= 0xc2 ? 1
                                    : 0;
    unsigned point = more == 0 ? first : first & (0x3fu >> more);
    bool valid = first < 0x80 || (more > 0 && i + more < text.size());
    for (unsigned k = 1; valid && k <= more; ++k) {
      auto byte = static_cast<unsigned char>(text[i + k]);
      valid = (byte & 0xc0) == 0x80;
      point = (point << 6) | (byte & 0x3fu);
    }
    out.push_back(valid ? point : raw_byte + first);
    i += valid ? 1 + more : 1;
  }
  return out;
}

// One end of a range; false where the pattern is malformed.
bool take_point(const std::vector<unsigned>& pattern, std::size_t& i,
                unsigned& out) {
  if (i < pattern.size() && (pattern[i] == '-' || pattern[i] == ']'))
    return false;
  if (i < pattern.size() && pattern[i] == '\\')
    ++i;
  if (i >= pattern.size())
    return false;
  out = pattern[i++];
  return true;
}

} // namespace

bool glob::token::fits(unsigned point) const {
  switch (what) {
  case kind::star:
  case kind::any:
    return point != '/';
  case kind::one:
  case kind::set:
    break;
  }
  bool found = false;
  for (auto [low, high] : ranges)
    found = found || (point >= low && point <= high);
  return found != negated;
}

bool glob::parse_set(const std::vector<unsigned>& pattern, std::size_t& i,
                     token& out) {
  out.what = token::kind::set;
  if (i < pattern.size() && pattern[i] == '^') {
    out.negated = true;
    ++i;
  }
  do {
    unsigned low = 0;
    if (!take_point(pattern, i, low))
      return false;
    unsigned high = low;
    if (i < pattern.size() && pattern[i] == '-'
        && !take_point(pattern, ++i, high))
      return false;
    if (high < low)
      return false;
    out.ranges.emplace_back(low, high);
  } while (i < pattern.size() && pattern[i] != ']');
  return i++ < pattern.size();
}

std::optional<glob> glob::parse(std::string_view text) {
  glob out;
  auto pattern = code_points(text);
  for (std::size_t i = 0; i < pattern.size();) {
    auto point = pattern[i++];
    token next;
    if (point == '*') {
      next.what = token::kind::star;
    } else if (point == '?') {
      next.what = token::kind::any;
    } else if (point == '[') {
      if (!parse_set(pattern, i, next))
        return std::nullopt;
    } else {
      if (point == '\\' && i == pattern.size())
        return std::nullopt;
      if (point == '\\')
        point = pattern[i++];
      next.ranges.emplace_back(point, point);
    }
    out.tokens_.push_back(std::move(next));
  }
  return out;
}

bool glob::matches(std::string_view text) const {
  auto name = code_points(text);
  std::size_t n = 0;
  std::size_t t = 0;
  // Where to go on when a mismatch makes the last star take one more.
  std::size_t star = tokens_.size();
  std::size_t star_end = 0;
  while (n < name.size()) {
    if (t < tokens_.size() && tokens_[t].what == token::kind::star) {
      star = t++;
      star_end = n;
    } else if (t < tokens_.size() && tokens_[t].fits(name[n])) {
      ++t;
      ++n;
    } else if (star < tokens_.size() && name[star_end] != '/') {
      t = star + 1;
      n = ++star_end;
    } else {
      return false;
    }
  }
  while (t < tokens_.size() && tokens_[t].what == token::kind::star)
    ++t;
  return t == tokens_.size();
}

} // namespace varve::toolbox::files
