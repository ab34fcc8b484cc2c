// The output of one command as its caller will get it, in pieces so that
// growing never copies it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "runner/toolbox/budget.hpp"

namespace varve::toolbox {

class captured_output {
 public:
  static constexpr std::size_t limit = 16 << 20; // bytes of one command
  static constexpr std::size_t piece_size = 64 << 10;
  // So much of every command is kept whatever others have taken.
  static constexpr std::size_t granted = piece_size;

  explicit captured_output(memory_budget& memory) : share_{memory} {
    // nop
  }

  // Keeps what still fits the limit and the budget, counts the rest.
  void append(std::string_view bytes);

  const std::vector<std::string>& pieces() const {
    return pieces_;
  }
  // What is kept from this byte on, up to the end of its piece.
  std::string_view read(std::uint64_t offset, std::size_t most) const {
    if (offset >= kept_)
      return {};
    std::string_view piece{pieces_[offset / piece_size]};
    return piece.substr(offset % piece_size, most);
  }
  std::size_t kept() const {
    return kept_;
  }
  // Bytes the command wrote, kept or not.
  std::uint64_t written() const {
    return written_;
  }
  bool is_cut() const {
    return kept_ < written_;
  }

 private:
  budget_share share_;
  std::vector<std::string> pieces_;
  std::size_t kept_ = 0;
  std::uint64_t written_ = 0;
  bool full_ = false;
};

} // namespace varve::toolbox
