// Cuts a text file into lines, and stops where it is none.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace varve::toolbox::files {

class line_scanner {
 public:
  static constexpr std::size_t longest_line = 64 << 10;
  static constexpr std::size_t binary_probe = 512;

  // A line's number, from 1, and its text without its end. False stops.
  using line_handler = std::function<bool(std::uint64_t, std::string_view)>;

  explicit line_scanner(line_handler on_line) : on_line_{std::move(on_line)} {
    // nop
  }

  // False when no more is wanted: the handler said so, a NUL among the first
  // 512 bytes showed a binary, or a line was longer than 64 KiB.
  bool feed(std::string_view bytes);
  // The last line may have no end.
  void finish();

 private:
  bool emit(std::string_view line);
  bool is_binary(std::string_view bytes);

  line_handler on_line_;
  std::string partial_;
  std::uint64_t number_ = 0;
  std::size_t probed_ = 0;
  bool stopped_ = false;
};

} // namespace varve::toolbox::files
