#include "runner/toolbox/files/source_file.hpp"

#include <algorithm>
#include <cerrno>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

#include "runner/toolbox/files/path.hpp"

namespace varve::toolbox::files {

namespace {

constexpr std::pair<std::string_view, std::string_view> content_types[] = {
    {"css", "text/css; charset=utf-8"},
    {"csv", "text/csv; charset=utf-8"},
    {"gif", "image/gif"},
    {"htm", "text/html; charset=utf-8"},
    {"html", "text/html; charset=utf-8"},
    {"jpeg", "image/jpeg"},
    {"jpg", "image/jpeg"},
    {"js", "text/javascript; charset=utf-8"},
    {"json", "application/json"},
    {"md", "text/markdown; charset=utf-8"},
    {"mp4", "video/mp4"},
    {"pdf", "application/pdf"},
    {"png", "image/png"},
    {"svg", "image/svg+xml"},
    {"txt", "text/plain; charset=utf-8"},
    {"wasm", "application/wasm"},
    {"webp", "image/webp"},
    {"xml", "text/xml; charset=utf-8"},
    {"zip", "application/zip"}};

} // namespace

source_file::~source_file() {
  if (fd_ >= 0)
    ::close(fd_);
}

outcome<void> source_file::open(const std::string& path,
                                const std::string& shown) {
  fd_ = ::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  if (fd_ < 0 || ::fstat(fd_, &status_) != 0)
    return file_problem(errno, shown);
  if (S_ISDIR(status_.st_mode))
    return file_problem(EISDIR, shown);
  if (!S_ISREG(status_.st_mode))
    return invalid_path("not a regular file: " + shown);
  return boost::outcome_v2::success();
}

bool source_file::send(exchange& ex, std::uint64_t first,
                       std::uint64_t length) const {
  std::vector<char> buffer(exchange::buffer_size);
  // The kernel reads further ahead.
  ::posix_fadvise(fd_, 0, 0, POSIX_FADV_SEQUENTIAL);
  while (length > 0) {
    auto want = std::min<std::uint64_t>(length, buffer.size());
    auto n = ::pread(fd_, buffer.data(), want, static_cast<off_t>(first));
    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0)
      return false;
    auto size = static_cast<std::size_t>(n);
    if (!ex.write({buffer.data(), size}))
      return false;
    first += size;
    length -= size;
  }
  return true;
}

std::string content_type_of(std::string_view path) {
  auto name = path.substr(path.rfind('/') + 1);
  auto dot = name.rfind('.');
  if (dot != std::string_view::npos)
    for (const auto& [extension, type] : content_types)
      if (name.substr(dot + 1) == extension)
        return std::string{type};
  return "application/octet-stream";
}

} // namespace varve::toolbox::files
