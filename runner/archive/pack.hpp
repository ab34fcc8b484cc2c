// Files of a sandbox into one stream: tar (pax) compressed with zstd. Ids are
// the sandbox's own; sparse files, hard links, extended attributes and
// overlayfs' whiteouts stay what they are. Sockets, which mean nothing without
// their listener, are left out.
#pragma once

#include <functional>
#include <span>
#include <string>

#include "runner/archive/tree_work.hpp"

namespace varve::runner {

using byte_sink = std::function<result<void>(std::span<const std::byte>)>;

// Everything below the directory `root`, and its own attributes, which must
// not change meanwhile.
result<void> pack_tree(const std::string& root, std::uint32_t id_base,
                       const byte_sink& sink, const work_limit& limit);

} // namespace varve::runner
