// The log of a command: offsets, forms and markers, against a plain copy of
// what was written.
#include <algorithm>
#include <cstdint>

#include <fuzzer/FuzzedDataProvider.h>

#include "runner/toolbox/sessions/command_log.hpp"
#include "tests/fuzz/claim.hpp"
#include "tests/fuzz/pieces.hpp"

namespace {

using namespace varve::toolbox;
using varve::fuzz::claim;

constexpr std::size_t space = 3 << 10;

// What a client of marked output does: a marker says whose the text behind it
// is.
struct split_text {
  std::string out;
  std::string err;
};

split_text without_markers(std::string_view marked) {
  split_text both;
  std::string* to = nullptr;
  for (std::size_t at = 0; at < marked.size();) {
    auto mark = marked.substr(at, 3);
    bool is_out = mark == "\1\1\1";
    if (is_out || mark == "\2\2\2") {
      to = is_out ? &both.out : &both.err;
      at += 3;
      continue;
    }
    claim(to != nullptr, "a marker stands before any text");
    *to += marked[at++];
  }
  return both;
}

std::string read_all(const command_log& log, log_form form,
                     std::uint64_t offset, std::size_t most) {
  auto where = log.seek(form, offset);
  std::string out;
  while (log.read(where, form, most, out))
    claim(out.size() <= (1 << 20), "reading comes to an end");
  claim(!where.has_lost, "nothing is lost without a writer");
  claim(where.plain == log.end(log_form::plain), "a reader comes to the end");
  return out;
}

// A text that holds markers of its own cannot be told apart by anybody.
std::string without_mark_bytes(std::string text) {
  for (char& c : text)
    if (c == '\1' || c == '\2')
      c = '\n';
  return text;
}

class written {
 public:
  explicit written(command_log& log) : log_{log} {
    // nop
  }

  void append(log_stream from, const std::string& text) {
    log_.append(from, text);
    plain_ += text;
  }

  void check(std::uint64_t offset, std::size_t most) const {
    claim(log_.end(log_form::plain) == plain_.size(), "every byte counts");
    auto first = log_.first(log_form::plain);
    auto kept = plain_.substr(first);
    claim(read_all(log_, log_form::plain, 0, most) == kept,
          "what is kept reads as it was written");
    auto marked = read_all(log_, log_form::marked, 0, most);
    claim(marked.size()
              == log_.end(log_form::marked) - log_.first(log_form::marked),
          "marked offsets count marked bytes");
    auto split = without_markers(marked);
    claim(split.out == read_all(log_, log_form::out, 0, most)
              && split.err == read_all(log_, log_form::err, 0, most),
          "markers tell the streams apart");
    claim(split.out.size() + split.err.size() == kept.size(),
          "every byte has a stream");
    auto from = std::clamp<std::uint64_t>(offset, first, plain_.size());
    claim(read_all(log_, log_form::plain, offset, most) == plain_.substr(from),
          "an offset leads to its byte");
    read_all(log_, log_form::marked, offset, most);
  }

 private:
  command_log& log_;
  std::string plain_;
};

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  FuzzedDataProvider from{data, size};
  log_space shared{space};
  command_log other{shared};
  command_log log{shared, from.ConsumeIntegralInRange<std::size_t>(1, space)};
  written copy{log};
  for (int n = 0; n < 32 && from.remaining_bytes() > 0; ++n) {
    auto stream = from.ConsumeBool() ? log_stream::out : log_stream::err;
    auto text = without_mark_bytes(from.ConsumeRandomLengthString(600));
    if (from.ConsumeBool())
      copy.append(stream, text);
    else
      other.append(stream, text);
    if (from.ConsumeProbability<float>() < 0.1f)
      other.retire();
  }
  copy.check(from.ConsumeIntegral<std::uint16_t>(),
             from.ConsumeIntegralInRange<std::size_t>(1, 200));
  return 0;
}
