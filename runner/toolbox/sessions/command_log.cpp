#include "runner/toolbox/sessions/command_log.hpp"

#include <algorithm>
#include <cstring>

namespace varve::toolbox {

namespace {

constexpr std::size_t header_size = sizeof(std::uint32_t);
constexpr std::size_t marker_size = 3;

struct segment {
  log_stream from;
  std::string_view text;
};

segment segment_at(std::string_view bytes, std::size_t at) {
  std::uint32_t header = 0;
  std::memcpy(&header, bytes.data() + at, header_size);
  return {static_cast<log_stream>(header & 1),
          bytes.substr(at + header_size, header >> 1)};
}

std::size_t line_count(std::string_view text) {
  auto ends =
      static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
  return ends + (!text.empty() && text.back() != '\n' ? 1 : 0);
}

std::size_t marked_size(std::string_view text) {
  return text.size() + marker_size * line_count(text);
}

void append_marked(const segment& s, std::string& out) {
  char mark = s.from == log_stream::out ? '\1' : '\2';
  for (auto rest = s.text; !rest.empty();) {
    auto size = std::min(rest.find('\n'), rest.size() - 1) + 1;
    out.append(marker_size, mark);
    out.append(rest.substr(0, size));
    rest.remove_prefix(size);
  }
}

std::size_t size_in(log_form form, const segment& s) {
  switch (form) {
  case log_form::plain:
    return s.text.size();
  case log_form::marked:
    return marked_size(s.text);
  case log_form::out:
    return s.from == log_stream::out ? s.text.size() : 0;
  case log_form::err:
    return s.from == log_stream::err ? s.text.size() : 0;
  }
  return 0;
}

// Of the character whose first byte this is; 0: it is none.
std::size_t width_of(unsigned char first) {
  return first >= 0xf0 && first <= 0xf4   ? 4
         : first >= 0xe0 && first <= 0xef ? 3
         : first >= 0xc2 && first <= 0xdf ? 2
                                          : 0;
}

} // namespace

std::size_t whole_characters(std::string_view text) {
  auto most = std::min<std::size_t>(3, text.size());
  for (std::size_t back = 1; back <= most; ++back) {
    auto byte = static_cast<unsigned char>(text[text.size() - back]);
    if ((byte & 0xc0) != 0x80)
      return width_of(byte) > back ? text.size() - back : text.size();
  }
  return text.size();
}

bool log_space::take(std::size_t bytes) {
  while (left_ < bytes && !retired_.empty()) {
    auto* oldest = retired_.front();
    retired_.pop_front();
    oldest->drop_all();
  }
  if (left_ < bytes)
    return false;
  left_ -= bytes;
  return true;
}

command_log::~command_log() {
  space_.retired_.remove(this);
  drop_all();
}

void command_log::append(log_stream from, std::string_view text) {
  while (!text.empty()) {
    auto part = text.substr(0, segment_limit);
    if (part.size() < text.size())
      part = part.substr(0, whole_characters(part));
    append_segment(from, part);
    text.remove_prefix(part.size());
  }
}

void command_log::append_segment(log_stream from, std::string_view text) {
  // Counted also when it cannot be kept, so that readers see what is missing.
  auto plain = plain_end_;
  auto marked = marked_end_;
  plain_end_ += text.size();
  marked_end_ += marked_size(text);
  auto size = header_size + text.size();
  bool fresh =
      pieces_.empty() || pieces_.back().bytes.size() + size > piece_size;
  if (!grow(size)) {
    drop_all();
    return;
  }
  if (fresh || pieces_.empty()) {
    pieces_.emplace_back();
    pieces_.back().plain = plain;
    pieces_.back().marked = marked;
  }
  auto& last = pieces_.back();
  auto header = static_cast<std::uint32_t>(text.size() << 1)
                | static_cast<std::uint32_t>(from);
  last.bytes.append(reinterpret_cast<const char*>(&header), header_size);
  last.bytes.append(text);
  last.taken += size;
  held_ += size;
}

// Its own oldest pieces go when there is no other space.
bool command_log::grow(std::size_t bytes) {
  while (held_ + bytes > limit_ && !pieces_.empty())
    drop_first();
  while (!space_.take(bytes)) {
    if (pieces_.empty())
      return false;
    drop_first();
  }
  return true;
}

void command_log::drop_first() {
  auto size = pieces_.front().taken;
  space_.left_ += size;
  held_ -= size;
  pieces_.pop_front();
  ++first_piece_;
}

void command_log::drop_all() {
  while (!pieces_.empty())
    drop_first();
  // A reader that stood at the end of all of it has lost what is not kept.
  ++first_piece_;
}

void command_log::retire() {
  if (!is_retired_)
    space_.retired_.push_back(this);
  is_retired_ = true;
}

std::uint64_t command_log::first(log_form form) const {
  if (pieces_.empty())
    return end(form);
  const auto& oldest = pieces_.front();
  return form == log_form::marked ? oldest.marked : oldest.plain;
}

std::uint64_t command_log::end(log_form form) const {
  return form == log_form::marked ? marked_end_ : plain_end_;
}

command_log::cursor command_log::seek(log_form form,
                                      std::uint64_t offset) const {
  offset = std::clamp(offset, first(form), end(form));
  cursor out;
  out.piece = first_piece_;
  out.plain = first(log_form::plain);
  if (pieces_.empty())
    return out;
  auto start = [form](const piece& p) {
    return form == log_form::marked ? p.marked : p.plain;
  };
  std::size_t index = 0;
  while (index + 1 < pieces_.size() && start(pieces_[index + 1]) <= offset)
    ++index;
  out.piece += index;
  out.plain = pieces_[index].plain;
  auto left = static_cast<std::size_t>(offset - start(pieces_[index]));
  const auto& bytes = pieces_[index].bytes;
  while (out.at < bytes.size()) {
    auto here = segment_at(bytes, out.at);
    auto size = size_in(form, here);
    if (size > left)
      break;
    left -= size;
    out.at += header_size + here.text.size();
    out.plain += here.text.size();
  }
  out.skip = left;
  return out;
}

bool command_log::read(cursor& where, log_form form, std::size_t most,
                       std::string& out, std::uint64_t until) const {
  if (where.piece < first_piece_) {
    auto kept = first(log_form::plain);
    where = {first_piece_, 0, 0, kept, where.plain < kept};
  }
  bool any = false;
  std::size_t written = 0;
  while (where.plain < until && where.piece - first_piece_ < pieces_.size()) {
    auto index = static_cast<std::size_t>(where.piece - first_piece_);
    const auto& bytes = pieces_[index].bytes;
    if (where.at == bytes.size()) {
      // More may still come into the last piece.
      if (index + 1 == pieces_.size())
        break;
      ++where.piece;
      where.at = 0;
      continue;
    }
    auto here = segment_at(bytes, where.at);
    auto size = size_in(form, here);
    if (any && written + size > most)
      break;
    auto before = out.size();
    if (form == log_form::marked)
      append_marked(here, out);
    else if (size > 0)
      out.append(here.text);
    auto skipped = std::min(where.skip, size);
    out.erase(before, skipped);
    where.skip = 0;
    written += size;
    where.at += header_size + here.text.size();
    where.plain += here.text.size();
    any = true;
  }
  return any;
}

} // namespace varve::toolbox
