// Files of object storage: their times and etags, and making their names last.
#pragma once

#include <string>
#include <vector>

#include <sys/stat.h>

#include "events/base/clock.hpp"
#include "gateway/objects/file_handle.hpp"
#include "gateway/objects/object_error.hpp"

namespace varve::gateway {

// InternalError with what the kernel said, or InsufficientStorage.
object_error disk_error(const std::string& what);

// From size and time of the last write, which is set to a time that no other
// write has. Looks like that of an object in parts, so that nobody takes it
// for an MD5.
std::string etag_of(const struct stat& file);
void mark_written(int file, timestamp used_at) noexcept;
void mark_used(const std::string& path, timestamp used_at) noexcept;
timestamp used_at(const struct stat& file) noexcept;
timestamp written_at(const struct stat& file) noexcept;

object_result<void> sync_directory(const std::string& path);
// False: it was there.
object_result<bool> make_directory(const std::string& path);
// Without "." and ".."; nothing when it cannot be read.
std::vector<std::string> names_in(const std::string& directory);
void remove_directory_of_files(const std::string& path);

// All of a small file, `most` bytes at most.
std::string read_small_file(const std::string& path, std::size_t most);
object_result<void> write_small_file(const std::string& path,
                                     std::string_view text);
object_result<void> write_all(int file, std::string_view bytes);

} // namespace varve::gateway
