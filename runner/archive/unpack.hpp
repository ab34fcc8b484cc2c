// What pack_tree made, back into a directory.
#pragma once

#include <functional>
#include <span>
#include <string>

#include "runner/archive/tree_work.hpp"

namespace varve::runner {

using byte_source = std::function<result<std::size_t>(std::span<std::byte>)>;

// Into the directory `root`, which is there and empty. Nothing is ever made
// elsewhere, whatever the stream says. malformed when it is not such a stream.
result<void> unpack_tree(const std::string& root, std::uint32_t id_base,
                         const byte_source& source, const work_limit& limit);

} // namespace varve::runner
