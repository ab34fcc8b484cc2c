// Who asks object storage.
#pragma once

#include <string>

#include "gateway/api/services.hpp"
#include "gateway/objects/access_grant.hpp"
#include "gateway/objects/signature.hpp"

namespace varve::gateway {

struct signer {
  signature_claim claim;
  claimed_grant grant;
  std::string key; // signs chunks
};

// With credentials of push-access that still hold. Errors: those of claim_of
// and check_signature, InvalidAccessKeyId, ExpiredToken, ServiceUnavailable.
object_result<signer> signer_of(services& s, const request& r);

} // namespace varve::gateway
