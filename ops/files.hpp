// Small files that must be whole or absent.
#pragma once

#include <string>

#include "events/base/result.hpp"

namespace varve::ops {

result<std::string> read_file(const std::string& path);

// Written to a temporary name, synced and renamed; only its owner can read it.
result<void> write_private_file(const std::string& path,
                                const std::string& content);

// Makes it with mode 0700; fine when it is there.
result<void> make_private_directory(const std::string& path);

// Holds an exclusive lock until destroyed; conflict when somebody else has it.
class file_lock {
 public:
  static result<file_lock> take(const std::string& path);
  file_lock(file_lock&& other) noexcept;
  file_lock& operator=(file_lock&& other) noexcept;
  ~file_lock();

 private:
  explicit file_lock(int fd) noexcept : fd_(fd) {
    // nop
  }
  int fd_ = -1;
};

} // namespace varve::ops
