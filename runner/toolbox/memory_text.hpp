// In a child: texts at descriptors, without a file that others could see.
#pragma once

#include <string_view>

namespace varve::toolbox {

// False with errno.
bool write_all(int fd, std::string_view text);

// A memory file with both texts, read from its start, at this descriptor.
bool place_text(int place, std::string_view first, std::string_view second);

} // namespace varve::toolbox
