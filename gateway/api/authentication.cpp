#include "gateway/api/authentication.hpp"

#include <span>

namespace varve::gateway {

namespace {

constexpr std::size_t max_key_bytes = 4096;

auto refusal() {
  return failure(errc::unauthorized, "Invalid credentials");
}

std::string_view bearer_token(const request& r) noexcept {
  constexpr std::string_view scheme = "Bearer ";
  if (r.headers.count("Authorization") != 1)
    return {};
  std::string_view value = *r.headers.find("Authorization");
  if (value.size() <= scheme.size()
      || !same_ignoring_case(value.substr(0, scheme.size()), scheme))
    return {};
  value.remove_prefix(scheme.size());
  auto first = value.find_first_not_of(' ');
  return first == std::string_view::npos ? std::string_view{}
                                         : value.substr(first);
}

bool is_expired(const projections::api_key_view& key, timestamp now) noexcept {
  return key.expires_at != 0 && key.expires_at <= now;
}

} // namespace

// Looked up by its SHA-256: how long that takes says nothing about any key,
// so there is no secret left to compare.
result<principal> principal_of(services& s, std::string_view token) {
  if (token.empty() || token.size() > max_key_bytes)
    return refusal();
  principal out;
  out.key_hash =
      log::sha256(std::as_bytes(std::span{token.data(), token.size()}));
  VARVE_TRY(auto found, s.reads.api_key(out.key_hash));
  if (!found || is_expired(*found, s.time.now()))
    return refusal();
  out.organization_id = std::move(found->organization_id);
  out.key_name = std::move(found->name);
  out.user_id = std::move(found->user_id);
  out.permissions = std::move(found->permissions);
  out.partition = log::partition_of(out.organization_id);
  return out;
}

result<principal> authenticate(services& s, const request& r) {
  return principal_of(s, bearer_token(r));
}

result<bool> is_valid_key(services& s, const log::digest& hash) {
  VARVE_TRY(auto found, s.reads.api_key(hash));
  return found && !is_expired(*found, s.time.now());
}

} // namespace varve::gateway
