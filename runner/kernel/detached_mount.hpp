// A mount that is at no place in the tree. It is reached through its
// descriptor, and gone with the last one, however the process ends.
#pragma once

#include <span>
#include <string>

#include "events/base/result.hpp"
#include "runner/kernel/unique_fd.hpp"

namespace varve::runner {

// Options are flags without values.
result<unique_fd> mount_detached(const std::string& type,
                                 const std::string& source,
                                 std::span<const char* const> options);

// Puts it into the caller's mount namespace.
result<void> place_mount(int mount, const std::string& target);

// Its root, for this process and for others of the same user, while the
// descriptor is open.
std::string path_of(const unique_fd& directory);

} // namespace varve::runner
