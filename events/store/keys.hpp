// Keys and small values of the store, so made that their byte order is the
// order they are read in. Numbers are big endian; ids that are followed by
// something bear their length (two bytes) before them.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "events/local_store.hpp"

namespace varve::log::keys {

inline constexpr std::size_t max_id_bytes = 0xffff;

std::string record(position at);
std::optional<position> parse_position(std::string_view bytes) noexcept;

// All versions of a stream lie between stream(id, 0) and stream_end(id).
std::string stream(std::string_view id, std::uint64_t version);
std::string stream_end(std::string_view id);

std::string deadline(timestamp due, std::string_view id);
struct parsed_deadline {
  timestamp due = 0;
  std::string_view id;
};
std::optional<parsed_deadline> parse_deadline(std::string_view key) noexcept;
std::string armed(schema::AggregateType aggregate, std::uint64_t version);
struct parsed_armed {
  schema::AggregateType aggregate = schema::AggregateType::None;
  std::uint64_t version = 0;
};
std::optional<parsed_armed> parse_armed(std::string_view bytes) noexcept;

std::string command(std::string_view organization_id, std::string_view id);
struct command_place {
  position at;
  timestamp time = 0;
};
std::string value_of(const command_place& place);
std::optional<command_place> parse_command(std::string_view bytes) noexcept;

std::string value_of(const latest_entry& entry);
std::optional<latest_entry> parse_latest(std::string_view bytes) noexcept;

std::string value_of(const stored_checkpoint& saved);
std::optional<stored_checkpoint>
parse_checkpoint(std::string_view bytes) noexcept;

} // namespace varve::log::keys
