// A start needs a little room of its own: for what the overlay makes on the
// way, for mount points that the guest removed. A full disk has it all the
// same: given up before the start, taken back before the guest can fill it.
#pragma once

#include <cstdint>

#include "events/base/result.hpp"
#include "runner/sandbox/writable_layer.hpp"

namespace varve::runner {

struct disk_size {
  std::uint32_t gib = 0;
  std::uint32_t project = 0; // of the quota, one for each sandbox
};

constexpr std::uint64_t bytes_of(std::uint32_t gib) noexcept {
  return std::uint64_t{gib} << 30;
}

// A part of a disk in an image that nothing has been written to.
result<void> fill_spare(const std::string& root);

// Between these two the sandbox may have a little more than its limit, which
// for the last is `size`.
result<void> give_spare(const writable_layer& layer, const disk_size& size);
result<void> take_spare(const writable_layer& layer, const disk_size& size);

// In place of the first, whatever room there is: for a new disk that gets what
// was on another.
result<void> give_all_spare(const writable_layer& layer, const disk_size& size);

} // namespace varve::runner
