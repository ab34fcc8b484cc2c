#include "runner/toolbox/lsp/frame_parser.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <utility>

namespace varve::toolbox {

namespace {

std::string_view trimmed(std::string_view text) {
  auto is_blank = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && is_blank(text.front()))
    text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back()))
    text.remove_suffix(1);
  return text;
}

bool same_name(std::string_view a, std::string_view b) {
  auto lower = [](char c) {
    return std::tolower(static_cast<unsigned char>(c));
  };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [&](char x, char y) { return lower(x) == lower(y); });
}

} // namespace

bool frame_parser::fail(std::string why) {
  trouble_ = std::move(why);
  line_ = {};
  body_ = {};
  return false;
}

bool frame_parser::feed(std::string_view bytes,
                        const std::function<void(std::string_view)>& take) {
  if (!trouble_.empty())
    return false;
  while (!bytes.empty()) {
    if (!in_body_) {
      if (!take_header_byte(bytes.front()))
        return false;
      bytes.remove_prefix(1);
    } else {
      auto part = bytes.substr(0, *announced_ - body_.size());
      body_ += part;
      bytes.remove_prefix(part.size());
    }
    if (!in_body_ || body_.size() < *announced_)
      continue;
    auto whole = std::exchange(body_, {});
    in_body_ = false;
    header_size_ = 0;
    announced_.reset();
    take(whole);
  }
  return true;
}

bool frame_parser::take_header_byte(char c) {
  if (++header_size_ > header_limit)
    return fail("a message's header is longer than "
                + std::to_string(header_limit) + " bytes");
  if (c != '\n') {
    line_ += c;
    return true;
  }
  if (line_.empty() || line_.back() != '\r')
    return fail("a line of a message's header does not end with CR LF");
  line_.pop_back();
  bool ok = take_header_line();
  line_.clear();
  return ok;
}

bool frame_parser::take_header_line() {
  if (line_.empty()) {
    in_body_ = announced_.has_value();
    return in_body_ || fail("a message's header has no Content-Length");
  }
  std::string_view line{line_};
  auto colon = line.find(':');
  if (colon == std::string_view::npos)
    return fail("a line of a message's header has no colon");
  if (!same_name(line.substr(0, colon), "Content-Length"))
    return true;
  auto value = trimmed(line.substr(colon + 1));
  std::size_t size = 0;
  auto end = value.data() + value.size();
  auto [rest, ec] = std::from_chars(value.data(), end, size);
  if (ec == std::errc::invalid_argument || rest != end || announced_)
    return fail("a message's Content-Length is malformed");
  if (ec != std::errc{} || size > body_limit_)
    return fail("a message is longer than " + std::to_string(body_limit_)
                + " bytes");
  announced_ = size;
  return true;
}

std::string frame(std::string_view message) {
  std::string out = "Content-Length: " + std::to_string(message.size());
  out += "\r\n\r\n";
  out += message;
  return out;
}

} // namespace varve::toolbox
