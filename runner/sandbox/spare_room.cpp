#include "runner/sandbox/spare_room.hpp"

#include <algorithm>
#include <cerrno>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "runner/kernel/files.hpp"
#include "runner/kernel/project_quota.hpp"
#include "runner/kernel/remove_tree.hpp"
#include "runner/kernel/system_error.hpp"
#include "runner/kernel/unique_fd.hpp"

namespace varve::runner {

namespace {

constexpr std::uint64_t spare_bytes = 2 << 20;
constexpr std::uint64_t spare_files = 64;
constexpr std::uint64_t file_bytes = spare_bytes / spare_files;
// Below this much free room the spare is given.
constexpr std::uint64_t little_bytes = 4 << 20;
constexpr std::uint64_t little_files = 128;
// As in an image: a file for each of these.
constexpr std::uint64_t bytes_for_a_file = 16 << 10;

std::string spare_of(const std::string& root) {
  return root + "/spare";
}

bool has_little(const std::string& root) {
  struct statvfs status {};
  return ::statvfs(root.c_str(), &status) != 0
         || status.f_bavail * status.f_frsize < little_bytes
         || status.f_favail < little_files;
}

std::string file_of(const std::string& spare, std::uint64_t number) {
  return spare + "/" + std::to_string(number);
}

// They are made in order.
bool is_whole(const std::string& spare) {
  struct stat status {};
  return ::stat(file_of(spare, spare_files - 1).c_str(), &status) == 0
         && static_cast<std::uint64_t>(status.st_size) == file_bytes;
}

quota_amounts limit_of(const disk_size& size) {
  return {bytes_of(size.gib), bytes_of(size.gib) / bytes_for_a_file};
}

} // namespace

// Without room there is less of a spare, and no more to be done about it.
result<void> fill_spare(const std::string& root) {
  auto spare = spare_of(root);
  if (is_whole(spare))
    return ok();
  if (auto made = make_directory(spare, 0700); !made)
    return has_little(root) ? ok() : result<void>{made.error()};
  for (std::uint64_t i = 0; i < spare_files; ++i) {
    auto path = file_of(spare, i);
    unique_fd fd{::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600)};
    if (!fd && errno == ENOSPC)
      return ok();
    if (!fd)
      return last_error("open " + path);
    if (::fallocate(fd.get(), 0, 0, static_cast<off_t>(file_bytes)) != 0
        && errno != ENOSPC && errno != EOPNOTSUPP)
      return last_error("fallocate " + path);
  }
  return ok();
}

result<void> give_spare(const writable_layer& layer, const disk_size& size) {
  if (layer.method() == disk_method::image)
    return has_little(layer.root()) ? remove_tree(spare_of(layer.root()))
                                    : ok();
  if (layer.method() == disk_method::none)
    return ok();
  auto limit = limit_of(size);
  VARVE_TRY(auto used, used_by_project(layer.root(), size.project));
  limit.bytes = std::max(limit.bytes, used.bytes + spare_bytes);
  limit.files = std::max(limit.files, used.files + spare_files);
  return limit_project(layer.root(), size.project, limit);
}

result<void> give_all_spare(const writable_layer& layer,
                            const disk_size& size) {
  if (layer.method() == disk_method::image)
    return remove_tree(spare_of(layer.root()));
  if (layer.method() == disk_method::none)
    return ok();
  auto limit = limit_of(size);
  limit.bytes += spare_bytes;
  limit.files += spare_files;
  return limit_project(layer.root(), size.project, limit);
}

result<void> take_spare(const writable_layer& layer, const disk_size& size) {
  if (layer.method() == disk_method::image)
    return fill_spare(layer.root());
  if (layer.method() == disk_method::none)
    return ok();
  return limit_project(layer.root(), size.project, limit_of(size));
}

} // namespace varve::runner
