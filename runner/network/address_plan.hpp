// Which addresses and ids belong to the sandbox in a slot.
#pragma once

#include <cstdint>
#include <string>

#include "events/base/result.hpp"

namespace varve::runner {

// 10.x.0.0/16 of this server's own: .0.1 is the gateway, sandboxes follow.
class address_plan {
 public:
  // Slots there are; a stopped sandbox keeps its own.
  static constexpr std::uint32_t slots = 8000;

  // The /16 kept in `file`, else `wanted` ("10.77.0.0/16"), else one that no
  // route of the host leads to; kept in `file` from then on.
  static result<address_plan> open(const std::string& file,
                                   const std::string& wanted,
                                   const std::string& instance);

  std::uint32_t network() const noexcept {
    return network_;
  }
  std::uint32_t gateway() const noexcept {
    return network_ + 1;
  }
  std::uint32_t address(std::uint32_t slot) const noexcept {
    return network_ + 16 + slot;
  }
  // The first of 65536 user and group ids.
  std::uint32_t uid_base(std::uint32_t slot) const noexcept {
    return uid_zone_ + slot * 65536;
  }
  std::string subnet() const;

 private:
  std::uint32_t network_ = 0;
  std::uint32_t uid_zone_ = 0;
};

std::string dotted(std::uint32_t address);

} // namespace varve::runner
