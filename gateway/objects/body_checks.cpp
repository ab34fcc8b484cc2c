// What an upload's own fields say about its bytes.
#include <algorithm>

#include "gateway/objects/object_request.hpp"
#include "gateway/url.hpp"

namespace varve::gateway {

namespace {

constexpr std::size_t md5_size = 16;

std::size_t size_of(checksum kind) noexcept {
  switch (kind) {
  case checksum::crc32:
  case checksum::crc32c:
    return 4;
  case checksum::crc64nvme:
    return 8;
  case checksum::sha1:
    return 20;
  case checksum::sha256:
    return 32;
  case checksum::md5:
    return md5_size;
  }
  return 0;
}

object_result<void> take_sums(const request& r, body_checks& into) {
  for (const auto& f : r.headers.fields) {
    auto kind = checksum_of_header(f.name);
    bool is_md5 = same_ignoring_case(f.name, "Content-MD5");
    if (!kind && !is_md5)
      continue;
    auto which = is_md5 ? checksum::md5 : *kind;
    auto bytes = from_base64(f.value);
    if (!bytes || bytes->size() != size_of(which))
      return refusal_of(400, is_md5 ? "InvalidDigest" : "InvalidRequest",
                        "The value of " + f.name + " is not valid");
    into.sums.push_back({which, std::move(*bytes), f.name});
  }
  return ok();
}

object_result<void> take_trailer(const request& r, body_checks& into) {
  const auto* announced = r.headers.find("x-amz-trailer");
  if (!into.has_trailer && announced)
    return refusal_of(400, "InvalidRequest",
                      "x-amz-trailer needs a body with a trailer");
  if (!into.has_trailer)
    return ok();
  auto kind = announced ? checksum_of_header(*announced) : std::nullopt;
  if (!kind)
    return refusal_of(400, "InvalidRequest",
                      "x-amz-trailer must name one checksum");
  into.sums.push_back({*kind, {}, *announced});
  return ok();
}

// What an SDK says about how it checks must be what it sent.
object_result<void> check_algorithm(const request& r, const body_checks& with) {
  const auto* named = r.headers.find("x-amz-sdk-checksum-algorithm");
  auto kind = named ? checksum_of_name(*named) : std::nullopt;
  bool is_there =
      !named || std::any_of(with.sums.begin(), with.sums.end(), [&](auto& s) {
        return kind && s.kind == *kind;
      });
  if (!is_there)
    return refusal_of(400, "InvalidRequest",
                      "x-amz-sdk-checksum-algorithm specified, but no "
                      "corresponding checksum was sent");
  return ok();
}

} // namespace

object_result<body_checks>
body_checks_of(const request& r, payload form, std::string_view body_hash,
               std::optional<std::uint64_t> content_length,
               std::uint64_t longest) {
  body_checks out;
  out.is_chunked = form == payload::signed_chunks
                   || form == payload::signed_trailer
                   || form == payload::unsigned_trailer;
  out.has_trailer =
      form == payload::signed_trailer || form == payload::unsigned_trailer;
  if (form == payload::hashed)
    out.sha256_hex = body_hash;
  auto length = content_length;
  if (out.is_chunked) {
    const auto* decoded = r.headers.find("x-amz-decoded-content-length");
    length = decoded ? whole_number(*decoded) : std::nullopt;
  }
  if (!length)
    return refusal_of(411, "MissingContentLength",
                      "The length of the content is needed");
  if (*length > longest)
    return refusal_of(400, "EntityTooLarge",
                      "Your proposed upload exceeds the maximum allowed size");
  out.length = *length;
  BOOST_OUTCOME_TRYV(take_sums(r, out));
  BOOST_OUTCOME_TRYV(take_trailer(r, out));
  BOOST_OUTCOME_TRYV(check_algorithm(r, out));
  return out;
}

} // namespace varve::gateway
