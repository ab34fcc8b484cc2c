// Bodies in the chunks of AWS, within whatever HTTP has:
//
//   <hex size>[;chunk-signature=<64 hex>] CRLF bytes CRLF ...
//   0[;chunk-signature=...] CRLF [<name>:<value> CRLF]... CRLF
//
// Each chunk's signature covers its bytes and the signature before it.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/exchange.hpp"
#include "gateway/objects/checksum.hpp"
#include "gateway/objects/object_error.hpp"

namespace varve::gateway {

struct chunk_rules {
  bool is_signed = false;
  bool has_trailer = false;
  std::string key;          // signs chunks
  std::string date;         // of the request
  std::string scope;        // of the request
  std::string seed;         // the request's signature
  std::uint64_t length = 0; // of all bytes, as announced
};

// One thread at a time. After an error nothing may be fed any more.
class chunk_decoder {
 public:
  using sink = std::function<object_result<void>(std::string_view)>;

  explicit chunk_decoder(chunk_rules rules);

  // Any piece of the body; `into` is given decoded bytes that are not vouched
  // for before finish() succeeds. Errors: those of `into`, IncompleteBody,
  // InvalidChunk..., SignatureDoesNotMatch.
  object_result<void> feed(std::string_view piece, const sink& into);
  // The body has ended. The trailing fields.
  object_result<header_list> finish();

 private:
  enum class part { size_line, bytes, bytes_end, trailer, end };

  object_result<void> take_line(std::string_view line);
  object_result<void> begin_chunk(std::string_view line);
  object_result<void> take_trailer(std::string_view line);
  object_result<void> end_chunk();
  object_result<void> end_trailer();
  object_result<void> check(std::string_view algorithm, std::string_view hashes,
                            std::string_view signature);

  chunk_rules rules_;
  part at_ = part::size_line;
  std::string line_;          // begun
  std::uint64_t left_ = 0;    // of this chunk
  std::uint64_t decoded_ = 0; // of all
  std::string chunk_signature_;
  std::string previous_;
  std::optional<running_checksum> hash_;
  header_list trailers_;
  std::string trailer_text_; // as it is signed
};

} // namespace varve::gateway
