// A sandbox's disk as a file: sparse, with an ext4 file system in it, which is
// mounted at no place (kernel/detached_mount.hpp).
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "events/base/result.hpp"
#include "runner/kernel/unique_fd.hpp"

namespace varve::runner {

// Whether the programs are there that make and grow file systems; unsupported
// with the name of what is missing.
result<void> check_image_programs();

// Made at `scratch`, which is `path` once it is complete.
result<void> format_image(const std::string& path, const std::string& scratch,
                          std::uint64_t bytes);

// The root of its file system. Waits at most `limit` for a mount before to
// come to its end; too_busy then.
result<unique_fd> mount_image(const std::string& path,
                              std::chrono::milliseconds limit);

// One more mount of what a running sandbox has mounted, if it has.
result<unique_fd> mount_image_again(const std::string& path);

// Whether no loop device lies over it any more, within `limit`. A missing
// file is free.
bool wait_until_free(const std::string& path, std::chrono::milliseconds limit);

// Nothing when it is as large already; else waits at most `limit` for the last
// mount to end, too_busy then. What fails half-way is completed by the next
// call.
result<void> grow_image(const std::string& path, std::uint64_t bytes,
                        std::chrono::milliseconds limit);

} // namespace varve::runner
