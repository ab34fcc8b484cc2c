// URLs that let whoever has one read or write one file of a sandbox without a
// key. Clients sign them with the sandbox's signing key:
//
//   /toolbox/{id}/files/download?path=P&expires=E&signature=S      GET, HEAD
//   /toolbox/{id}/files/upload-v2?path=P&expires=E&signature=S     POST
//   S = "v1_" + base64url(HMAC-SHA-256(key, "v1:files:{method}:{P}:{E}"))
//
// E in seconds since 1970, 0 for never; P decoded; HEAD is signed as GET.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "gateway/api/services.hpp"

namespace varve::gateway {

// Derived, so that it can be shown again; another one after every rotation.
std::string signing_key(const services& s, const projections::sandbox_view& v);

// What a request claims that comes by such a URL; not judged yet.
struct signed_claim {
  std::string method; // as signed
  std::string path;
  std::string expires;
  std::string signature;
};

// Nothing when it is not such a request. `rest` is the path below the
// sandbox's, still encoded.
std::optional<signed_claim> signed_claim_of(const request& r,
                                            std::string_view rest);

enum class claim_verdict { good, expired, wrong };

// What the client must have computed: "v1_" and so on.
std::string signature_of(const signed_claim& claim, std::string_view key);

// In a time that says nothing about the signature that would be right.
claim_verdict judge(const signed_claim& claim, std::string_view key,
                    timestamp now);

// All that the toolbox is told of the query: nothing that was not signed.
std::string query_of(const signed_claim& claim);

} // namespace varve::gateway
