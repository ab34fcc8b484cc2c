#include "gateway/objects/chunked_payload.hpp"

#include <algorithm>
#include <charconv>

#include "events/base/ids.hpp"

namespace varve::gateway {

namespace {

constexpr std::size_t longest_line = 1024;
constexpr std::size_t most_trailers = 8;
constexpr std::string_view signature_name = ";chunk-signature=";
constexpr std::string_view trailer_signature = "x-amz-trailer-signature";
constexpr std::size_t signature_size = 64;

auto broken(std::string message) {
  return refusal_of(400, "InvalidRequest", std::move(message));
}

std::string lower(std::string_view text) {
  std::string out{text};
  for (auto& c : out)
    if (c >= 'A' && c <= 'Z')
      c = static_cast<char>(c - 'A' + 'a');
  return out;
}

std::string_view trimmed(std::string_view text) noexcept {
  auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos)
    return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

} // namespace

chunk_decoder::chunk_decoder(chunk_rules rules)
    : rules_(std::move(rules)), previous_(rules_.seed) {
  // nop
}

object_result<void> chunk_decoder::feed(std::string_view piece,
                                        const sink& into) {
  while (!piece.empty()) {
    if (at_ == part::end)
      return broken("Bytes follow the last chunk");
    if (at_ == part::bytes) {
      auto bytes =
          piece.substr(0, std::min<std::uint64_t>(left_, piece.size()));
      if (hash_)
        hash_->update(bytes);
      BOOST_OUTCOME_TRYV(into(bytes));
      left_ -= bytes.size();
      decoded_ += bytes.size();
      piece.remove_prefix(bytes.size());
      if (left_ == 0)
        at_ = part::bytes_end;
      continue;
    }
    auto newline = piece.find('\n');
    line_ += piece.substr(0, newline);
    if (line_.size() > longest_line)
      return broken("A chunk's line is too long");
    if (newline == std::string_view::npos)
      return ok();
    piece.remove_prefix(newline + 1);
    if (!line_.ends_with('\r'))
      return broken("A chunk's line must end with CRLF");
    line_.pop_back();
    auto line = std::exchange(line_, {});
    BOOST_OUTCOME_TRYV(take_line(line));
  }
  return ok();
}

object_result<void> chunk_decoder::take_line(std::string_view line) {
  switch (at_) {
  case part::size_line:
    return begin_chunk(line);
  case part::bytes_end:
    if (!line.empty())
      return broken("A chunk is longer than it says");
    return end_chunk();
  case part::trailer:
    return line.empty() ? end_trailer() : take_trailer(line);
  case part::bytes:
  case part::end:
    break;
  }
  return broken("A line where none may be");
}

object_result<void> chunk_decoder::begin_chunk(std::string_view line) {
  std::uint64_t size = 0;
  const auto* last = line.data() + std::min(line.size(), line.find(';'));
  auto [end, failed] = std::from_chars(line.data(), last, size, 16);
  if (failed != std::errc{} || end != last || line.starts_with('-'))
    return broken("A chunk's size is malformed");
  if (size > rules_.length - decoded_)
    return broken("The chunks hold more than x-amz-decoded-content-length");
  auto rest = line.substr(static_cast<std::size_t>(last - line.data()));
  if (rules_.is_signed) {
    if (!rest.starts_with(signature_name)
        || rest.size() != signature_name.size() + signature_size)
      return broken("A chunk's signature is missing");
    chunk_signature_ = rest.substr(signature_name.size());
    hash_.emplace(checksum::sha256);
  } else if (!rest.empty()) {
    return broken("A chunk has an extension that is not understood");
  }
  left_ = size;
  if (size > 0) {
    at_ = part::bytes;
    return ok();
  }
  if (decoded_ != rules_.length)
    return refusal_of(400, "IncompleteBody",
                      "The chunks hold less than x-amz-decoded-content-length");
  BOOST_OUTCOME_TRYV(end_chunk());
  at_ = part::trailer;
  return ok();
}

object_result<void> chunk_decoder::end_chunk() {
  at_ = part::size_line;
  if (!hash_)
    return ok();
  auto hash = hash_->finish();
  hash_.reset();
  auto hashes = sha256_hex({}) + "\n" + to_hex(hash.data(), hash.size());
  return check("AWS4-HMAC-SHA256-PAYLOAD", hashes, chunk_signature_);
}

object_result<void> chunk_decoder::take_trailer(std::string_view line) {
  auto colon = line.find(':');
  if (!rules_.has_trailer || colon == 0 || colon == std::string_view::npos
      || trailers_.fields.size() == most_trailers)
    return broken("A trailing field that was not announced");
  auto name = lower(line.substr(0, colon));
  std::string value{trimmed(line.substr(colon + 1))};
  if (trailers_.find(name) != nullptr || trailers_.find(trailer_signature))
    return broken("A trailing field comes twice or after the signature");
  if (name != trailer_signature)
    trailer_text_ += name + ":" + value + "\n";
  trailers_.add(std::move(name), std::move(value));
  return ok();
}

object_result<void> chunk_decoder::end_trailer() {
  at_ = part::end;
  if (!rules_.is_signed || !rules_.has_trailer)
    return ok();
  const auto* signature = trailers_.find(trailer_signature);
  if (!signature)
    return broken("The trailing fields' signature is missing");
  return check("AWS4-HMAC-SHA256-TRAILER", sha256_hex(trailer_text_),
               *signature);
}

object_result<void> chunk_decoder::check(std::string_view algorithm,
                                         std::string_view hashes,
                                         std::string_view signature) {
  std::string to_sign{algorithm};
  to_sign += "\n" + rules_.date + "\n" + rules_.scope + "\n" + previous_ + "\n";
  to_sign += hashes;
  auto mac = hmac_sha256(rules_.key, to_sign);
  previous_ = to_hex(mac.data(), mac.size());
  if (!is_same_secret(previous_, signature))
    return refusal_of(403, "SignatureDoesNotMatch",
                      "A chunk's signature does not match its bytes");
  return ok();
}

object_result<header_list> chunk_decoder::finish() {
  if (at_ != part::end)
    return refusal_of(400, "IncompleteBody",
                      "The body ended before its last chunk");
  return std::move(trailers_);
}

} // namespace varve::gateway
