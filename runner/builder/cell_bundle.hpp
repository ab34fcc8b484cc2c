// What a build finds where it runs: the bundle of the OCI runtime, the few
// files of /etc, and the script that makes the image.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "events/base/result.hpp"

namespace varve::runner {

struct cell_bundle {
  std::string run; // directory that gets it all
  std::uint32_t uid_base = 0;
  std::uint64_t open_files = 0;
  std::string gateway; // answers DNS
  std::string dockerfile;
  std::vector<std::string> images; // one for each of the bases, by its place
  std::size_t contexts = 0;        // tar files below the space's contexts/
};

result<void> write_bundle(const cell_bundle& what);

} // namespace varve::runner
