// Takes apart what a language server writes: messages, each after a header of
// "Content-Length: N" and a blank line. No I/O.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace varve::toolbox {

class frame_parser {
 public:
  static constexpr std::size_t header_limit = 4 << 10;

  explicit frame_parser(std::size_t body_limit) : body_limit_{body_limit} {
    // nop
  }

  // Bytes as they come, cut anywhere; `take` gets each whole message. False
  // once the stream makes no sense: `trouble` says why, nothing is taken any
  // more. Memory grows with what came, not with what a header announces.
  bool feed(std::string_view bytes,
            const std::function<void(std::string_view)>& take);

  const std::string& trouble() const {
    return trouble_;
  }

 private:
  bool take_header_byte(char c);
  bool take_header_line();
  bool fail(std::string why);

  std::size_t body_limit_;
  std::string line_;
  std::size_t header_size_ = 0;
  std::optional<std::size_t> announced_;
  bool in_body_ = false;
  std::string body_;
  std::string trouble_;
};

// The same the other way.
std::string frame(std::string_view message);

} // namespace varve::toolbox
