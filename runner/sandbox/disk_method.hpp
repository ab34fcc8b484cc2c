// How a sandbox's disk is limited. A sandbox keeps the way it was made with.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace varve::runner {

// Names are in files of sandboxes: never change one.
enum class disk_method : std::uint8_t {
  none,  // directories, without a limit
  quota, // directories of a project with a quota
  image  // a file with a file system in it
};

constexpr std::string_view name_of(disk_method method) noexcept {
  switch (method) {
  case disk_method::none:
    break;
  case disk_method::quota:
    return "quota";
  case disk_method::image:
    return "image";
  }
  return "none";
}

constexpr std::optional<disk_method>
disk_method_named(std::string_view name) noexcept {
  for (auto method :
       {disk_method::none, disk_method::quota, disk_method::image})
    if (name_of(method) == name)
      return method;
  return std::nullopt;
}

} // namespace varve::runner
