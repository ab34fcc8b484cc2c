// Remembers beside the database how far every partition's log is known to
// reach, so that a cut or rewritten tail shows.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>

#include "events/record.hpp"

namespace varve::log {

// A small file mapped into memory: a mark costs no system call, outlives the
// process and, being made only after the commit's fsync, never reaches
// further than the log. Lost or older marks (a power failure) weaken the check
// and nothing else. The committer's thread only.
class head_marks {
 public:
  // Makes the file when there is none, with marks at nothing.
  static result<std::unique_ptr<head_marks>> open(const std::string& path);
  head_marks(const head_marks&) = delete;
  head_marks& operator=(const head_marks&) = delete;
  ~head_marks();

  // The newest mark that is intact; next_index 0 = none.
  chain_head at(std::uint16_t partition) const noexcept;
  void set(std::uint16_t partition, const chain_head& head) noexcept;

 private:
  // A mark is written over the older of two, so that one is always whole.
  struct slot {
    std::uint64_t next_index;
    std::uint64_t epoch;
    std::uint64_t time;
    digest hash;
    std::uint64_t check;
  };
  using slots = std::array<std::array<slot, 2>, partition_count>;

  explicit head_marks(slots* mapped) noexcept : mapped_(mapped) {
    // nop
  }
  static std::uint64_t check_of(const slot& s) noexcept;
  static bool is_whole(const slot& s) noexcept;

  slots* mapped_;
};

} // namespace varve::log
