// One image layer, from a tar archive to a lower directory of an overlay.
#pragma once

#include <cstdint>
#include <string>

#include "events/base/result.hpp"

namespace varve::runner {

struct layer_limits {
  std::uint64_t bytes = 0;   // of the archive, and of all files in it
  std::uint64_t entries = 0; // files, directories, links
};

struct unpacked_layer {
  std::uint64_t bytes = 0;
  std::uint64_t entries = 0;
  std::uint64_t left_out = 0; // devices and sockets, which no sandbox may have
};

// Unpacks the archive in `blob` into the root directory of the calling
// process, which is the new layer and holds nothing else. Whiteouts become
// those of overlayfs; of extended attributes only user ones and capabilities
// stay. Errors: malformed for a damaged one, one with other digests, or names
// that lead elsewhere; too_large beyond the limits.
result<unpacked_layer> unpack_layer(int blob, const std::string& digest,
                                    const std::string& diff_id,
                                    layer_limits limits);

// The name of an entry without "/" and "./" before it; malformed when it would
// lead out of the layer or holds NUL.
result<std::string> entry_path(const char* name);

} // namespace varve::runner
