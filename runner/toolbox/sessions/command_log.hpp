// What a command or a terminal wrote, for readers at their own pace: the last
// 16 MiB at most, in pieces, and less where others need the space. Every byte
// has an offset that never changes, also when what lay before it is dropped.
// One thread, no I/O.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <list>
#include <string>
#include <string_view>

namespace varve::toolbox {

enum class log_stream : unsigned char { out, err };

// How a log is read: both streams as they came; the same with three bytes
// before every line (01 01 01: stdout, 02 02 02: stderr); one stream only.
enum class log_form { plain, marked, out, err };

class command_log;

// The memory all logs share. When it runs short, logs of what has ended are
// dropped first, the oldest before others.
class log_space {
 public:
  explicit log_space(std::size_t bytes) : left_{bytes} {
    // nop
  }

 private:
  friend command_log;
  bool take(std::size_t bytes);

  std::size_t left_;
  std::list<command_log*> retired_;
};

class command_log {
 public:
  static constexpr std::size_t segment_limit = 16 << 10;
  static constexpr std::size_t piece_size = 64 << 10;
  static constexpr std::size_t default_limit = 16 << 20;

  // Where a reader stands.
  struct cursor {
    std::uint64_t piece = 0;
    std::size_t at = 0;      // within the piece
    std::size_t skip = 0;    // bytes of what comes next that it does not want
    std::uint64_t plain = 0; // offset of what comes next
    bool has_lost = false;   // something was dropped before it was read
  };

  explicit command_log(log_space& space, std::size_t limit = default_limit)
      : space_{space}, limit_{limit} {
    // nop
  }
  command_log(const command_log&) = delete;
  ~command_log();

  void append(log_stream from, std::string_view text);
  // Nothing more is expected: the first to go when space is short.
  void retire();

  // Offsets count bytes of that form: plain or marked. One that lies before
  // what is kept leads to the first kept byte, one beyond the end to the end.
  cursor seek(log_form form, std::uint64_t offset) const;
  std::uint64_t first(log_form form) const;
  std::uint64_t end(log_form form) const;

  // Adds whole segments, at least one where there is one and as many as fit
  // `most` bytes, up to the plain offset `until`; false when nothing was left
  // to read.
  bool read(cursor& where, log_form form, std::size_t most, std::string& out,
            std::uint64_t until = ~std::uint64_t{0}) const;

 private:
  friend log_space;
  struct piece {
    std::string bytes; // per segment: 4 bytes size and stream, then the text
    std::uint64_t plain = 0; // offsets of its first byte
    std::uint64_t marked = 0;
    std::size_t taken = 0; // from the space
  };

  void append_segment(log_stream from, std::string_view text);
  bool grow(std::size_t bytes);
  void drop_first();
  void drop_all();

  log_space& space_;
  std::size_t limit_;
  std::deque<piece> pieces_;
  std::uint64_t first_piece_ = 0; // number of pieces_.front()
  std::size_t held_ = 0;
  std::uint64_t plain_end_ = 0;
  std::uint64_t marked_end_ = 0;
  bool is_retired_ = false;
};

// How many bytes of the text are whole UTF-8 characters or no UTF-8 at all:
// the rest, at most 3, may be completed by what comes next.
std::size_t whole_characters(std::string_view text);

} // namespace varve::toolbox
