#include "gateway/objects/stored_file.hpp"

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

#include <dirent.h>
#include <fcntl.h>

namespace varve::gateway {

namespace {

constexpr long second = 1'000'000'000;

timespec time_of(timestamp t) noexcept {
  timespec out{};
  out.tv_sec = static_cast<time_t>(t / 1000);
  out.tv_nsec = static_cast<long>(t % 1000) * 1'000'000;
  return out;
}

timestamp from(const timespec& t) noexcept {
  return static_cast<timestamp>(t.tv_sec) * 1000
         + static_cast<timestamp>(t.tv_nsec / 1'000'000);
}

// Never the same twice in this process.
timespec next_time() noexcept {
  static std::atomic<long long> last{0};
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  long long wanted = static_cast<long long>(now.tv_sec) * second + now.tv_nsec;
  auto before = last.load();
  long long mine = 0;
  do
    mine = wanted > before ? wanted : before + 1;
  while (!last.compare_exchange_weak(before, mine));
  timespec out{};
  out.tv_sec = mine / second;
  out.tv_nsec = mine % second;
  return out;
}

} // namespace

object_error disk_error(const std::string& what) {
  auto why = errno;
  if (why == ENOSPC || why == EDQUOT)
    return {507, "InsufficientStorage", "There is no room for it"};
  return {500, "InternalError", what + ": " + std::strerror(why)};
}

std::string etag_of(const struct stat& file) {
  char out[40];
  auto written = static_cast<unsigned long long>(file.st_mtim.tv_sec) * second
                 + static_cast<unsigned long long>(file.st_mtim.tv_nsec);
  std::snprintf(out, sizeof out, "%016llx%016llx-1", written,
                static_cast<unsigned long long>(file.st_size));
  return out;
}

void mark_written(int file, timestamp used_at) noexcept {
  timespec times[2] = {time_of(used_at), next_time()};
  ::futimens(file, times);
}

void mark_used(const std::string& path, timestamp used_at) noexcept {
  timespec times[2] = {time_of(used_at), {0, UTIME_OMIT}};
  ::utimensat(AT_FDCWD, path.c_str(), times, AT_SYMLINK_NOFOLLOW);
}

timestamp used_at(const struct stat& file) noexcept {
  return from(file.st_atim);
}

timestamp written_at(const struct stat& file) noexcept {
  return from(file.st_mtim);
}

object_result<void> sync_directory(const std::string& path) {
  file_handle directory{
      ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (!directory || ::fsync(directory.get()) != 0)
    return disk_error("sync " + path);
  return ok();
}

object_result<bool> make_directory(const std::string& path) {
  if (::mkdir(path.c_str(), 0700) == 0)
    return true;
  if (errno != EEXIST)
    return disk_error("mkdir " + path);
  return false;
}

std::vector<std::string> names_in(const std::string& directory) {
  std::vector<std::string> out;
  auto close = [](DIR* d) { ::closedir(d); };
  std::unique_ptr<DIR, decltype(close)> open{::opendir(directory.c_str()),
                                             close};
  while (const auto* entry = open ? ::readdir(open.get()) : nullptr) {
    std::string_view name{entry->d_name};
    if (name != "." && name != "..")
      out.emplace_back(name);
  }
  return out;
}

void remove_directory_of_files(const std::string& path) {
  for (const auto& name : names_in(path))
    ::unlink((path + "/" + name).c_str());
  ::rmdir(path.c_str());
}

std::string read_small_file(const std::string& path, std::size_t most) {
  file_handle file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW)};
  std::string out(most, '\0');
  auto n = file ? ::read(file.get(), out.data(), out.size()) : 0;
  out.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
  return out;
}

object_result<void> write_small_file(const std::string& path,
                                     std::string_view text) {
  file_handle file{
      ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600)};
  if (!file)
    return disk_error("create " + path);
  BOOST_OUTCOME_TRYV(write_all(file.get(), text));
  if (::fdatasync(file.get()) != 0)
    return disk_error("sync " + path);
  return ok();
}

object_result<void> write_all(int file, std::string_view bytes) {
  while (!bytes.empty()) {
    auto n = ::write(file, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0)
      return disk_error("write");
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return ok();
}

} // namespace varve::gateway
