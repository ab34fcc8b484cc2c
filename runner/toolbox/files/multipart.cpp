#include "runner/toolbox/files/multipart.hpp"

#include <algorithm>
#include <cctype>

namespace varve::toolbox::files {

namespace {

bool equals_nocase(std::string_view a, std::string_view b) {
  if (a.size() != b.size())
    return false;
  for (std::size_t i = 0; i < a.size(); ++i)
    if (std::tolower(static_cast<unsigned char>(a[i]))
        != std::tolower(static_cast<unsigned char>(b[i])))
      return false;
  return true;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t'))
    text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t'))
    text.remove_suffix(1);
  return text;
}

// The value at the front of `text`, which is advanced behind it.
std::string take_value(std::string_view& text) {
  std::string out;
  if (text.empty() || text.front() != '"') {
    auto value = text.substr(0, text.find(';'));
    text.remove_prefix(value.size());
    return std::string{trimmed(value)};
  }
  text.remove_prefix(1);
  while (!text.empty() && text.front() != '"') {
    // Only quotes and backslashes are escaped: some clients write Windows
    // paths as they are.
    if (text.front() == '\\' && text.size() > 1
        && (text[1] == '"' || text[1] == '\\'))
      text.remove_prefix(1);
    out += text.front();
    text.remove_prefix(1);
  }
  text.remove_prefix(text.empty() ? 0 : 1);
  return out;
}

part_headers parse_headers(std::string_view block) {
  part_headers out;
  while (!block.empty()) {
    auto line = block.substr(0, block.find("\r\n"));
    block.remove_prefix(std::min(block.size(), line.size() + 2));
    auto colon = line.find(':');
    if (colon == std::string_view::npos)
      continue;
    auto name = trimmed(line.substr(0, colon));
    auto value = trimmed(line.substr(colon + 1));
    if (equals_nocase(name, "content-type"))
      out.content_type = std::string{value};
    if (!equals_nocase(name, "content-disposition"))
      continue;
    out.name = header_parameter(value, "name");
    out.filename = header_parameter(value, "filename");
  }
  return out;
}

} // namespace

std::string header_parameter(std::string_view header, std::string_view name) {
  auto rest = header;
  take_value(rest); // the header's own value
  while (!rest.empty()) {
    rest.remove_prefix(1); // ';'
    auto end = rest.find_first_of("=;");
    if (end == std::string_view::npos)
      return {};
    auto key = trimmed(rest.substr(0, end));
    rest.remove_prefix(end);
    if (rest.front() == ';')
      continue;
    rest.remove_prefix(1);
    rest.remove_prefix(std::min(rest.size(), rest.find_first_not_of(" \t")));
    auto value = take_value(rest);
    if (equals_nocase(key, name))
      return value;
    rest.remove_prefix(std::min(rest.size(), rest.find(';')));
  }
  return {};
}

std::string boundary_of(std::string_view content_type) {
  auto type = trimmed(content_type.substr(0, content_type.find(';')));
  if (type.size() < 10 || !equals_nocase(type.substr(0, 10), "multipart/"))
    return {};
  auto out = header_parameter(content_type, "boundary");
  return out.size() <= 200 ? out : std::string{};
}

multipart_parser::multipart_parser(std::string_view boundary)
    : delimiter_{"\r\n--" + std::string{boundary}},
      // A body may begin with its boundary: as if a line had ended before.
      pending_{"\r\n"} {
  // nop
}

bool multipart_parser::fail(const char* why) {
  state_ = state::bad;
  error_ = why;
  return false;
}

bool multipart_parser::feed(std::string_view bytes, part_sink& sink) {
  if (state_ == state::bad)
    return false;
  pending_.append(bytes);
  while (step(sink)) {
    // nop
  }
  pending_.erase(0, at_);
  at_ = 0;
  return state_ != state::bad;
}

bool multipart_parser::finish() {
  if (state_ != state::epilogue && state_ != state::bad)
    fail("the closing boundary is missing");
  return state_ == state::epilogue;
}

// One step; false when more input is needed or nothing is left to do.
bool multipart_parser::step(part_sink& sink) {
  switch (state_) {
  case state::preamble:
    return take_preamble();
  case state::after_boundary:
    return take_after_boundary();
  case state::headers:
    return take_headers(sink);
  case state::data:
    return take_data(sink);
  case state::epilogue:
    at_ = pending_.size();
    return false;
  case state::bad:
    return false;
  }
  return false;
}

bool multipart_parser::take_preamble() {
  auto found = pending_.find(delimiter_, at_);
  if (found == std::string::npos) {
    // Keep what may be the beginning of a delimiter.
    if (pending_.size() - at_ >= delimiter_.size())
      at_ = pending_.size() - delimiter_.size() + 1;
    return false;
  }
  at_ = found + delimiter_.size();
  state_ = state::after_boundary;
  return true;
}

bool multipart_parser::take_after_boundary() {
  std::string_view rest{pending_};
  rest.remove_prefix(at_);
  // RFC 2046 allows white space between a boundary and the line's end.
  auto end = rest.find_first_not_of(" \t");
  if (end == std::string_view::npos || rest.size() < end + 2)
    return rest.size() > header_limit ? fail("a boundary line is too long")
                                      : false;
  if (rest.substr(end, 2) == "--" && end == 0) {
    state_ = state::epilogue;
  } else if (rest.substr(end, 2) == "\r\n") {
    if (++parts_ > part_limit)
      return fail("too many parts");
    state_ = state::headers;
    at_ += end; // the line's end may also end empty headers
    return true;
  } else {
    return fail("a boundary line is malformed");
  }
  at_ += 2;
  return true;
}

bool multipart_parser::take_headers(part_sink& sink) {
  // From the CR LF that ended the boundary's line.
  auto end = pending_.find("\r\n\r\n", at_);
  if (end == std::string::npos || end - at_ > header_limit)
    return pending_.size() - at_ > header_limit
               ? fail("the headers of a part are too long")
               : false;
  std::string_view block{pending_};
  block = block.substr(at_, end - at_);
  block.remove_prefix(std::min<std::size_t>(block.size(), 2));
  sink.begin_part(parse_headers(block));
  at_ = end + 4;
  state_ = state::data;
  return true;
}

bool multipart_parser::take_data(part_sink& sink) {
  auto found = pending_.find(delimiter_, at_);
  if (found != std::string::npos) {
    if (found > at_)
      sink.part_data(std::string_view{pending_}.substr(at_, found - at_));
    sink.end_part();
    at_ = found + delimiter_.size();
    state_ = state::after_boundary;
    return true;
  }
  // Hold back from the last CR that may begin a delimiter.
  auto tail =
      pending_.size() - std::min(pending_.size() - at_, delimiter_.size() - 1);
  auto keep = pending_.find('\r', tail);
  auto end = keep == std::string::npos ? pending_.size() : keep;
  if (end > at_)
    sink.part_data(std::string_view{pending_}.substr(at_, end - at_));
  at_ = end;
  return false;
}

} // namespace varve::toolbox::files
