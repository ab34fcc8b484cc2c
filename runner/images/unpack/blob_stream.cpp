#include "runner/images/unpack/blob_stream.hpp"

#include <cerrno>
#include <cstring>

#include <unistd.h>

namespace varve::runner {

namespace {

constexpr std::size_t piece = 256 << 10;

long read_some(int fd, char* to, std::size_t size) noexcept {
  for (;;) {
    auto n = ::read(fd, to, size);
    if (n >= 0 || errno != EINTR)
      return n;
  }
}

} // namespace

blob_stream::blob_stream(int fd, std::uint64_t most)
    : fd_(fd), left_(most), raw_(archive_read_new()), in_(piece), out_(piece) {
  // nop
}

blob_stream::~blob_stream() {
  archive_read_free(raw_);
}

la_ssize_t blob_stream::feed(archive* a, void* self, const void** data) {
  auto& me = *static_cast<blob_stream*>(self);
  auto n = read_some(me.fd_, me.in_.data(), me.in_.size());
  if (n < 0) {
    archive_set_error(a, errno, "the blob cannot be read");
    return ARCHIVE_FATAL;
  }
  me.packed_.add(me.in_.data(), static_cast<std::size_t>(n));
  *data = me.in_.data();
  return n;
}

result<void> blob_stream::open() {
  archive_read_support_filter_gzip(raw_);
  archive_read_support_filter_zstd(raw_);
  archive_read_support_format_raw(raw_);
  archive_read_support_format_empty(raw_);
  archive_entry* entry = nullptr;
  if (archive_read_open(raw_, this, nullptr, feed, nullptr) != ARCHIVE_OK
      || archive_read_next_header(raw_, &entry) != ARCHIVE_OK)
    return failure(errc::malformed, "the layer cannot be read");
  return ok();
}

long blob_stream::next(const void** data) {
  if (!problem_.empty())
    return -1;
  auto n = archive_read_data(raw_, out_.data(), out_.size());
  if (n < 0) {
    auto* said = archive_error_string(raw_);
    problem_ = said == nullptr ? "the layer is damaged" : said;
    return -1;
  }
  auto size = static_cast<std::uint64_t>(n);
  if (size > left_) {
    problem_ = "the layer is larger than an image may be";
    return -1;
  }
  left_ -= size;
  unpacked_.add(out_.data(), static_cast<std::size_t>(n));
  *data = out_.data();
  return static_cast<long>(n);
}

result<void> blob_stream::finish(std::string& packed, std::string& unpacked) {
  const void* data = nullptr;
  long n = 0;
  do
    n = next(&data);
  while (n > 0);
  if (n < 0)
    return failure(errc::malformed, problem_);
  for (;;) {
    n = read_some(fd_, in_.data(), in_.size());
    if (n < 0)
      return failure(errc::io, "the blob cannot be read");
    if (n == 0)
      break;
    packed_.add(in_.data(), static_cast<std::size_t>(n));
  }
  packed = packed_.text();
  unpacked = unpacked_.text();
  return ok();
}

} // namespace varve::runner
