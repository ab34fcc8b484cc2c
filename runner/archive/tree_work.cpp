#include "runner/archive/tree_work.hpp"

#include <algorithm>
#include <cerrno>

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>

#include "runner/kernel/system_error.hpp"

namespace varve::runner {

result<void> work_limit::check() const {
  std::array<struct pollfd, 2> wishes{};
  for (std::size_t i = 0; i < cancels.size(); ++i)
    wishes[i] = {cancels[i], POLLIN, 0};
  if (::poll(wishes.data(), wishes.size(), 0) > 0)
    return failure(errc::shutting_down, "it was called off");
  if (std::chrono::steady_clock::now() > deadline)
    return failure(errc::timed_out, "it took too long");
  return ok();
}

result<unique_fd> open_directory(int parent, const char* name) {
  unique_fd out{
      ::openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)};
  if (!out)
    return last_error(std::string{"open directory "} + name);
  return out;
}

result<std::vector<std::string>> names_in(int directory) {
  VARVE_TRY(auto copy, open_directory(directory, "."));
  auto* dir = ::fdopendir(copy.get());
  if (dir == nullptr)
    return last_error("read a directory");
  copy.release();
  std::vector<std::string> out;
  errno = 0;
  while (auto* entry = ::readdir(dir)) {
    std::string name{entry->d_name};
    if (name != "." && name != "..")
      out.push_back(std::move(name));
  }
  auto number = errno;
  ::closedir(dir);
  if (number != 0)
    return system_error("read a directory", number);
  return out;
}

result<std::optional<extent>> next_extent(int file, off_t from, off_t end) {
  std::optional<extent> none;
  if (from >= end)
    return none;
  auto begin = ::lseek(file, from, SEEK_DATA);
  if (begin < 0 && errno == ENXIO)
    return none;
  if (begin < 0)
    return last_error("look for data");
  auto hole = ::lseek(file, begin, SEEK_HOLE);
  if (hole < 0)
    return last_error("look for a hole");
  if (begin >= end)
    return none;
  return std::optional{extent{begin, std::min(hole, end) - begin}};
}

std::optional<std::string> link_names::earlier(const struct stat& file,
                                               const std::string& name) {
  if (file.st_nlink < 2 || S_ISDIR(file.st_mode))
    return std::nullopt;
  auto key = std::pair{file.st_dev, file.st_ino};
  auto found = names_.find(key);
  if (found == names_.end()) {
    names_.emplace(key, known{name, file.st_nlink - 1});
    return std::nullopt;
  }
  auto out = found->second.name;
  if (--found->second.left == 0)
    names_.erase(found);
  return out;
}

} // namespace varve::runner
