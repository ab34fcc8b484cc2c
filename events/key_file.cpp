#include "events/secret_key.hpp"

#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "events/base/ids.hpp"

namespace varve {

namespace {

class descriptor {
 public:
  explicit descriptor(int fd) noexcept : fd_{fd} {
    // nop
  }
  descriptor(const descriptor&) = delete;
  descriptor& operator=(const descriptor&) = delete;
  ~descriptor() {
    if (fd_ >= 0)
      ::close(fd_);
  }
  int get() const noexcept {
    return fd_;
  }

 private:
  int fd_;
};

error refused(const std::string& path, std::string_view why) {
  return {errc::io, "master key " + path + ": " + std::string{why}};
}

error failed(const std::string& path, std::string_view what) {
  std::string why{what};
  why += ": ";
  why += std::strerror(errno);
  return refused(path, why);
}

std::string parent_of(const std::string& path) {
  auto slash = path.rfind('/');
  if (slash == std::string::npos)
    return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

result<void> sync_directory(const std::string& path) {
  descriptor dir{
      ::open(parent_of(path).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (dir.get() < 0 || ::fsync(dir.get()) != 0)
    return failed(path, "cannot sync its directory");
  return ok();
}

result<void> write_new(const std::string& path) {
  descriptor file{::open(path.c_str(),
                         O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                         0600)};
  if (file.get() < 0)
    return failed(path, "cannot create it");
  secret_key fresh;
  random_bytes(fresh.data(), secret_key::size);
  if (::write(file.get(), fresh.data(), secret_key::size)
      != static_cast<ssize_t>(secret_key::size))
    return failed(path, "cannot write it");
  if (::fsync(file.get()) != 0)
    return failed(path, "cannot sync it");
  return ok();
}

} // namespace

result<void> read_key_file(const std::string& path, secret_key& into) {
  descriptor file{::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC)};
  if (file.get() < 0)
    return failed(path, "cannot open it");
  struct stat info {};
  if (::fstat(file.get(), &info) != 0)
    return failed(path, "cannot look at it");
  if (!S_ISREG(info.st_mode))
    return refused(path, "is not a plain file");
  if ((info.st_mode & 077) != 0)
    return refused(path, "others than its owner can read it; chmod 600 it");
  if (info.st_uid != ::geteuid() && info.st_uid != 0)
    return refused(path, "belongs to another user");
  if (info.st_size != static_cast<off_t>(secret_key::size))
    return refused(path, "is not 32 bytes long");
  if (::read(file.get(), into.data(), secret_key::size)
      != static_cast<ssize_t>(secret_key::size))
    return failed(path, "cannot read it");
  return ok();
}

// A name of its own first, then link(2), which never replaces: a key half
// written never bears the real name.
result<void> make_key_file(const std::string& path) {
  auto unfinished = path + ".new";
  if (::unlink(unfinished.c_str()) != 0 && errno != ENOENT)
    return failed(unfinished, "cannot remove an unfinished one");
  VARVE_CHECK(write_new(unfinished));
  if (::link(unfinished.c_str(), path.c_str()) != 0) {
    auto why = failed(path, "cannot create it");
    ::unlink(unfinished.c_str());
    return why;
  }
  ::unlink(unfinished.c_str());
  return sync_directory(path);
}

} // namespace varve
