#include "events/store/keys.hpp"

#include <cstring>

namespace varve::log::keys {

namespace {

template <class Number>
void add(std::string& out, Number value) {
  for (int shift = (static_cast<int>(sizeof(Number)) - 1) * 8; shift >= 0;
       shift -= 8)
    out += static_cast<char>(static_cast<std::uint64_t>(value) >> shift & 0xff);
}

void add(std::string& out, position at) {
  add(out, at.partition);
  add(out, at.index);
}

// Takes numbers off the front; after one read too many it stays failed.
class cursor {
 public:
  explicit cursor(std::string_view bytes) noexcept : rest_(bytes) {
    // nop
  }

  template <class Number>
  Number number() noexcept {
    if (rest_.size() < sizeof(Number)) {
      failed_ = true;
      return {};
    }
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < sizeof(Number); ++i)
      value = value << 8 | static_cast<unsigned char>(rest_[i]);
    rest_.remove_prefix(sizeof(Number));
    return static_cast<Number>(value);
  }
  position place() noexcept {
    auto partition = number<std::uint16_t>();
    return {partition, number<std::uint64_t>()};
  }
  std::string_view rest() noexcept {
    return std::exchange(rest_, {});
  }
  // Whether everything was there and nothing is left.
  bool done() const noexcept {
    return !failed_ && rest_.empty();
  }
  bool ok() const noexcept {
    return !failed_;
  }

 private:
  std::string_view rest_;
  bool failed_ = false;
};

std::string prefixed_by_length(std::string_view id) {
  std::string out;
  out.reserve(id.size() + 10);
  add(out, static_cast<std::uint16_t>(id.size()));
  out += id;
  return out;
}

} // namespace

std::string record(position at) {
  std::string out;
  add(out, at);
  return out;
}

std::optional<position> parse_position(std::string_view bytes) noexcept {
  cursor in{bytes};
  auto at = in.place();
  return in.done() ? std::optional{at} : std::nullopt;
}

std::string stream(std::string_view id, std::uint64_t version) {
  auto out = prefixed_by_length(id);
  add(out, version);
  return out;
}

std::string stream_end(std::string_view id) {
  auto out = stream(id, ~std::uint64_t{0});
  out += '\0';
  return out;
}

std::string deadline(timestamp due, std::string_view id) {
  std::string out;
  add(out, due);
  out += id;
  return out;
}

std::optional<parsed_deadline> parse_deadline(std::string_view key) noexcept {
  cursor in{key};
  auto due = in.number<timestamp>();
  if (!in.ok())
    return std::nullopt;
  return parsed_deadline{due, in.rest()};
}

std::string armed(schema::AggregateType aggregate, std::uint64_t version) {
  std::string out;
  add(out, static_cast<std::uint8_t>(aggregate));
  add(out, version);
  return out;
}

std::optional<parsed_armed> parse_armed(std::string_view bytes) noexcept {
  cursor in{bytes};
  parsed_armed out;
  out.aggregate = schema::AggregateType{in.number<std::uint8_t>()};
  out.version = in.number<std::uint64_t>();
  return in.done() ? std::optional{out} : std::nullopt;
}

std::string command(std::string_view organization_id, std::string_view id) {
  auto out = prefixed_by_length(organization_id);
  out += id;
  return out;
}

std::string value_of(const command_place& place) {
  std::string out;
  add(out, place.at);
  add(out, place.time);
  return out;
}

std::optional<command_place> parse_command(std::string_view bytes) noexcept {
  cursor in{bytes};
  command_place out;
  out.at = in.place();
  out.time = in.number<timestamp>();
  return in.done() ? std::optional{out} : std::nullopt;
}

std::string value_of(const latest_entry& entry) {
  std::string out;
  add(out, static_cast<std::uint8_t>(entry.aggregate));
  add(out, entry.version);
  add(out, entry.at);
  add(out, entry.deadline);
  add(out, static_cast<std::uint8_t>(entry.owes));
  return out;
}

std::optional<latest_entry> parse_latest(std::string_view bytes) noexcept {
  cursor in{bytes};
  latest_entry out;
  out.aggregate = schema::AggregateType{in.number<std::uint8_t>()};
  out.version = in.number<std::uint64_t>();
  out.at = in.place();
  out.deadline = in.number<timestamp>();
  out.owes = in.number<std::uint8_t>() != 0;
  return in.done() ? std::optional{out} : std::nullopt;
}

std::string value_of(const stored_checkpoint& saved) {
  std::string out;
  add(out, saved.version);
  add(out, saved.fold_version);
  out.append(reinterpret_cast<const char*>(saved.state.data()),
             saved.state.size());
  return out;
}

std::optional<stored_checkpoint>
parse_checkpoint(std::string_view bytes) noexcept {
  cursor in{bytes};
  stored_checkpoint out;
  out.version = in.number<std::uint64_t>();
  out.fold_version = in.number<std::uint32_t>();
  if (!in.ok())
    return std::nullopt;
  auto state = in.rest();
  const auto* first = reinterpret_cast<const std::byte*>(state.data());
  out.state.assign(first, first + state.size());
  return out;
}

} // namespace varve::log::keys
