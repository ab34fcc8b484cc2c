// Extended attributes of one file, whatever kind it is, with the user and
// group ids in them counted from where a sandbox's ids begin.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <sys/types.h>

#include "events/base/result.hpp"

namespace varve::runner {

struct attribute {
  std::string name;
  std::string value;
};

// Of `name` in the open directory `parent`; a link is not followed. All that
// root sees, overlayfs' own too.
result<std::vector<attribute>> attributes_of(int parent, const char* name,
                                             std::uint32_t id_base);

result<void> set_attributes(int parent, const char* name,
                            const std::vector<attribute>& attributes,
                            std::uint32_t id_base);

// An id of the host as the sandbox has it. Those of nobody's range, which are
// root's, belong to what overlayfs made for itself.
std::uint32_t inner_id(std::uint32_t id, std::uint32_t id_base) noexcept;
std::uint32_t outer_id(std::uint32_t id, std::uint32_t id_base) noexcept;

} // namespace varve::runner
