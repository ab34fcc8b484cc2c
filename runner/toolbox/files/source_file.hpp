// A file whose bytes a caller gets.
#pragma once

#include <cstdint>
#include <string>

#include <sys/stat.h>

#include "runner/toolbox/errand.hpp"

namespace varve::toolbox::files {

class source_file {
 public:
  source_file() = default;
  source_file(const source_file&) = delete;
  source_file& operator=(const source_file&) = delete;
  ~source_file();

  // Opening never blocks; `shown` is the path as the caller wrote it. What is
  // not a regular file is a problem.
  outcome<void> open(const std::string& path, const std::string& shown);

  std::uint64_t size() const {
    return static_cast<std::uint64_t>(status_.st_size);
  }
  const struct stat& status() const {
    return status_;
  }

  // Sends exactly `length` bytes from `first`; false when the file has become
  // shorter or cannot be read. The answer is then left unfinished.
  bool send(exchange& ex, std::uint64_t first, std::uint64_t length) const;

 private:
  int fd_ = -1;
  struct stat status_ {};
};

// By the name's extension, else application/octet-stream.
std::string content_type_of(std::string_view path);

} // namespace varve::toolbox::files
