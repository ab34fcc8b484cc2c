// A directory as text, for comparing two of them.
#pragma once

#include <cstdint>
#include <string>

namespace varve::runner {

// A line for each entry: path, kind, mode, owner counted from `id_base`,
// times, size, what it holds, whose name it shares, attributes.
std::string tree_view(const std::string& root, std::uint32_t id_base);

} // namespace varve::runner
