// What a request to object storage asks for: the subset of the S3 protocol
// that clients upload build contexts with. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/exchange.hpp"
#include "gateway/objects/object_error.hpp"
#include "gateway/objects/object_key.hpp"
#include "gateway/objects/object_store.hpp"
#include "gateway/objects/signature.hpp"

namespace varve::gateway {

inline constexpr std::string_view context_bucket = "varve-contexts";

// Whether the request is for the bucket, by path (/varve-contexts/...) or by
// host (varve-contexts.<domain>).
bool is_object_request(const request& r) noexcept;

enum class object_call {
  head_bucket,
  list,
  head,
  get,
  put,
  begin_upload,
  put_part,
  complete_upload,
  abort_upload,
};

struct list_call {
  std::string prefix;
  std::string after; // a key, from start-after or a continuation token
  std::string token; // as it came
  std::string start_after;
  std::size_t most = 1000;
  bool is_encoded = false; // keys in the answer are percent-encoded
};

struct object_request {
  object_call what = object_call::get;
  std::optional<object_key> key; // none for the bucket's own calls
  list_call list;
  std::string upload_id;
  std::uint32_t part_number = 0;
  bool only_new = false;            // If-None-Match: *
  std::optional<std::string> range; // of `get`
};

// Errors: NoSuchBucket, InvalidArgument, MethodNotAllowed, NotImplemented for
// what nobody needs here: nothing that was asked for is left out in silence.
object_result<object_request> object_request_of(const request& r);

// Whether it lies below the organization's prefix: AccessDenied if not.
object_result<void> check_scope(const object_request& asked,
                                std::string_view organization);

// What came with a body to check it by.
struct body_checks {
  std::uint64_t length = 0; // decoded
  bool is_chunked = false;  // in the chunks of AWS
  bool has_trailer = false;
  std::optional<std::string> sha256_hex; // as signed
  struct sum {
    checksum kind;
    std::string bytes;  // empty: comes in the trailer
    std::string header; // under which it comes and is answered
  };
  std::vector<sum> sums;
};

// Errors: MissingContentLength, InvalidDigest, InvalidRequest, EntityTooLarge.
object_result<body_checks>
body_checks_of(const request& r, payload form, std::string_view body_hash,
               std::optional<std::uint64_t> content_length,
               std::uint64_t longest);

struct byte_range {
  std::uint64_t first = 0;
  std::uint64_t length = 0;
};
// "bytes=0-9", "bytes=5-", "bytes=-3". InvalidRange when nothing of it lies in
// the object; nothing when it is no range of one part, which asks for all.
object_result<std::optional<byte_range>> range_of(std::string_view text,
                                                  std::uint64_t size);

} // namespace varve::gateway
