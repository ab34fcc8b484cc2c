#include "gateway/proxy/preview_host.hpp"

#include <algorithm>

#include "events/base/ids.hpp"
#include "gateway/exchange.hpp"
#include "gateway/url.hpp"

namespace varve::gateway {

namespace {

constexpr std::size_t signed_token_size = 16;

std::string lower(std::string_view text) {
  std::string out{text};
  for (auto& c : out)
    if (c >= 'A' && c <= 'Z')
      c = static_cast<char>(c - 'A' + 'a');
  return out;
}

bool is_signed_token(std::string_view label) noexcept {
  return label.size() == signed_token_size
         && std::all_of(label.begin(), label.end(), [](char c) {
              return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z');
            });
}

// "https://host:1/path" -> "host:1"
std::string_view authority_of(std::string_view url) noexcept {
  auto scheme = url.find("://");
  if (scheme != std::string_view::npos)
    url.remove_prefix(scheme + 3);
  return url.substr(0, url.find('/'));
}

std::string_view without_port(std::string_view authority) noexcept {
  auto colon = authority.rfind(':');
  auto bracket = authority.rfind(']');
  bool has_port = colon != std::string_view::npos
                  && (bracket == std::string_view::npos || colon > bracket);
  return has_port ? authority.substr(0, colon) : authority;
}

bool is_address(std::string_view name) noexcept {
  return name.starts_with('[')
         || name.find_first_not_of("0123456789.") == std::string_view::npos;
}

} // namespace

std::optional<preview_host> parse_preview_host(std::string_view host,
                                               std::string_view public_url) {
  constexpr std::uint64_t max_port = 65'535;
  auto name = without_port(host);
  if (same_ignoring_case(name, without_port(authority_of(public_url))))
    return std::nullopt;
  auto dot = name.find('.');
  auto dash = name.substr(0, dot).find('-');
  if (dot == std::string_view::npos || dash == std::string_view::npos)
    return std::nullopt;
  auto port = whole_number(name.substr(0, dash));
  auto label = lower(name.substr(dash + 1, dot - dash - 1));
  if (!port || *port == 0 || *port > max_port
      || !(is_uuid(label) || is_signed_token(label)))
    return std::nullopt;
  return preview_host{static_cast<std::uint16_t>(*port), std::move(label)};
}

std::string preview_url(std::string_view base, std::string_view port,
                        std::string_view label) {
  auto authority = authority_of(base);
  auto name = without_port(authority);
  std::string out{base.substr(0, base.find("://") + 3)};
  out += port;
  out += '-';
  out += label;
  out += '.';
  out += is_address(name) ? std::string_view{"localhost"} : name;
  out += authority.substr(name.size());
  return out;
}

} // namespace varve::gateway
