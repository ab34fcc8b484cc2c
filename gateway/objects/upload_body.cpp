#include "gateway/objects/upload_body.hpp"

#include "events/base/ids.hpp"

namespace varve::gateway {

upload_body::upload_body(incoming_object into, body_checks checks,
                         chunk_rules rules)
    : into_(std::move(into)), checks_(std::move(checks)) {
  if (checks_.is_chunked)
    chunks_.emplace(std::move(rules));
  if (checks_.sha256_hex)
    sha256_.emplace(checksum::sha256);
  for (auto& sum : checks_.sums) {
    auto kind = sum.kind;
    sums_.push_back({std::move(sum), running_checksum{kind}});
  }
}

object_result<void> upload_body::take(std::string_view piece) {
  if (!chunks_)
    return store(piece);
  return chunks_->feed(piece,
                       [this](std::string_view bytes) { return store(bytes); });
}

object_result<void> upload_body::store(std::string_view bytes) {
  if (sha256_)
    sha256_->update(bytes);
  for (auto& sum : sums_)
    sum.now.update(bytes);
  return into_.write(bytes);
}

object_result<void> upload_body::check(expected& e,
                                       const header_list& trailers) {
  auto wanted = e.what.bytes;
  if (wanted.empty()) {
    const auto* late = trailers.find(e.what.header);
    auto bytes = late ? from_base64(*late) : std::nullopt;
    if (!bytes)
      return refusal_of(400, "InvalidRequest",
                        "The checksum that was announced did not come");
    wanted = std::move(*bytes);
  }
  auto got = e.now.finish();
  bool is_md5 = e.what.kind == checksum::md5;
  if (got != wanted)
    return refusal_of(400, "BadDigest",
                      is_md5 ? "The Content-MD5 you specified did not match "
                               "what we received."
                             : "The " + std::string{name_of(e.what.kind)}
                                   + " you specified did not match the "
                                     "calculated checksum.");
  if (!is_md5)
    verified_.add(e.what.header, to_base64(got));
  return ok();
}

object_result<incoming_object> upload_body::finish() {
  header_list trailers;
  if (chunks_) {
    BOOST_OUTCOME_TRY(trailers, chunks_->finish());
  }
  if (into_.size() != checks_.length)
    return refusal_of(400, "IncompleteBody",
                      "You did not provide the number of bytes specified by "
                      "the Content-Length HTTP header");
  if (sha256_) {
    auto hash = sha256_->finish();
    if (to_hex(hash.data(), hash.size()) != *checks_.sha256_hex)
      return refusal_of(400, "XAmzContentSHA256Mismatch",
                        "The provided 'x-amz-content-sha256' header does not "
                        "match what was computed.");
  }
  for (auto& sum : sums_) {
    BOOST_OUTCOME_TRYV(check(sum, trailers));
  }
  return std::move(into_);
}

} // namespace varve::gateway
