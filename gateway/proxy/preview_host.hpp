// Hosts that lead into a sandbox: "{port}-{sandbox id}.{domain}".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace varve::gateway {

struct preview_host {
  std::uint16_t port = 0;
  std::string label; // a sandbox's id in lower case, or a signed token
};

// The port that stands for the toolbox itself.
inline constexpr std::uint16_t toolbox_port = 2280;

// Nothing for every other host, and for that of `public_url` itself, which
// may be empty.
std::optional<preview_host> parse_preview_host(std::string_view host,
                                               std::string_view public_url);

// "http://host:1" -> "http://{port}-{label}.host:1". Addresses cannot have
// names before them; localhost can.
std::string preview_url(std::string_view base, std::string_view port,
                        std::string_view label);

} // namespace varve::gateway
