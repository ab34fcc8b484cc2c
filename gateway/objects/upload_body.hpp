// Takes the body of an upload: unframes, checks and stores it piece by piece.
#pragma once

#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "gateway/objects/chunked_payload.hpp"
#include "gateway/objects/object_request.hpp"
#include "gateway/objects/object_store.hpp"

namespace varve::gateway {

// Blocks on the disk: for a worker's thread. Used by one at a time.
class upload_body {
 public:
  upload_body(incoming_object into, body_checks checks, chunk_rules rules);

  // Errors: those of chunk_decoder and object_store; then it is over.
  object_result<void> take(std::string_view piece);
  // BadDigest, XAmzContentSHA256Mismatch, IncompleteBody: nothing is stored.
  // Once.
  object_result<incoming_object> finish();
  // The checksums that were sent and held, as fields of the answer.
  const header_list& verified() const noexcept {
    return verified_;
  }

 private:
  struct expected {
    body_checks::sum what;
    running_checksum now;
  };

  object_result<void> store(std::string_view bytes);
  object_result<void> check(expected& e, const header_list& trailers);

  incoming_object into_;
  body_checks checks_;
  std::optional<chunk_decoder> chunks_;
  std::optional<running_checksum> sha256_; // as it was signed
  std::vector<expected> sums_;
  header_list verified_;
};

} // namespace varve::gateway
