// AWS Signature Version 4 as object storage is asked with: in the
// Authorization field or in the query. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "events/base/clock.hpp"
#include "gateway/exchange.hpp"
#include "gateway/objects/object_error.hpp"

namespace varve::gateway {

// How the body is vouched for.
enum class payload {
  hashed,           // its SHA-256 was signed
  unsigned_whole,   // not at all
  signed_chunks,    // in chunks, each signed
  signed_trailer,   // the same, with trailing fields that are signed
  unsigned_trailer, // in chunks, not signed, with trailing fields
};

// What a request says it is signed with; nothing of it is trusted yet.
struct signature_claim {
  std::string access_key;
  std::string session_token;
  std::string date;                        // "20261124T120000Z"
  std::string region;                      // whichever the client took
  std::vector<std::string> signed_headers; // lower case, sorted
  std::string signature;                   // 64 hex digits
  payload body = payload::hashed;
  std::string body_hash; // as signed: hex, or the name of one of the above
  bool in_query = false;

  std::string scope() const; // "20261124/us-east-1/s3/aws4_request"
};

// Errors: AccessDenied (nothing that says who asks, expired, fields that were
// not signed), AuthorizationHeaderMalformed, RequestTimeTooSkewed, and the
// like.
object_result<signature_claim> claim_of(const request& r, timestamp now);

// What the client must have hashed; InvalidURI when it cannot be read.
object_result<std::string> canonical_request(const signature_claim& claim,
                                             const request& r);

// HMAC of date, region and service under the secret: what signs a request and
// its chunks.
std::string signing_key(const signature_claim& claim, std::string_view secret);

// SignatureDoesNotMatch unless the secret's holder signed just this. In a time
// that says nothing of the signature that would be right.
object_result<void> check_signature(const signature_claim& claim,
                                    const request& r, std::string_view key);

} // namespace varve::gateway
