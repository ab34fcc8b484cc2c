// An unpacked image: <images>/<ref>/rootfs and <images>/<ref>/config.json.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "events/base/result.hpp"

namespace varve::runner {

struct image {
  std::string ref;
  std::string rootfs; // directory
  std::string name;
  std::string user;
  std::string workdir;
  std::vector<std::string> env; // "NAME=value"
  std::vector<std::string> entrypoint;
  std::uint64_t size_bytes = 0;
};

// not_found when there is no such image, malformed when its config is bad.
result<image> load_image(const std::string& images, const std::string& ref);

} // namespace varve::runner
