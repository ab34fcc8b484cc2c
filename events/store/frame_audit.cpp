#include "events/store/frame_audit.hpp"

#include <algorithm>

#include <boost/crc.hpp>

namespace varve::log {

namespace {

// Blocks of 32 KiB; in each, frames of checksum (4), length (2), type (1) and
// content, little endian. No frame crosses a block; less than a header's room
// at a block's end is zeros. The checksum covers type and content.
constexpr std::size_t block_bytes = 32768;
constexpr std::size_t header_bytes = 7;

enum class frame_type : std::uint8_t { whole = 1, first, middle, last };

using crc32c = boost::crc_optimal<32, 0x1edc6f41, ~0u, ~0u, true, true>;

std::uint32_t masked(std::uint32_t crc) noexcept {
  return ((crc >> 15) | (crc << 17)) + 0xa282ead8u;
}

std::uint8_t byte_at(std::string_view bytes, std::size_t i) noexcept {
  return static_cast<std::uint8_t>(bytes[i]);
}

bool all_zero(std::string_view bytes) noexcept {
  return std::all_of(bytes.begin(), bytes.end(), [](char c) { return c == 0; });
}

class auditor {
 public:
  auditor(std::string_view file,
          const std::function<void(std::string_view)>& take)
      : file_(file), take_(take) {
    // nop
  }

  std::optional<frame_damage> run() {
    while (offset_ < file_.size() && !damage_ && !cut_off_)
      step();
    return damage_;
  }

 private:
  void step() {
    auto room = block_bytes - offset_ % block_bytes;
    auto rest = file_.substr(offset_);
    if (room < header_bytes) {
      auto padding = rest.substr(0, room);
      if (!all_zero(padding))
        fail("the end of a block is not zero");
      offset_ += padding.size();
      return;
    }
    // A file that was lengthened and never filled reads as zeros.
    if (rest.size() < header_bytes || all_zero(rest)) {
      cut_off_ = true;
      return;
    }
    read_frame(rest.substr(0, room), rest.size() <= room);
  }

  // `block`: what the file holds of this block, from the frame on.
  void read_frame(std::string_view block, bool is_last_block) {
    auto length =
        static_cast<std::size_t>(byte_at(block, 4) | byte_at(block, 5) << 8);
    auto content = block.substr(header_bytes);
    if (length <= content.size()) {
      if (!fits(block, length))
        return fail("a frame's checksum does not fit", content);
      return accept(byte_at(block, 6), content.substr(0, length));
    }
    if (!is_last_block)
      return fail("a frame is longer than its block", content);
    if (fits_with_another_length(block, length))
      return fail("a frame's length is altered", content);
    cut_off_ = true;
  }

  static bool fits(std::string_view block, std::size_t length) {
    std::uint32_t stored = 0;
    for (std::size_t i = 4; i-- > 0;)
      stored = stored << 8 | byte_at(block, i);
    crc32c crc;
    crc.process_bytes(block.data() + header_bytes - 1, length + 1);
    return masked(crc.checksum()) == stored;
  }

  // Whether one byte of the length tells a torn write from an altered one.
  static bool fits_with_another_length(std::string_view block,
                                       std::size_t length) {
    auto most = block.size() - header_bytes;
    for (std::size_t value = 0; value < 256; ++value) {
      auto low = (length & 0xff00) | value;
      auto high = (length & 0xff) | value << 8;
      if ((low <= most && fits(block, low))
          || (high <= most && fits(block, high)))
        return true;
    }
    return false;
  }

  void accept(std::uint8_t type, std::string_view content) {
    auto continues = type == static_cast<std::uint8_t>(frame_type::middle)
                     || type == static_cast<std::uint8_t>(frame_type::last);
    auto ends = type == static_cast<std::uint8_t>(frame_type::whole)
                || type == static_cast<std::uint8_t>(frame_type::last);
    if (type < 1 || type > 4 || continues != inside_)
      return fail("a frame is of a type that cannot be here", content);
    offset_ += header_bytes + content.size();
    gathered_ += content;
    inside_ = !ends;
    if (!ends)
      return;
    take_(gathered_);
    gathered_.clear();
  }

  void fail(std::string why, std::string_view content = {}) {
    damage_ =
        frame_damage{offset_, std::move(why), gathered_ + std::string{content}};
  }

  std::string_view file_;
  const std::function<void(std::string_view)>& take_;
  std::size_t offset_ = 0;
  std::string gathered_;
  bool inside_ = false;
  bool cut_off_ = false;
  std::optional<frame_damage> damage_;
};

} // namespace

std::optional<frame_damage>
audit_frames(std::string_view file,
             const std::function<void(std::string_view)>& take) {
  return auditor{file, take}.run();
}

} // namespace varve::log
