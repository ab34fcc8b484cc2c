#include "gateway/api/network_fields.hpp"

#include <charconv>
#include <string_view>

#include <arpa/inet.h>

#include <boost/json/object.hpp>

#include "gateway/api/json_fields.hpp"

namespace varve::gateway {

namespace json = boost::json;

namespace {

constexpr std::size_t most_networks = 10;

std::string_view trimmed(std::string_view text) {
  auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos)
    return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

std::string quoted(std::string_view text) {
  return '"' + std::string{text} + '"';
}

result<void> check_network(std::string_view text) {
  auto slash = text.find('/');
  if (slash == std::string_view::npos)
    return failure(errc::invalid,
                   "Invalid network format: " + quoted(text)
                       + ". Missing CIDR prefix length (e.g., /24)");
  std::string address{text.substr(0, slash)};
  in_addr parsed{};
  if (::inet_pton(AF_INET, address.c_str(), &parsed) != 1)
    return failure(errc::invalid, "Invalid IP address: " + quoted(address)
                                      + " in network " + quoted(text)
                                      + ". Must be a valid IPv4 address");
  auto digits = text.substr(slash + 1);
  unsigned prefix = 33;
  auto [end, ec] =
      std::from_chars(digits.data(), digits.data() + digits.size(), prefix);
  if (ec != std::errc{} || end != digits.data() + digits.size() || prefix > 32)
    return failure(errc::invalid,
                   "Invalid CIDR prefix length: " + quoted(digits)
                       + " in network " + quoted(text)
                       + ". Must be between 0 and 32");
  return ok();
}

// Entries trimmed, empty ones left out.
result<std::string> read_list(std::string_view list) {
  std::string out;
  std::size_t count = 0;
  while (!list.empty()) {
    auto comma = list.find(',');
    auto one = trimmed(list.substr(0, comma));
    list = comma == std::string_view::npos ? std::string_view{}
                                           : list.substr(comma + 1);
    if (one.empty())
      continue;
    if (++count > most_networks)
      return failure(errc::invalid,
                     "Network allow list cannot contain more than 10 networks");
    VARVE_CHECK(check_network(one));
    out += (out.empty() ? "" : ",") + std::string{one};
  }
  return out;
}

} // namespace

result<std::optional<network_rules>> read_network(const json::object& body) {
  VARVE_TRY(auto blocks, flag_member(body, "networkBlockAll"));
  VARVE_TRY(auto list, text_member(body, "networkAllowList"));
  VARVE_TRY(auto domains, text_member(body, "domainAllowList"));
  if (domains && !domains->empty())
    return failure(errc::unsupported,
                   "domainAllowList is not supported by this server");
  if (!blocks && !list && !domains)
    return std::optional<network_rules>{};
  network_rules out;
  out.block_all = blocks.value_or(false);
  VARVE_TRY(out.allow_list, read_list(list.value_or("")));
  if (out.block_all && !out.allow_list.empty())
    return failure(errc::invalid, "networkAllowList cannot be used together "
                                  "with networkBlockAll");
  return std::optional{std::move(out)};
}

} // namespace varve::gateway
