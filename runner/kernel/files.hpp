// Small files and directories of our own. Paths are absolute.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

#include "events/base/result.hpp"

namespace varve::runner {

// The whole of a file of at most `limit` bytes; errc::too_large beyond.
result<std::string> read_file(const std::string& path,
                              std::size_t limit = 1 << 20);

// Creates or replaces in place; for /proc, cgroups and run-time files.
result<void> write_file(const std::string& path, std::string_view text,
                        mode_t mode = 0644);

// Replaces at once or not at all; `durable` also survives a loss of power.
result<void> write_file_atomic(const std::string& path, std::string_view text,
                               mode_t mode, bool durable);

// The directory and its missing parents; an existing one is fine.
result<void> make_directories(const std::string& path, mode_t mode = 0755);

// One directory; says whether it was made by this call.
result<bool> make_directory(const std::string& path, mode_t mode);

// Removes one file or empty directory; a missing one is fine.
result<void> remove_file(const std::string& path);

// Names without "." and "..", sorted; a missing directory is empty.
result<std::vector<std::string>> list_directory(const std::string& path);

bool exists(const std::string& path) noexcept;

// Bytes an unprivileged writer could still use; 0 when unknown.
std::uint64_t free_bytes(const std::string& path) noexcept;

} // namespace varve::runner
