// Limits on directories by project quota (ext4, xfs). They count only where
// the file system is mounted with it.
#pragma once

#include <cstdint>
#include <string>

#include "events/base/result.hpp"

namespace varve::runner {

struct quota_amounts {
  std::uint64_t bytes = 0;
  std::uint64_t files = 0; // inodes
};

// What is made in the empty `directory` from here on counts for `project`.
result<void> set_project(const std::string& directory, std::uint32_t project);

// Of the file system that `directory` lies on. 0 = no limit.
result<void> limit_project(const std::string& directory, std::uint32_t project,
                           const quota_amounts& limit);
result<quota_amounts> used_by_project(const std::string& directory,
                                      std::uint32_t project);

// Tries it out in a directory of its own below `directory`. unsupported with
// the reason where nothing is counted, or nothing refused.
result<void> try_project_quota(const std::string& directory,
                               std::uint32_t project);

} // namespace varve::runner
