#include "runner/network/address_plan.hpp"

#include <cstdio>
#include <numeric>
#include <sstream>
#include <vector>

#include <arpa/inet.h>

#include "runner/kernel/files.hpp"

namespace varve::runner {

namespace {

constexpr std::uint32_t mask = 0xffff0000;

// Ids from 2^29 up, in seven zones of as many slots as there are.
constexpr std::uint32_t zone_size = 1u << 29;
static_assert(std::uint64_t{address_plan::slots} * 65536 < zone_size);

result<std::uint32_t> parse_subnet(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == ' '))
    text.pop_back();
  unsigned second = 0;
  int end = 0;
  if (std::sscanf(text.c_str(), "10.%u.0.0/16%n", &second, &end) != 1
      || static_cast<std::size_t>(end) != text.size() || second > 255)
    return failure(errc::invalid, "not a network like 10.77.0.0/16: " + text);
  return (10u << 24) | (second << 16);
}

// Whether a route of the host, other than a default route, overlaps.
bool is_taken(std::uint32_t network) {
  auto text = read_file("/proc/net/route");
  if (!text)
    return false;
  std::istringstream lines{text.value()};
  std::string line;
  std::getline(lines, line); // names of the columns
  while (std::getline(lines, line)) {
    std::istringstream words{line};
    std::string device, to, gateway, flags, uses, count, metric, range;
    words >> device >> to >> gateway >> flags >> uses >> count >> metric
        >> range;
    auto route_mask =
        ntohl(static_cast<std::uint32_t>(std::stoul("0" + range, nullptr, 16)));
    auto target =
        ntohl(static_cast<std::uint32_t>(std::stoul("0" + to, nullptr, 16)));
    auto common = route_mask & mask;
    if (route_mask != 0 && (target & common) == (network & common))
      return true;
  }
  return false;
}

result<std::uint32_t> choose(const std::string& instance) {
  auto seed = std::accumulate(
      instance.begin(), instance.end(), 0u,
      [](unsigned sum, char c) { return sum * 31 + static_cast<unsigned>(c); });
  for (unsigned i = 0; i < 128; ++i) {
    auto network = (10u << 24) | ((100 + (seed + i) % 128) << 16);
    if (!is_taken(network))
      return network;
  }
  return failure(errc::unsupported, "no free network in 10.0.0.0/8");
}

} // namespace

result<address_plan> address_plan::open(const std::string& file,
                                        const std::string& wanted,
                                        const std::string& instance) {
  address_plan out;
  auto known = read_file(file);
  if (known) {
    VARVE_TRY(out.network_, parse_subnet(known.value()));
  } else if (!wanted.empty()) {
    VARVE_TRY(out.network_, parse_subnet(wanted));
  } else {
    VARVE_TRY(out.network_, choose(instance));
  }
  if (!known) {
    VARVE_CHECK(write_file_atomic(file, out.subnet() + "\n", 0644, true));
  }
  // Servers with different networks have different ids, as far as zones go.
  out.uid_zone_ = (1 + (out.network_ >> 16) % 7) * zone_size;
  return out;
}

std::string address_plan::subnet() const {
  return dotted(network_) + "/16";
}

std::string dotted(std::uint32_t address) {
  char text[16];
  std::snprintf(text, sizeof text, "%u.%u.%u.%u", address >> 24,
                address >> 16 & 255, address >> 8 & 255, address & 255);
  return text;
}

} // namespace varve::runner
