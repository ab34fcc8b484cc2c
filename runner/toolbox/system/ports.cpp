#include "runner/toolbox/system/ports.hpp"

#include <charconv>
#include <optional>
#include <string>

#include "runner/toolbox/system/kernel_file.hpp"

namespace varve::toolbox {

namespace {

constexpr std::string_view listening = "0A";
// The range of the contract.
constexpr unsigned first_port = 3000;
constexpr unsigned last_port = 9999;

std::string_view next_word(std::string_view& line) {
  auto begin = line.find_first_not_of(' ');
  line.remove_prefix(begin == std::string_view::npos ? line.size() : begin);
  auto word = line.substr(0, line.find(' '));
  line.remove_prefix(word.size());
  return word;
}

// Of "sl local_address rem_address st ...", addresses as "hex:port".
std::optional<unsigned> port_of_listener(std::string_view line) {
  next_word(line);
  auto local = next_word(line);
  next_word(line);
  auto colon = local.rfind(':');
  if (next_word(line) != listening || colon == std::string_view::npos)
    return std::nullopt;
  unsigned port = 0;
  auto end = local.data() + local.size();
  auto [rest, ec] = std::from_chars(local.data() + colon + 1, end, port, 16);
  if (ec != std::errc{} || rest != end || port == 0 || port > 65535)
    return std::nullopt;
  return port;
}

// False when the kernel does not say.
bool read_ports(std::set<unsigned>& out) {
  bool any = false;
  for (const char* path : {"/proc/self/net/tcp", "/proc/self/net/tcp6"})
    any = for_each_line(
              path,
              [&](std::string_view line) { add_listening_ports(line, out); })
          || any;
  return any;
}

problem unreadable() {
  return internal_failure("the tables of sockets cannot be read");
}

std::optional<unsigned> port_in_path(std::string_view path) {
  auto last = path.rfind('/');
  auto text = path.substr(0, last);
  text.remove_prefix(text.rfind('/') + 1);
  unsigned port = 0;
  auto [rest, ec] =
      std::from_chars(text.data(), text.data() + text.size(), port);
  if (ec != std::errc{} || rest != text.data() + text.size()
      || port < first_port || port > last_port)
    return std::nullopt;
  return port;
}

} // namespace

void add_listening_ports(std::string_view table, std::set<unsigned>& out) {
  while (!table.empty()) {
    auto line = table.substr(0, table.find('\n'));
    table.remove_prefix(std::min(table.size(), line.size() + 1));
    if (auto port = port_of_listener(line))
      out.insert(*port);
  }
}

void list_ports(exchange& ex) {
  std::set<unsigned> ports;
  if (!read_ports(ports))
    return ex.answer(unreadable());
  std::string text;
  for (auto port : ports)
    text += (text.empty() ? "" : ",") + std::to_string(port);
  ex.answer(json_response(200, "{\"ports\":[" + text + "]}"));
}

void port_in_use(exchange& ex) {
  auto port = port_in_path(ex.request().path);
  if (!port)
    return ex.answer(
        bad_request("the port must be a number from 3000 to 9999"));
  std::set<unsigned> ports;
  if (!read_ports(ports))
    return ex.answer(unreadable());
  ex.answer(json_response(200, ports.contains(*port) ? "{\"isInUse\":true}"
                                                     : "{\"isInUse\":false}"));
}

} // namespace varve::toolbox
