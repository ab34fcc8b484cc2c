#include <algorithm>

#include "events/store/byte_cursor.hpp"
#include "events/store/table_audit.hpp"

namespace varve::log {

namespace {

// An edit is a sequence of tags and their fields.
enum tag : std::uint64_t {
  comparator = 1, // string
  log_number = 2, // varint, as the next two
  next_file = 3,
  last_sequence = 4,
  compact_cursor = 5, // level, string
  deleted_file = 6,   // level, number
  previous_log = 9,   // varint
  oldest_log = 10,    // varint
  new_file = 103,
  family = 200,       // varint
  family_added = 201, // string
  family_dropped = 202,
  most_family = 203, // varint
  in_group = 300,    // varint
  // Any tag with this bit is followed by one string and may be skipped.
  skippable = 1 << 13,
};

enum file_tag : std::uint64_t { file_end = 1, file_checksum = 7 };

// level, number, size, smallest and largest key and sequence, then tagged
// strings.
table_file read_new_file(byte_cursor& in) {
  table_file out;
  in.varint();
  out.number = in.varint();
  out.size = in.varint();
  in.string();
  in.string();
  in.varint();
  in.varint();
  while (in.ok()) {
    auto field = in.varint();
    if (field == file_end)
      break;
    auto value = in.string();
    if (field == file_checksum)
      out.checksum = value;
  }
  return out;
}

// Fields that say nothing of tables; false when the tag is unknown.
bool skip(byte_cursor& in, std::uint64_t field) {
  switch (field) {
  case log_number:
  case next_file:
  case last_sequence:
  case previous_log:
  case oldest_log:
  case most_family:
  case in_group:
    in.varint();
    return true;
  case comparator:
  case family_added:
    in.string();
    return true;
  case compact_cursor:
    in.varint();
    in.string();
    return true;
  default:
    if (field & skippable)
      in.string();
    return (field & skippable) != 0;
  }
}

} // namespace

void manifest_fold::take(std::string_view edit) {
  byte_cursor in{edit};
  std::vector<table_file> added;
  std::uint32_t of_family = 0;
  while (!in.at_end() && understood_) {
    auto field = in.varint();
    if (field == new_file) {
      added.push_back(read_new_file(in));
    } else if (field == deleted_file) {
      in.varint();
      auto number = in.varint();
      std::erase_if(tables_, [&](const auto& t) { return t.number == number; });
    } else if (field == family) {
      of_family = static_cast<std::uint32_t>(in.varint());
    } else if (field == family_dropped) {
      std::erase_if(tables_,
                    [&](const auto& t) { return t.family == of_family; });
    } else if (!skip(in, field)) {
      understood_ = false;
    }
    understood_ = understood_ && in.ok();
  }
  for (auto& table : added) {
    table.family = of_family;
    tables_.push_back(std::move(table));
  }
}

} // namespace varve::log
