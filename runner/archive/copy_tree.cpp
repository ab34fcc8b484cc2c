#include "runner/archive/copy_tree.hpp"

#include <algorithm>
#include <array>
#include <cerrno>

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>

#include "runner/archive/attributes.hpp"
#include "runner/kernel/system_error.hpp"

namespace varve::runner {

namespace {

constexpr std::size_t piece = 16 << 20;
constexpr std::size_t block = 256 << 10;

class copier {
 public:
  copier(std::uint32_t from_base, std::uint32_t to_base,
         const work_limit& limit)
      : from_base_(from_base), to_base_(to_base), limit_(limit) {
    // nop
  }

  result<void> run(const std::string& from, const std::string& to) {
    unique_fd source{::open(from.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    if (!source)
      return last_error("open " + from);
    unique_fd target{::open(to.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    if (!target)
      return last_error("open " + to);
    root_ = target.get();
    VARVE_CHECK(copy_below(source.get(), target.get(), ".", 0));
    struct stat status {};
    if (::fstat(source.get(), &status) != 0)
      return last_error("stat " + from);
    return dress(source.get(), target.get(), ".", status);
  }

 private:
  result<void> copy_below(int from, int to, const std::string& path,
                          unsigned depth) {
    if (depth > deepest_directory)
      return failure(errc::unsupported, "directories are nested too deeply");
    VARVE_TRY(auto names, names_in(from));
    for (const auto& name : names) {
      VARVE_CHECK(limit_.check());
      auto done = copy(from, to, name, path + "/" + name, depth);
      if (!done)
        return done;
    }
    return ok();
  }

  result<void> copy(int from, int to, const std::string& name,
                    const std::string& path, unsigned depth) {
    struct stat status {};
    const auto* n = name.c_str();
    if (::fstatat(from, n, &status, AT_SYMLINK_NOFOLLOW) != 0)
      return last_error("stat " + path);
    if (S_ISSOCK(status.st_mode))
      return ok();
    if (auto earlier = links_.earlier(status, path);
        earlier && ::linkat(root_, earlier->c_str(), to, n, 0) == 0)
      return ok();
    if (auto made = make(from, to, n, path, status); !made)
      return made;
    if (S_ISDIR(status.st_mode)) {
      VARVE_TRY(auto source, open_directory(from, n));
      VARVE_TRY(auto target, open_directory(to, n));
      VARVE_CHECK(copy_below(source.get(), target.get(), path, depth + 1));
    }
    return dress(from, to, n, status);
  }

  result<void> make(int from, int to, const char* name, const std::string& path,
                    const struct stat& status) {
    auto done = 0;
    if (S_ISREG(status.st_mode))
      return copy_file(from, to, name, path, status.st_size);
    if (S_ISDIR(status.st_mode))
      done = ::mkdirat(to, name, 0700);
    else if (S_ISLNK(status.st_mode))
      return copy_link(from, to, name, path);
    else
      done = ::mknodat(to, name, status.st_mode & S_IFMT, status.st_rdev);
    return done == 0 ? result<void>{ok()} : last_error("make " + path);
  }

  static result<void> copy_link(int from, int to, const char* name,
                                const std::string& path) {
    std::array<char, 4097> target{};
    auto n = ::readlinkat(from, name, target.data(), target.size() - 1);
    if (n < 0 || ::symlinkat(target.data(), to, name) != 0)
      return last_error("copy link " + path);
    return ok();
  }

  result<void> copy_file(int from, int to, const char* name,
                         const std::string& path, off_t size) {
    unique_fd source{
        ::openat(from, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NOATIME)};
    if (!source)
      return last_error("open " + path);
    unique_fd target{::openat(
        to, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600)};
    if (!target)
      return last_error("make " + path);
    if (size == 0 || ::ioctl(target.get(), FICLONE, source.get()) == 0)
      return ok();
    for (off_t at = 0;;) {
      VARVE_TRY(auto data, next_extent(source.get(), at, size));
      if (!data)
        break;
      VARVE_CHECK(copy_extent(source.get(), target.get(), *data, path));
      at = data->begin + data->size;
    }
    if (::ftruncate(target.get(), size) != 0)
      return last_error("set the size of " + path);
    return ok();
  }

  result<void> copy_extent(int from, int to, extent what,
                           const std::string& path) {
    while (what.size > 0) {
      VARVE_CHECK(limit_.check());
      auto begin = what.begin;
      auto n = ::copy_file_range(
          from, &what.begin, to, &begin,
          std::min(piece, static_cast<std::size_t>(what.size)), 0);
      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0 && (errno == EXDEV || errno == EOPNOTSUPP))
        return copy_bytes(from, to, what, path);
      if (n < 0)
        return last_error("copy " + path);
      if (n == 0)
        return failure(errc::io, path + " became shorter meanwhile");
      what.size -= n;
    }
    return ok();
  }

  // From one file system to another, as disks in images are.
  result<void> copy_bytes(int from, int to, extent what,
                          const std::string& path) {
    buffer_.resize(block);
    while (what.size > 0) {
      VARVE_CHECK(limit_.check());
      auto size = std::min(block, static_cast<std::size_t>(what.size));
      auto n = ::pread(from, buffer_.data(), size, what.begin);
      if (n < 0)
        return last_error("read " + path);
      if (n == 0)
        return failure(errc::io, path + " became shorter meanwhile");
      VARVE_CHECK(write_all(to, static_cast<std::size_t>(n), what.begin, path));
      what.begin += n;
      what.size -= n;
    }
    return ok();
  }

  result<void> write_all(int to, std::size_t size, off_t at,
                         const std::string& path) const {
    for (std::size_t done = 0; done < size;) {
      auto n = ::pwrite(to, buffer_.data() + done, size - done,
                        at + static_cast<off_t>(done));
      if (n < 0)
        return last_error("write " + path);
      done += static_cast<std::size_t>(n);
    }
    return ok();
  }

  // Owner first: a new one takes set-id bits and capabilities away.
  result<void> dress(int from, int to, const char* name,
                     const struct stat& status) const {
    auto id = [this](std::uint32_t of) {
      return outer_id(inner_id(of, from_base_), to_base_);
    };
    if (::fchownat(to, name, id(status.st_uid), id(status.st_gid),
                   AT_SYMLINK_NOFOLLOW)
        != 0)
      return last_error("own");
    if (!S_ISLNK(status.st_mode)
        && ::fchmodat(to, name, status.st_mode & 07777, 0) != 0)
      return last_error("set the mode");
    VARVE_TRY(auto attributes, attributes_of(from, name, from_base_));
    VARVE_CHECK(set_attributes(to, name, attributes, to_base_));
    std::array<struct timespec, 2> times{status.st_atim, status.st_mtim};
    if (::utimensat(to, name, times.data(), AT_SYMLINK_NOFOLLOW) != 0)
      return last_error("set the times");
    return ok();
  }

  std::uint32_t from_base_, to_base_;
  const work_limit& limit_;
  int root_ = -1;
  std::vector<std::byte> buffer_;
  link_names links_;
};

} // namespace

result<void> copy_tree(const std::string& from, std::uint32_t from_base,
                       const std::string& to, std::uint32_t to_base,
                       const work_limit& limit) {
  return copier{from_base, to_base, limit}.run(from, to);
}

} // namespace varve::runner
