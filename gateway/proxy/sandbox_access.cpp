#include "gateway/proxy/sandbox_access.hpp"

#include <openssl/crypto.h>

#include "events/base/ids.hpp"
#include "gateway/api/authentication.hpp"
#include "gateway/url.hpp"

namespace varve::gateway {

using projections::sandbox_view;

namespace {

// Of the wire's tokens; 128 bits.
constexpr std::size_t token_size = 32;

using maybe_sandbox = std::optional<sandbox_view>;

// Only by its id; a name does not resolve here.
result<maybe_sandbox> by_key(services& s, request& r, const std::string& id) {
  auto who = authenticate(s, r);
  if (!who && who.error().code == errc::unauthorized)
    return maybe_sandbox{};
  if (!who)
    return who.error();
  r.who = std::move(who.value());
  if (!is_uuid(id))
    return maybe_sandbox{};
  VARVE_TRY(auto found, s.reads.sandbox(r.who->organization_id, id));
  if (found && found->id != id)
    found.reset();
  return found;
}

result<maybe_sandbox> by_token(services& s, const std::string& id,
                               std::string_view token) {
  if (!is_uuid(id))
    return maybe_sandbox{};
  VARVE_TRY(auto found, s.reads.sandbox_anywhere(id));
  if (found && !is_preview_token(s, *found, token))
    found.reset();
  return found;
}

// `why` says what is wrong when there is nothing.
result<maybe_sandbox> by_claim(services& s, const std::string& id,
                               const signed_claim& claim,
                               std::string_view& why) {
  why = "signed URL is invalid";
  if (!is_uuid(id))
    return maybe_sandbox{};
  VARVE_TRY(auto found, s.reads.sandbox_anywhere(id));
  if (!found)
    return maybe_sandbox{};
  auto verdict = judge(claim, signing_key(s, *found), s.time.now());
  if (verdict == claim_verdict::good)
    return found;
  if (verdict == claim_verdict::expired)
    why = "signed URL has expired";
  return maybe_sandbox{};
}

class reasons {
 public:
  void add(std::string_view what) {
    text_ += text_.empty() ? "authentication failed: " : ", ";
    text_ += what;
  }

  error sum() const {
    return {errc::unauthorized,
            "unauthorized: "
                + (text_.empty() ? "missing authentication: provide a Bearer "
                                   "token or a preview token"
                                 : text_)};
  }

 private:
  std::string text_;
};

} // namespace

std::string preview_token(const services& s, const sandbox_view& v) {
  return s.secrets
      .derive("preview/1/" + v.id + "/" + std::to_string(v.start_version))
      .substr(0, token_size);
}

bool is_preview_token(const services& s, const sandbox_view& v,
                      std::string_view token) {
  auto right = preview_token(s, v);
  return token.size() == right.size()
         && CRYPTO_memcmp(token.data(), right.data(), right.size()) == 0;
}

result<access> admit(services& s, request& r, const std::string& id,
                     std::string_view rest) {
  reasons why;
  if (auto claim = signed_claim_of(r, rest)) {
    std::string_view wrong;
    VARVE_TRY(auto found, by_claim(s, id, *claim, wrong));
    if (found)
      return access{std::move(*found), {}, std::move(claim)};
    why.add(wrong);
  }
  if (r.headers.find("Authorization")) {
    VARVE_TRY(auto found, by_key(s, r, id));
    if (found)
      return access{std::move(*found), {}, {}};
    why.add("Bearer token is invalid");
  }
  r.who.reset();
  if (const auto* token = r.headers.find("X-Daytona-Preview-Token")) {
    VARVE_TRY(auto found, by_token(s, id, *token));
    if (found)
      return access{std::move(*found), *token, {}};
    why.add("preview token is invalid");
  }
  if (auto token = query_parameters{r.query}.value(token_parameter)) {
    VARVE_TRY(auto found, by_token(s, id, *token));
    if (found)
      return access{std::move(*found), *token, {}};
    why.add("DAYTONA_SANDBOX_AUTH_KEY is invalid");
  }
  return why.sum();
}

} // namespace varve::gateway
