#include "gateway/objects/access_grant.hpp"

#include "events/base/ids.hpp"
#include "gateway/objects/checksum.hpp"
#include "gateway/url.hpp"

namespace varve::gateway {

namespace {

constexpr std::size_t longest_token = 512;
constexpr std::size_t id_digits = 18;
constexpr std::size_t secret_digits = 40; // as long as those of AWS

// "<organization>/<hash of the key>/<expires>"
std::string text_of(const access_grant& g) {
  return g.organization_id + "/" + to_hex(g.key_hash.data(), g.key_hash.size())
         + "/" + std::to_string(g.expires_at);
}

int hex_value(char c) noexcept {
  if (c >= '0' && c <= '9')
    return c - '0';
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool read_digest(std::string_view hex, log::digest& into) noexcept {
  if (hex.size() != 2 * into.size())
    return false;
  for (std::size_t i = 0; i < into.size(); ++i) {
    int high = hex_value(hex[2 * i]);
    int low = hex_value(hex[2 * i + 1]);
    if (high < 0 || low < 0)
      return false;
    into[i] = static_cast<std::uint8_t>(high * 16 + low);
  }
  return true;
}

std::optional<access_grant> read_grant(std::string_view text) {
  access_grant out;
  auto last = text.rfind('/');
  if (last == std::string_view::npos || last == 0)
    return std::nullopt;
  auto expires = whole_number(text.substr(last + 1));
  auto first = text.rfind('/', last - 1);
  if (!expires || first == std::string_view::npos || first == 0
      || !read_digest(text.substr(first + 1, last - first - 1), out.key_hash))
    return std::nullopt;
  out.organization_id = text.substr(0, first);
  out.expires_at = *expires;
  return out;
}

access_credentials derive(const vault& secrets, const std::string& text) {
  access_credentials out;
  out.access_key =
      "VARVE"
      + secrets.derive("object-storage/key/1/" + text).substr(0, id_digits);
  out.secret = secrets.derive("object-storage/secret/1/" + text)
                   .substr(0, secret_digits);
  out.session_token = to_base64(text);
  return out;
}

} // namespace

access_credentials credentials_for(const vault& secrets,
                                   const access_grant& grant) {
  return derive(secrets, text_of(grant));
}

std::optional<claimed_grant> grant_of(const vault& secrets,
                                      std::string_view access_key,
                                      std::string_view session_token) {
  if (session_token.size() > longest_token)
    return std::nullopt;
  auto text = from_base64(session_token);
  auto grant = text ? read_grant(*text) : std::nullopt;
  // Only in the one form it is written in.
  if (!grant || text_of(*grant) != *text)
    return std::nullopt;
  auto made = derive(secrets, *text);
  if (!is_same_secret(made.access_key, access_key))
    return std::nullopt;
  return claimed_grant{std::move(*grant), std::move(made.secret)};
}

} // namespace varve::gateway
