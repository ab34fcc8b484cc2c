// Names of stored objects: "<organization>/<context hash>/<name>". Every part
// is safe as the name of a file.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace varve::gateway {

struct object_key {
  std::string organization;
  std::string hash;
  std::string name;

  // Nothing when it has not three such parts: letters, digits, "._-", not
  // first a dot, 128 bytes at most.
  static std::optional<object_key> parse(std::string_view text);
  std::string text() const;

  friend bool operator==(const object_key&, const object_key&) = default;
};

bool is_key_part(std::string_view text) noexcept;

} // namespace varve::gateway
