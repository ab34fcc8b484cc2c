// What registries and image layouts say about an image, as JSON. What they say
// is not trusted: every digest is checked to be one.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "events/base/result.hpp"

namespace varve::runner {

// "sha256:" and 64 lowercase hexadecimal digits.
bool is_digest(std::string_view text) noexcept;
// The digits.
std::string_view hex_of(std::string_view digest) noexcept;

// "amd64", "arm64", ...: what this machine is called in an index.
std::string_view host_architecture() noexcept;

struct manifest {
  std::string config; // digest
  std::vector<std::string> layers;
  std::uint64_t size_bytes = 0; // of all layers as they are moved
};

// The manifest for this machine in an index of many; empty when `text` is no
// index. Errors: malformed, unsupported when there is none for this machine.
result<std::string> choose_from_index(std::string_view text,
                                      std::string_view architecture);

// Errors: malformed, unsupported for what is no image of a container.
result<manifest> parse_manifest(std::string_view text);

// The only manifest of an image layout's index.json.
result<std::string> parse_layout_index(std::string_view text);

struct image_config {
  std::string architecture;
  std::vector<std::string> diff_ids;
  std::vector<std::string> env;
  std::vector<std::string> entrypoint; // and command
  std::string user;
  std::string workdir;
};

result<image_config> parse_image_config(std::string_view text);

} // namespace varve::runner
