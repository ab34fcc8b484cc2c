#include "runner/kernel/sparse_copy.hpp"

#include <cerrno>

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "runner/kernel/system_error.hpp"

namespace varve::runner {

namespace {

result<void> copy_range(int from, int to, off_t begin, off_t end) {
  auto in = begin, out = begin;
  while (in < end) {
    auto n = ::copy_file_range(from, &in, to, &out,
                               static_cast<std::size_t>(end - in), 0);
    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0)
      return last_error("copy_file_range");
    if (n == 0)
      return failure(errc::io, "the file became shorter");
  }
  return ok();
}

result<void> copy_data(int from, int to) {
  auto size = ::lseek(from, 0, SEEK_END);
  if (size < 0 || ::ftruncate(to, size) != 0)
    return last_error("size");
  for (off_t at = 0; at < size;) {
    auto begin = ::lseek(from, at, SEEK_DATA);
    if (begin < 0 && errno == ENXIO)
      return ok();
    auto end = begin < 0 ? begin : ::lseek(from, begin, SEEK_HOLE);
    if (end < 0)
      return last_error("seek");
    VARVE_CHECK(copy_range(from, to, begin, end));
    at = end;
  }
  return ok();
}

} // namespace

result<unique_fd> copy_sparse(const std::string& from, const std::string& to) {
  unique_fd in{::open(from.c_str(), O_RDONLY | O_CLOEXEC)};
  if (!in)
    return last_error("open " + from);
  unique_fd out{
      ::open(to.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600)};
  if (!out)
    return last_error("open " + to);
  if (::ioctl(out.get(), FICLONE, in.get()) != 0) {
    auto copied = copy_data(in.get(), out.get());
    if (!copied)
      return prefixed("copy " + from, copied.error());
  }
  if (::fsync(out.get()) != 0)
    return last_error("fsync " + to);
  return out;
}

} // namespace varve::runner
