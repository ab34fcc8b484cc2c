// HTTP/1 messages as the gateway reads them: heads, bodies with a length and
// in chunks, one message after another on a connection.
#include <cstdint>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <fuzzer/FuzzedDataProvider.h>

#include "gateway/server/message_reader.hpp"
#include "gateway/server/message_text.hpp"
#include "tests/fuzz/claim.hpp"
#include "tests/fuzz/pieces.hpp"

namespace {

using namespace varve::gateway;
using std::chrono::milliseconds;
using varve::fuzz::claim;

constexpr std::size_t head_limit = 2048;
constexpr int most_messages = 4;

// Reads what a peer sent before it left.
class sent_stream final : public byte_stream {
 public:
  sent_stream(stream_registry& registry, std::vector<std::string_view> pieces)
      : byte_stream{registry}, pieces_{std::move(pieces)} {
    // nop
  }

  awaitable<io_outcome> read_some(asio::mutable_buffer into,
                                  milliseconds) override {
    claim(into.size() > 0, "there is room for what is read");
    if (next_ == pieces_.size())
      co_return io_outcome{asio::error::eof, 0};
    auto& piece = pieces_[next_];
    auto size = asio::buffer_copy(into, asio::buffer(piece));
    piece.remove_prefix(size);
    next_ += piece.empty() ? 1 : 0;
    co_return io_outcome{{}, size};
  }
  awaitable<io_outcome> write(std::vector<asio::const_buffer>,
                              milliseconds) override {
    co_return io_outcome{asio::error::broken_pipe, 0};
  }
  awaitable<void> end_writing() override {
    co_return;
  }
  void close() noexcept override {
    // nop
  }
  bool peer_has_left() const noexcept override {
    return false;
  }
  void run_on_strand(std::function<void()>) override {
    // nop
  }

 private:
  std::vector<std::string_view> pieces_;
  std::size_t next_ = 0;
};

struct message {
  head_outcome outcome = head_outcome::closed;
  message_head head;
  std::string body;
  bool is_whole = false;
};

bool is_complete(const message& m) {
  return m.outcome == head_outcome::complete;
}

void check(const message_head& h) {
  auto lengths = h.headers.count("Content-Length");
  auto encodings = h.headers.count("Transfer-Encoding");
  claim(lengths + encodings <= 1, "a body has one framing");
  claim(h.chunked == (encodings == 1), "chunked is what the field says");
  claim(h.headers.count("Host") <= 1, "a request names one host");
  for (const auto& f : h.headers.fields)
    claim((f.name + f.value).find_first_of(std::string_view{"\r\n\0", 3})
              == std::string::npos,
          "a field stays on its line");
}

awaitable<void> read_all(byte_stream& from, std::size_t limit,
                         std::vector<message>& out) {
  message_reader reader{from, message_reader::kind::request, limit};
  char part[100];
  for (int n = 0; n < most_messages; ++n) {
    auto& m = out.emplace_back();
    m.outcome = co_await reader.read_head(milliseconds{1}, milliseconds{60000});
    if (m.outcome != head_outcome::complete)
      co_return;
    m.head = reader.head();
    check(m.head);
    for (;;) {
      auto got = co_await reader.read_body(asio::buffer(part), milliseconds{1});
      if (got.failure)
        co_return;
      if (got.bytes == 0)
        break;
      m.body.append(part, got.bytes);
    }
    m.is_whole = reader.is_complete();
    claim(!m.head.content_length || m.body.size() == *m.head.content_length,
          "a body is as long as announced");
  }
}

std::vector<message> read(std::vector<std::string_view> pieces,
                          std::size_t limit = head_limit) {
  asio::io_context io{1};
  stream_registry registry;
  sent_stream from{registry, std::move(pieces)};
  std::vector<message> out;
  asio::co_spawn(io, read_all(from, limit, out), [](std::exception_ptr failed) {
    claim(!failed, "reading throws nothing");
  });
  io.run();
  return out;
}

// As the proxy writes it for the next reader, who must see the same message.
void check_forwarded(const message& m) {
  header_list fields = m.head.headers;
  auto text = request_head(m.head.method, m.head.target, fields);
  if (m.head.chunked && !m.body.empty())
    text += chunk_prefix(m.body.size()) + m.body + "\r\n";
  else if (!m.head.chunked)
    text += m.body;
  if (m.head.chunked)
    text += "0\r\n\r\n";
  if (m.head.version == 10)
    return; // written as 1.1, which asks for more
  // Written out, a field takes a byte more: the blank after its colon.
  auto again = read({text}, 2 * head_limit);
  claim(!again.empty() && again[0].outcome == head_outcome::complete
            && again[0].is_whole,
        "what is passed on can be read");
  claim(again[0].body == m.body && again[0].head.target == m.head.target,
        "and says the same");
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  FuzzedDataProvider from{data, size};
  varve::fuzz::cut_text stream{from};
  auto cut = read(stream.pieces);
  auto at_once = read({stream.whole});
  if (stream.whole.size() > head_limit)
    return 0; // which bytes the limit counts depends on the cuts
  claim(cut.size() == at_once.size(), "cuts make no messages");
  for (std::size_t i = 0; i < cut.size(); ++i) {
    // What ends early may be seen to be malformed before its end, or not.
    claim(is_complete(cut[i]) == is_complete(at_once[i])
              && cut[i].is_whole == at_once[i].is_whole,
          "nor break them");
    claim(!cut[i].is_whole || cut[i].body == at_once[i].body, "nor their body");
    if (cut[i].is_whole)
      check_forwarded(cut[i]);
  }
  return 0;
}
