// SHA-256 of what comes in pieces.
#pragma once

#include <memory>
#include <span>

#include "runner/archive/archive_store.hpp"

namespace varve::runner {

class sha256 {
 public:
  sha256();
  ~sha256();
  sha256(const sha256&) = delete;
  sha256& operator=(const sha256&) = delete;

  void add(std::span<const std::byte> bytes) noexcept;
  // Of all that was added; once.
  archive_hash take() noexcept;

 private:
  void* state_;
};

} // namespace varve::runner
