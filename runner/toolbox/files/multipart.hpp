// A streaming parser for multipart/form-data (RFC 7578) without any I/O. It
// holds at most one boundary's length, and the header lines of one part.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace varve::toolbox::files {

struct part_headers {
  std::string name;
  std::string filename;
  std::string content_type;
};

class part_sink {
 public:
  virtual ~part_sink() = default;
  virtual void begin_part(const part_headers& headers) = 0;
  virtual void part_data(std::string_view bytes) = 0;
  virtual void end_part() = 0;
};

class multipart_parser {
 public:
  static constexpr std::size_t header_limit = 16 << 10; // of one part
  static constexpr std::size_t part_limit = 100'000;    // of one body

  explicit multipart_parser(std::string_view boundary);

  // False once the body is malformed; error() then says why, and all further
  // input is refused.
  bool feed(std::string_view bytes, part_sink& sink);
  // At the end of the body: whether the closing boundary was seen.
  bool finish();

  const std::string& error() const {
    return error_;
  }

 private:
  enum class state { preamble, after_boundary, headers, data, epilogue, bad };

  bool fail(const char* why);
  bool step(part_sink& sink);
  bool take_preamble();
  bool take_after_boundary();
  bool take_headers(part_sink& sink);
  bool take_data(part_sink& sink);

  std::string delimiter_; // CR LF "--" boundary
  std::string pending_;
  std::size_t at_ = 0; // how much of pending_ is used up
  std::size_t parts_ = 0;
  state state_ = state::preamble;
  std::string error_;
};

// The boundary of a Content-Type header; empty unless it is multipart with a
// boundary of 1 to 200 characters.
std::string boundary_of(std::string_view content_type);

// A header parameter: name="..." with backslash escapes, or a token.
std::string header_parameter(std::string_view header, std::string_view name);

} // namespace varve::toolbox::files
