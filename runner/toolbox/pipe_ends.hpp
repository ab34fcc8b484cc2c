// Both ends of a pipe until somebody takes them over.
#pragma once

#include <utility>

#include <fcntl.h>
#include <unistd.h>

namespace varve::toolbox {

struct pipe_ends {
  int read = -1;
  int write = -1;

  pipe_ends() = default;
  pipe_ends(const pipe_ends&) = delete;
  ~pipe_ends() {
    close_write();
    if (read >= 0)
      ::close(read);
  }

  bool open() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0)
      return false;
    read = ends[0];
    write = ends[1];
    return true;
  }
  int release_read() {
    return std::exchange(read, -1);
  }
  int release_write() {
    return std::exchange(write, -1);
  }
  void close_write() {
    if (write >= 0)
      ::close(std::exchange(write, -1));
  }
};

} // namespace varve::toolbox
