#include "gateway/server/message_text.hpp"

#include <array>
#include <cstdio>
#include <ctime>

#include "gateway/http_status.hpp"

namespace varve::gateway {

namespace {

void append_fields(std::string& out, const header_list& headers) {
  for (const auto& f : headers.fields) {
    out += f.name;
    out += ": ";
    out += f.value;
    out += "\r\n";
  }
  out += "\r\n";
}

// Whether a comma-separated list holds the token.
bool lists(std::string_view list, std::string_view token) noexcept {
  while (!list.empty()) {
    auto comma = list.find(',');
    auto item = list.substr(0, comma);
    auto first = item.find_first_not_of(" \t");
    if (first != std::string_view::npos) {
      item = item.substr(first, item.find_last_not_of(" \t") - first + 1);
      if (same_ignoring_case(item, token))
        return true;
    }
    if (comma == std::string_view::npos)
      return false;
    list.remove_prefix(comma + 1);
  }
  return false;
}

} // namespace

std::string response_head(unsigned status, const header_list& headers) {
  std::string out = "HTTP/1.1 " + std::to_string(status) + " ";
  out += reason_of(status);
  out += "\r\n";
  append_fields(out, headers);
  return out;
}

std::string request_head(std::string_view method, std::string_view target,
                         const header_list& headers) {
  std::string out;
  out += method;
  out += ' ';
  out += target;
  out += " HTTP/1.1\r\n";
  append_fields(out, headers);
  return out;
}

std::string chunk_prefix(std::size_t size) {
  std::array<char, 24> text{};
  auto n = std::snprintf(text.data(), text.size(), "%zx\r\n", size);
  return {text.data(), static_cast<std::size_t>(n)};
}

std::string http_date(timestamp t) {
  constexpr std::array<const char*, 7> days{"Sun", "Mon", "Tue", "Wed",
                                            "Thu", "Fri", "Sat"};
  constexpr std::array<const char*, 12> months{"Jan", "Feb", "Mar", "Apr",
                                               "May", "Jun", "Jul", "Aug",
                                               "Sep", "Oct", "Nov", "Dec"};
  auto seconds = static_cast<std::time_t>(t / 1000);
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  std::array<char, 64> text{};
  auto n = std::snprintf(
      text.data(), text.size(), "%s, %02d %s %04d %02d:%02d:%02d GMT",
      days.at(static_cast<std::size_t>(parts.tm_wday)), parts.tm_mday,
      months.at(static_cast<std::size_t>(parts.tm_mon)), parts.tm_year + 1900,
      parts.tm_hour, parts.tm_min, parts.tm_sec);
  return {text.data(), static_cast<std::size_t>(n)};
}

bool is_hop_by_hop(const header_list& all, std::string_view name) noexcept {
  constexpr std::array<std::string_view, 9> always{"Connection",
                                                   "Proxy-Connection",
                                                   "Keep-Alive",
                                                   "TE",
                                                   "Trailer",
                                                   "Transfer-Encoding",
                                                   "Upgrade",
                                                   "Proxy-Authenticate",
                                                   "Proxy-Authorization"};
  for (auto h : always)
    if (same_ignoring_case(h, name))
      return true;
  for (const auto& f : all.fields)
    if (same_ignoring_case(f.name, "Connection") && lists(f.value, name))
      return true;
  return false;
}

} // namespace varve::gateway
