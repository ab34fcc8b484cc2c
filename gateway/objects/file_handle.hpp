// An open file that is closed when it goes.
#pragma once

#include <utility>

#include <unistd.h>

namespace varve::gateway {

class file_handle {
 public:
  explicit file_handle(int descriptor = -1) noexcept : fd_(descriptor) {
    // nop
  }
  file_handle(file_handle&& other) noexcept
      : fd_(std::exchange(other.fd_, -1)) {
    // nop
  }
  file_handle& operator=(file_handle&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~file_handle() {
    if (fd_ >= 0)
      ::close(fd_);
  }

  int get() const noexcept {
    return fd_;
  }
  explicit operator bool() const noexcept {
    return fd_ >= 0;
  }

 private:
  int fd_;
};

} // namespace varve::gateway
