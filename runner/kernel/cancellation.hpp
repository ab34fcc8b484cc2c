// A wish that whatever waits should end: a descriptor that becomes readable.
#pragma once

#include <cstdint>

#include <sys/eventfd.h>

#include "runner/kernel/unique_fd.hpp"

namespace varve::runner {

// Any thread.
class cancellation {
 public:
  cancellation() : fd_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    // nop
  }

  void request() noexcept {
    std::uint64_t one = 1;
    [[maybe_unused]] auto n = ::write(fd_.get(), &one, sizeof one);
  }

  // For poll(2); -1, which poll ignores, when there is none.
  int descriptor() const noexcept {
    return fd_.get();
  }

 private:
  unique_fd fd_;
};

} // namespace varve::runner
