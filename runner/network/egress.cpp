#include "runner/network/egress.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <vector>

#include <arpa/inet.h>

#include "runner/network/address_plan.hpp"

namespace varve::runner {

namespace {

struct network {
  std::uint32_t first = 0;
  unsigned prefix = 32;

  std::uint32_t mask() const noexcept {
    return prefix == 0 ? 0 : ~std::uint32_t{0} << (32 - prefix);
  }
  bool contains(const network& other) const noexcept {
    return prefix <= other.prefix && (other.first & mask()) == first;
  }
};

std::optional<network> parse_network(std::string text) {
  text.erase(0, text.find_first_not_of(' '));
  text.erase(text.find_last_not_of(' ') + 1);
  auto slash = text.find('/');
  if (slash == std::string::npos)
    return std::nullopt;
  network out;
  in_addr address{};
  if (::inet_pton(AF_INET, text.substr(0, slash).c_str(), &address) != 1)
    return std::nullopt;
  const auto* end = text.data() + text.size();
  auto [at, ec] = std::from_chars(text.data() + slash + 1, end, out.prefix);
  if (ec != std::errc{} || at != end || out.prefix > 32)
    return std::nullopt;
  out.first = ntohl(address.s_addr) & out.mask();
  return out;
}

// None of which contains another: the kernel refuses overlaps.
std::vector<network> parse_list(const std::string& list) {
  std::vector<network> all;
  for (std::size_t at = 0; at < list.size();) {
    auto comma = std::min(list.find(',', at), list.size());
    if (auto one = parse_network(list.substr(at, comma - at)))
      all.push_back(*one);
    at = comma + 1;
  }
  std::sort(all.begin(), all.end(),
            [](const auto& a, const auto& b) { return a.prefix < b.prefix; });
  std::vector<network> out;
  for (const auto& one : all)
    if (std::none_of(out.begin(), out.end(),
                     [&](const auto& o) { return o.contains(one); }))
      out.push_back(one);
  return out;
}

void add(std::string& list, const std::string& element) {
  list += (list.empty() ? "" : ", ") + element;
}

} // namespace

egress_elements elements_of(const egress_map& all) {
  egress_elements out;
  for (const auto& [address, what] : all) {
    if (what.block_all)
      add(out.silenced, dotted(address));
    if (what.block_all || what.allow_list.empty())
      continue;
    add(out.confined, dotted(address));
    for (const auto& one : parse_list(what.allow_list))
      add(out.permitted, dotted(address) + " . " + dotted(one.first) + "/"
                             + std::to_string(one.prefix));
  }
  return out;
}

} // namespace varve::runner
