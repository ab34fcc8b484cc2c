#include "gateway/objects/signature.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "events/base/ids.hpp"
#include "gateway/api/wire_time.hpp"
#include "gateway/objects/checksum.hpp"
#include "gateway/url.hpp"

namespace varve::gateway {

namespace {

constexpr std::string_view algorithm = "AWS4-HMAC-SHA256";
constexpr timestamp most_skew = 15 * 60'000;
constexpr std::uint64_t longest_life = 7 * 24 * 3600; // seconds
constexpr std::size_t most_headers = 128;

auto malformed(std::string message) {
  return refusal_of(400, "AuthorizationHeaderMalformed", std::move(message));
}

auto denied(std::string message) {
  return refusal_of(403, "AccessDenied", std::move(message));
}

std::string lower(std::string_view text) {
  std::string out{text};
  for (auto& c : out)
    if (c >= 'A' && c <= 'Z')
      c = static_cast<char>(c - 'A' + 'a');
  return out;
}

bool is_hex(std::string_view text, std::size_t size) noexcept {
  return text.size() == size
         && text.find_first_not_of("0123456789abcdef")
                == std::string_view::npos;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> out;
  for (;;) {
    auto at = text.find(separator);
    out.push_back(text.substr(0, at));
    if (at == std::string_view::npos)
      return out;
    text.remove_prefix(at + 1);
  }
}

std::string_view trimmed(std::string_view text) noexcept {
  auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos)
    return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

// "20261124T120000Z"
std::optional<timestamp> from_basic(std::string_view t) {
  constexpr std::size_t size = 16;
  if (t.size() != size || t[8] != 'T' || t[15] != 'Z')
    return std::nullopt;
  std::string iso;
  iso.append(t.substr(0, 4)).append("-").append(t.substr(4, 2)).append("-");
  iso.append(t.substr(6, 5)).append(":").append(t.substr(11, 2)).append(":");
  iso.append(t.substr(13, 3));
  return from_iso8601(iso);
}

object_result<void> take_credential(signature_claim& into,
                                    std::string_view credential) {
  auto parts = split(credential, '/');
  if (parts.size() != 5 || parts[0].empty() || parts[2].empty()
      || parts[3] != "s3" || parts[4] != "aws4_request")
    return malformed("The credential must be "
                     "<key>/<date>/<region>/s3/aws4_request");
  if (parts[1] != std::string_view{into.date}.substr(0, 8))
    return malformed("The credential's date is not the request's");
  into.access_key = parts[0];
  into.region = parts[2];
  return ok();
}

object_result<void> take_headers(signature_claim& into, std::string_view list) {
  for (auto name : split(list, ';'))
    into.signed_headers.emplace_back(name);
  const auto& all = into.signed_headers;
  bool in_order =
      std::adjacent_find(all.begin(), all.end(), std::greater_equal<>{})
      == all.end();
  if (!in_order || all.size() > most_headers || list != lower(list))
    return malformed("SignedHeaders must be sorted, each once");
  if (!std::binary_search(all.begin(), all.end(), "host"))
    return malformed("The host must be signed");
  return ok();
}

object_result<void> take_payload(signature_claim& into, std::string value) {
  constexpr std::array<std::pair<std::string_view, payload>, 4> forms{{
      {"UNSIGNED-PAYLOAD", payload::unsigned_whole},
      {"STREAMING-AWS4-HMAC-SHA256-PAYLOAD", payload::signed_chunks},
      {"STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER", payload::signed_trailer},
      {"STREAMING-UNSIGNED-PAYLOAD-TRAILER", payload::unsigned_trailer},
  }};
  for (auto [name, form] : forms)
    if (value == name)
      into.body = form;
  if (into.body == payload::hashed && !is_hex(value, 64))
    return refusal_of(400, "InvalidArgument",
                      "x-amz-content-sha256 is none that is known here");
  into.body_hash = std::move(value);
  return ok();
}

// What the client sends under such names must be what it signed.
object_result<void> check_all_signed(const signature_claim& c,
                                     const request& r) {
  for (const auto& f : r.headers.fields) {
    auto name = lower(f.name);
    if (name.starts_with("x-amz-")
        && !std::binary_search(c.signed_headers.begin(), c.signed_headers.end(),
                               name))
      return denied("There were headers present in the request which were not "
                    "signed: "
                    + name);
  }
  return ok();
}

object_result<void> check_time(const signature_claim& c, timestamp now,
                               std::uint64_t lives_for) {
  auto signed_at = from_basic(c.date);
  if (!signed_at)
    return denied("A valid x-amz-date is needed");
  if (*signed_at > now + most_skew)
    return refusal_of(403, "RequestTimeTooSkewed",
                      "The request's time is too far ahead of the server's");
  if (c.in_query && now > *signed_at + lives_for * 1000)
    return denied("Request has expired");
  if (!c.in_query && now > *signed_at + most_skew)
    return refusal_of(403, "RequestTimeTooSkewed",
                      "The request's time is too far behind the server's");
  return ok();
}

const std::string& text_of(const request& r, std::string_view name) {
  static const std::string nothing;
  const auto* found = r.headers.find(name);
  return found ? *found : nothing;
}

object_result<signature_claim> claim_in_header(const request& r,
                                               std::string_view value) {
  signature_claim out;
  out.date = text_of(r, "x-amz-date");
  out.session_token = text_of(r, "x-amz-security-token");
  value.remove_prefix(algorithm.size());
  for (auto part : split(value, ',')) {
    part = trimmed(part);
    auto equals = part.find('=');
    auto name = part.substr(0, equals);
    auto text = equals == std::string_view::npos ? std::string_view{}
                                                 : part.substr(equals + 1);
    if (name == "Credential" && out.access_key.empty()) {
      BOOST_OUTCOME_TRYV(take_credential(out, text));
    } else if (name == "SignedHeaders" && out.signed_headers.empty()) {
      BOOST_OUTCOME_TRYV(take_headers(out, text));
    } else if (name == "Signature" && is_hex(text, 64)) {
      out.signature = text;
    } else {
      return malformed("Authorization has a part that is not understood");
    }
  }
  if (out.access_key.empty() || out.signed_headers.empty()
      || out.signature.empty())
    return malformed("Credential, SignedHeaders and Signature are needed");
  const auto& hash = text_of(r, "x-amz-content-sha256");
  if (hash.empty())
    return refusal_of(400, "InvalidRequest",
                      "Missing required header: x-amz-content-sha256");
  BOOST_OUTCOME_TRYV(take_payload(out, hash));
  return out;
}

object_result<signature_claim> claim_in_query(const query_parameters& q,
                                              std::uint64_t& lives_for) {
  signature_claim out;
  out.in_query = true;
  auto text = [&](std::string_view name) {
    return q.value(name).value_or(std::string{});
  };
  auto refuse = [](std::string message) {
    return refusal_of(400, "AuthorizationQueryParametersError",
                      std::move(message));
  };
  if (text("X-Amz-Algorithm") != algorithm)
    return refuse("X-Amz-Algorithm must be AWS4-HMAC-SHA256");
  out.date = text("X-Amz-Date");
  out.session_token = text("X-Amz-Security-Token");
  auto life = whole_number(text("X-Amz-Expires"));
  if (!life || *life == 0 || *life > longest_life)
    return refuse("X-Amz-Expires must be from 1 to 604800 seconds");
  lives_for = *life;
  BOOST_OUTCOME_TRYV(take_credential(out, text("X-Amz-Credential")));
  BOOST_OUTCOME_TRYV(take_headers(out, text("X-Amz-SignedHeaders")));
  out.signature = text("X-Amz-Signature");
  if (!is_hex(out.signature, 64))
    return refuse("X-Amz-Signature must be 64 hex digits");
  BOOST_OUTCOME_TRYV(take_payload(
      out, q.value("X-Amz-Content-Sha256").value_or("UNSIGNED-PAYLOAD")));
  if (out.body != payload::hashed && out.body != payload::unsigned_whole)
    return refuse("A body in chunks needs the Authorization header");
  return out;
}

// Decoded and encoded again, in the one way that is signed.
std::optional<std::string> canonical_path(std::string_view path) {
  auto decoded = percent_decoded(path);
  if (!decoded)
    return std::nullopt;
  std::string out;
  bool first = true;
  for (auto part : split(*decoded, '/')) {
    if (!std::exchange(first, false))
      out += '/';
    out += percent_encoded(part);
  }
  return out;
}

std::optional<std::string> canonical_query(std::string_view query) {
  std::vector<std::pair<std::string, std::string>> pairs;
  for (auto part : split(query, '&')) {
    if (part.empty())
      continue;
    auto equals = part.find('=');
    auto name = percent_decoded(part.substr(0, equals));
    auto value = equals == std::string_view::npos
                     ? std::optional<std::string>{""}
                     : percent_decoded(part.substr(equals + 1));
    if (!name || !value)
      return std::nullopt;
    if (*name != "X-Amz-Signature")
      pairs.emplace_back(percent_encoded(*name), percent_encoded(*value));
  }
  std::sort(pairs.begin(), pairs.end());
  std::string out;
  for (const auto& [name, value] : pairs) {
    out += out.empty() ? "" : "&";
    out += name + "=" + value;
  }
  return out;
}

// Trimmed, inner runs of blanks as one, those of one name joined.
std::string canonical_value(const request& r, std::string_view name) {
  std::string out;
  bool first = true;
  for (const auto& f : r.headers.fields) {
    if (!same_ignoring_case(f.name, name))
      continue;
    if (!std::exchange(first, false))
      out += ',';
    char before = 'x';
    for (char c : trimmed(f.value)) {
      if (c != ' ' || before != ' ')
        out += c;
      before = c;
    }
  }
  return out;
}

} // namespace

std::string signature_claim::scope() const {
  return date.substr(0, 8) + "/" + region + "/s3/aws4_request";
}

object_result<signature_claim> claim_of(const request& r, timestamp now) {
  query_parameters q{r.query};
  const auto& header = text_of(r, "Authorization");
  bool has_query = q.value("X-Amz-Signature") || q.value("X-Amz-Algorithm");
  if (header.empty() && !has_query)
    return denied("Object storage is asked with credentials of "
                  "/api/object-storage/push-access");
  if (!header.empty() && has_query)
    return refusal_of(400, "InvalidArgument",
                      "Only one way of authentication may be used");
  if (!has_query && !header.starts_with(std::string{algorithm} + " "))
    return refusal_of(400, "InvalidRequest",
                      "The authorization mechanism must be "
                      "AWS4-HMAC-SHA256");
  std::uint64_t lives_for = 0;
  BOOST_OUTCOME_TRY(auto out, has_query ? claim_in_query(q, lives_for)
                                        : claim_in_header(r, header));
  BOOST_OUTCOME_TRYV(check_time(out, now, lives_for));
  BOOST_OUTCOME_TRYV(check_all_signed(out, r));
  return out;
}

object_result<std::string> canonical_request(const signature_claim& claim,
                                             const request& r) {
  auto path = canonical_path(r.path);
  auto query = canonical_query(r.query);
  if (!path || !query)
    return refusal_of(400, "InvalidURI", "Couldn't parse the specified URI.");
  std::string out = r.method + "\n" + *path + "\n" + *query + "\n";
  std::string names;
  for (const auto& name : claim.signed_headers) {
    out += name + ":" + canonical_value(r, name) + "\n";
    names += (names.empty() ? "" : ";") + name;
  }
  return out + "\n" + names + "\n" + claim.body_hash;
}

std::string signing_key(const signature_claim& claim, std::string_view secret) {
  auto key = hmac_sha256("AWS4" + std::string{secret}, claim.date.substr(0, 8));
  key = hmac_sha256(key, claim.region);
  key = hmac_sha256(key, "s3");
  return hmac_sha256(key, "aws4_request");
}

object_result<void> check_signature(const signature_claim& claim,
                                    const request& r, std::string_view key) {
  BOOST_OUTCOME_TRY(auto canonical, canonical_request(claim, r));
  auto to_sign = std::string{algorithm} + "\n" + claim.date + "\n"
                 + claim.scope() + "\n" + sha256_hex(canonical);
  auto mac = hmac_sha256(key, to_sign);
  if (!is_same_secret(to_hex(mac.data(), mac.size()), claim.signature))
    return refusal_of(403, "SignatureDoesNotMatch",
                      "The request signature we calculated does not match the "
                      "signature you provided.");
  return ok();
}

} // namespace varve::gateway
