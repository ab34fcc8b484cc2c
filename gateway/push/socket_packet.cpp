#include "gateway/push/socket_packet.hpp"

#include <algorithm>

#include <boost/json/serialize.hpp>
#include <boost/json/string.hpp>
#include <boost/json/value.hpp>

namespace varve::gateway {

namespace {

using kind = socket_packet::kind;

bool is_digit(char c) noexcept {
  return c >= '0' && c <= '9';
}

std::string quoted(std::string_view text) {
  return boost::json::serialize(
      boost::json::value(boost::json::string{text.data(), text.size()}));
}

// "/admin,": only where it is not the main one.
std::string prefix_of(std::string_view name_space) {
  return name_space == "/" ? std::string{} : std::string{name_space} + ",";
}

std::optional<kind> kind_of(char type) noexcept {
  switch (type) {
  case '0':
    return kind::connect;
  case '1':
    return kind::disconnect;
  case '2':
    return kind::event;
  default:
    return std::nullopt;
  }
}

// After "4": type, namespace, number of the answer wanted, JSON.
std::optional<socket_packet> parse_message(std::string_view text) noexcept {
  constexpr std::size_t longest_number = 15;
  if (text.empty())
    return std::nullopt;
  auto what = kind_of(text.front());
  if (!what)
    return std::nullopt;
  text.remove_prefix(1);
  socket_packet out;
  out.what = *what;
  if (text.starts_with('/')) {
    auto end = std::min(text.find(','), text.size());
    out.name_space = text.substr(0, end);
    // A query may follow the name; it names nothing.
    out.name_space = out.name_space.substr(0, out.name_space.find('?'));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  std::size_t digits = 0;
  while (digits < text.size() && is_digit(text[digits]))
    ++digits;
  if (digits > longest_number || (digits > 0 && *what != kind::event))
    return std::nullopt;
  out.data = text.substr(digits);
  char first = *what == kind::event ? '[' : '{';
  if (!out.data.empty() && out.data.front() != first)
    return std::nullopt;
  if (out.data.empty() && *what == kind::event)
    return std::nullopt;
  return out;
}

} // namespace

std::optional<socket_packet> parse_packet(std::string_view text) noexcept {
  if (text.empty())
    return std::nullopt;
  socket_packet out;
  switch (text.front()) {
  case '1':
    out.what = kind::close;
    break;
  case '3':
    out.what = kind::pong;
    break;
  case '4':
    return parse_message(text.substr(1));
  case '6':
    out.what = kind::noop;
    break;
  default:
    return std::nullopt;
  }
  if (text.size() > 1)
    return std::nullopt;
  return out;
}

std::string open_packet(std::string_view session_id, std::uint32_t interval_ms,
                        std::uint32_t timeout_ms, std::size_t longest) {
  return "0{\"sid\":" + quoted(session_id)
         + ",\"upgrades\":[],\"pingInterval\":" + std::to_string(interval_ms)
         + ",\"pingTimeout\":" + std::to_string(timeout_ms)
         + ",\"maxPayload\":" + std::to_string(longest) + "}";
}

std::string connected_packet(std::string_view socket_id) {
  return "40{\"sid\":" + quoted(socket_id) + "}";
}

std::string refused_packet(std::string_view name_space,
                           std::string_view message) {
  return "44" + prefix_of(name_space) + "{\"message\":" + quoted(message) + "}";
}

std::string event_packet(std::string_view name, std::string_view data) {
  std::string out = "42[" + quoted(name) + ",";
  out += data;
  out += ']';
  return out;
}

} // namespace varve::gateway
