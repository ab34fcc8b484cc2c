// Short-lived credentials for object storage. Nothing of them is stored: the
// session token says what they are for, and the secret is derived from it
// under the master key.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "events/base/clock.hpp"
#include "events/record.hpp"
#include "events/vault.hpp"

namespace varve::gateway {

struct access_grant {
  std::string organization_id; // below whose prefix it holds
  log::digest key_hash{};      // of the API key it was given for; ends with it
  timestamp expires_at = 0;

  friend bool operator==(const access_grant&, const access_grant&) = default;
};

struct access_credentials {
  std::string access_key;
  std::string secret;
  std::string session_token;
};

access_credentials credentials_for(const vault& secrets,
                                   const access_grant& grant);

struct claimed_grant {
  access_grant grant;
  std::string secret; // whoever signs with it was given the grant
};

// What the token says, to be believed of whoever signs with its secret.
// Nothing when it was not made here for this access key.
std::optional<claimed_grant> grant_of(const vault& secrets,
                                      std::string_view access_key,
                                      std::string_view session_token);

} // namespace varve::gateway
