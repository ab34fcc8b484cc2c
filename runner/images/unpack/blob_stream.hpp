// A layer's bytes as they are in its tar archive: decompressed, counted and
// hashed on both sides.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <archive.h>

#include "events/base/result.hpp"
#include "runner/images/unpack/digest.hpp"

namespace varve::runner {

// gzip, zstd or plain. One thread.
class blob_stream {
 public:
  // Reads from `fd`, which stays the caller's; more than `most` bytes that
  // come out are an error.
  blob_stream(int fd, std::uint64_t most);
  ~blob_stream();
  blob_stream(const blob_stream&) = delete;
  blob_stream& operator=(const blob_stream&) = delete;

  result<void> open();

  // The next bytes, valid until the next call; 0 at the end, -1 on an error,
  // which `problem` says.
  long next(const void** data);
  const std::string& problem() const noexcept {
    return problem_;
  }

  // Reads what is left, then says the digests of what went in and came out.
  result<void> finish(std::string& packed, std::string& unpacked);

 private:
  static la_ssize_t feed(archive*, void* self, const void** data);

  int fd_;
  std::uint64_t left_;
  archive* raw_ = nullptr;
  std::vector<char> in_, out_;
  running_digest packed_, unpacked_;
  std::string problem_;
};

} // namespace varve::runner
