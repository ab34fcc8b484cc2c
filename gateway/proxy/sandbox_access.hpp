// Who may pass through to a sandbox's toolbox: who has a URL that was signed
// for just this, a key of its organization, or the sandbox's own preview token
// in a header or the query.
#pragma once

#include <string>
#include <string_view>

#include "gateway/api/services.hpp"
#include "gateway/proxy/signed_url.hpp"

namespace varve::gateway {

// Where clients put the token that cannot set headers.
inline constexpr std::string_view token_parameter = "DAYTONA_SANDBOX_AUTH_KEY";

// Derived, so that it can be shown again; another one after every start.
std::string preview_token(const services& s,
                          const projections::sandbox_view& v);

// In a time that says nothing about the token that would be right.
bool is_preview_token(const services& s, const projections::sandbox_view& v,
                      std::string_view token);

struct access {
  projections::sandbox_view sandbox;
  std::string token; // empty: by key, whose principal is in the request
  std::optional<signed_claim> claim; // it was good; instead of both
};

// `rest`: the path below the sandbox's. unauthorized says what was wrong and
// never whether there is such a sandbox.
result<access> admit(services& s, request& r, const std::string& sandbox_id,
                     std::string_view rest);

} // namespace varve::gateway
