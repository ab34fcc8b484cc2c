// An unpacked image: <images>/<ref>/rootfs and <images>/<ref>/config.json of
// one that was made here, <image store>/images/<ref>.json and the layers it
// names of one that was pulled.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "events/base/result.hpp"
#include "runner/sandbox/layout.hpp"

namespace varve::runner {

struct image {
  std::string ref;
  std::vector<std::string> layers; // directories, the lowest first
  std::string name;
  std::string user;
  std::string workdir;
  std::vector<std::string> env; // "NAME=value"
  std::vector<std::string> entrypoint;
  std::uint64_t size_bytes = 0;
};

// not_found when there is no such image, malformed when its config is bad.
result<image> load_image(const layout& where, const std::string& ref);

// "sha256-" and 64 hexadecimal digits: one that was pulled.
bool is_pulled_image(std::string_view ref) noexcept;
std::string pulled_image_file(const layout& where, std::string_view ref);

} // namespace varve::runner
