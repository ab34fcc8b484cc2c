// A file that a caller's bytes are written to.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <sys/types.h>

namespace varve::toolbox::files {

class target_file {
 public:
  target_file() = default;
  target_file(const target_file&) = delete;
  target_file& operator=(const target_file&) = delete;
  ~target_file();

  // Makes missing parents and truncates what exists; follows symlinks.
  // Anything but a regular file is refused, and opening never blocks. False:
  // error() says which step failed.
  bool open(const std::string& path, mode_t parents);
  bool write(std::string_view bytes);
  bool close();

  bool is_open() const {
    return fd_ >= 0;
  }
  std::uint64_t written() const {
    return written_;
  }
  // "create: no such file or directory"
  const std::string& error() const {
    return error_;
  }
  int error_number() const {
    return error_number_;
  }

 private:
  bool fail(const char* step, int error);

  int fd_ = -1;
  int error_number_ = 0;
  std::uint64_t written_ = 0;
  std::string error_;
};

} // namespace varve::toolbox::files
