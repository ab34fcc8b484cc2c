#include "gateway/objects/object_access.hpp"

#include "gateway/api/authentication.hpp"

namespace varve::gateway {

object_result<signer> signer_of(services& s, const request& r) {
  auto now = s.time.now();
  BOOST_OUTCOME_TRY(auto claim, claim_of(r, now));
  auto grant = grant_of(s.secrets, claim.access_key, claim.session_token);
  if (!grant)
    return refusal_of(403, "InvalidAccessKeyId",
                      "The access key or its session token is not known");
  auto key = signing_key(claim, grant->secret);
  BOOST_OUTCOME_TRYV(check_signature(claim, r, key));
  if (grant->grant.expires_at <= now)
    return refusal_of(400, "ExpiredToken", "The provided token has expired.");
  auto holds = is_valid_key(s, grant->grant.key_hash);
  if (!holds)
    return refusal_of(503, "ServiceUnavailable", "Ask again later");
  if (!holds.value())
    return refusal_of(403, "InvalidAccessKeyId",
                      "The API key behind these credentials was revoked");
  return signer{std::move(claim), std::move(*grant), std::move(key)};
}

} // namespace varve::gateway
