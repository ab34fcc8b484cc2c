#include "gateway/server/message_reader.hpp"

#include <algorithm>
#include <variant>

#include <boost/asio/error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/rfc7230.hpp>

namespace varve::gateway {

namespace http = boost::beast::http;
using std::chrono::milliseconds;

namespace {

constexpr std::size_t read_size = 64 * 1024;
constexpr std::size_t head_read_size = 4 * 1024; // idle connections stay small

using request_parser = http::parser<true, http::buffer_body>;
using response_parser = http::parser<false, http::buffer_body>;

template <class Fields>
void copy_fields(const Fields& from, message_head& to) {
  for (const auto& f : from)
    to.headers.add(std::string{f.name_string()}, std::string{f.value()});
}

// Only the framings that every reader understands alike: one Content-Length,
// or exactly "chunked", never both. The parser has refused contradictions
// already; this refuses what it tolerates.
bool is_unambiguous(const message_head& h) {
  if (h.version != 10 && h.version != 11)
    return false;
  auto encodings = h.headers.count("Transfer-Encoding");
  auto lengths = h.headers.count("Content-Length");
  if (encodings > 1 || lengths > 1 || (encodings && lengths))
    return false;
  if (lengths
      && h.headers.find("Content-Length")->find_first_not_of("0123456789")
             != std::string::npos)
    return false;
  if (!encodings)
    return true;
  return h.version == 11
         && same_ignoring_case(*h.headers.find("Transfer-Encoding"), "chunked");
}

bool is_sound_request(const message_head& h) {
  auto hosts = h.headers.count("Host");
  return !h.target.empty() && hosts <= 1 && (hosts == 1 || h.version == 10);
}

// Only to WebSocket: some clients offer HTTP/2 with every request, and nobody
// here would understand it.
bool names_upgrade(const message_head& h) {
  const auto* protocol = h.headers.find("Upgrade");
  if (!protocol || !same_ignoring_case(*protocol, "websocket"))
    return false;
  for (const auto& f : h.headers.fields)
    if (same_ignoring_case(f.name, "Connection"))
      for (const auto& token : http::token_list{f.value})
        if (same_ignoring_case(std::string_view{token.data(), token.size()},
                               "upgrade"))
          return true;
  return false;
}

void fill_common(message_head& h, bool keep_alive, bool chunked,
                 boost::optional<std::uint64_t> length) {
  h.keep_alive = keep_alive;
  h.chunked = chunked;
  if (length)
    h.content_length = *length;
  h.wants_upgrade = names_upgrade(h);
  const auto* expect = h.headers.find("Expect");
  h.expects_continue =
      expect && h.version == 11 && same_ignoring_case(*expect, "100-continue");
}

void fill(message_head& h, request_parser& p) {
  const auto& m = p.get();
  h.version = m.version();
  h.method = std::string{m.method_string()};
  h.target = std::string{m.target()};
  copy_fields(m, h);
  fill_common(h, p.keep_alive(), p.chunked(), p.content_length());
}

void fill(message_head& h, response_parser& p) {
  const auto& m = p.get();
  h.version = m.version();
  h.status = m.result_int();
  copy_fields(m, h);
  fill_common(h, p.keep_alive(), p.chunked(), p.content_length());
}

} // namespace

class message_reader::impl {
 public:
  impl(byte_stream& from, kind what, std::size_t most_header_bytes)
      : stream(from), what_kind(what), header_limit(most_header_bytes) {
    // nop
  }

  void begin(bool bodiless) {
    head = {};
    if (what_kind == kind::request) {
      auto& p = parser.emplace<request_parser>();
      prepare(p);
    } else {
      auto& p = parser.emplace<response_parser>();
      prepare(p);
      p.skip(bodiless);
    }
  }

  template <class Parser>
  void prepare(Parser& p) {
    p.header_limit(static_cast<std::uint32_t>(header_limit));
    p.body_limit(boost::none);
    p.eager(false);
  }

  template <class F>
  auto with_parser(F f) {
    return what_kind == kind::request ? f(std::get<request_parser>(parser))
                                      : f(std::get<response_parser>(parser));
  }

  // One step of the parser over what is buffered.
  boost::system::error_code step() {
    boost::system::error_code failure;
    auto used =
        with_parser([&](auto& p) { return p.put(buffer.data(), failure); });
    buffer.consume(used);
    starved = failure == http::error::need_more;
    return failure;
  }

  // Beast 1.81 asserts that a last chunk it has once found unfinished comes
  // with five bytes ("0", two line ends).
  bool lacks_bytes() const {
    constexpr std::size_t last_chunk = 5;
    auto n = buffer.size();
    return n == 0
           || (starved && n < last_chunk
               && *static_cast<const char*>(buffer.data().data()) == '0');
  }

  awaitable<boost::system::error_code> fetch(milliseconds limit,
                                             std::size_t most) {
    if (buffer.size() >= read_size)
      co_return http::error::buffer_overflow;
    auto got = co_await stream.read_some(
        buffer.prepare(std::min(most, read_size - buffer.size())), limit);
    buffer.commit(got.bytes);
    co_return got.failure;
  }

  void point_body_at(asio::mutable_buffer into) {
    with_parser([&](auto& p) {
      p.get().body().data = into.data();
      p.get().body().size = into.size();
      p.get().body().more = true;
      return 0;
    });
  }

  std::size_t body_room() {
    return with_parser([](auto& p) { return p.get().body().size; });
  }

  // More of the body; the end of the stream may be the end of it.
  awaitable<boost::system::error_code> fetch_body(milliseconds limit) {
    auto failure = co_await fetch(limit, read_size);
    if (failure == asio::error::eof)
      with_parser([&](auto& p) {
        failure = {};
        p.put_eof(failure);
        return 0;
      });
    co_return failure;
  }

  head_outcome finish_head() {
    with_parser([&](auto& p) {
      fill(head, p);
      return 0;
    });
    bool sound = is_unambiguous(head)
                 && (what_kind == kind::response || is_sound_request(head));
    return sound ? head_outcome::complete : head_outcome::malformed;
  }

  bool is_done() {
    if (parser.index() == 0)
      return true;
    return with_parser([](auto& p) { return p.is_done(); });
  }

  bool needs_eof() {
    return parser.index() != 0
           && with_parser([](auto& p) { return p.need_eof(); });
  }

  byte_stream& stream;
  kind what_kind;
  std::size_t header_limit;
  boost::beast::flat_buffer buffer{read_size};
  std::variant<std::monostate, request_parser, response_parser> parser;
  message_head head;
  bool starved = false; // the latest step found too little to go on
};

message_reader::message_reader(byte_stream& from, kind what,
                               std::size_t header_limit)
    : impl_(std::make_unique<impl>(from, what, header_limit)) {
  // nop
}

message_reader::~message_reader() = default;

awaitable<head_outcome> message_reader::read_head(milliseconds first_byte,
                                                  milliseconds rest,
                                                  bool bodiless) {
  impl_->begin(bodiless);
  if (impl_->buffer.size() == 0) {
    auto fetched = co_await impl_->fetch(first_byte, head_read_size);
    if (fetched)
      co_return head_outcome::closed;
  }
  auto until = std::chrono::steady_clock::now() + rest;
  for (;;) {
    auto failure = impl_->step();
    if (impl_->with_parser([](auto& p) { return p.is_header_done(); })
        && !failure)
      co_return impl_->finish_head();
    if (failure == http::error::header_limit)
      co_return head_outcome::too_large;
    if (failure && failure != http::error::need_more)
      co_return head_outcome::malformed;
    auto left = std::chrono::duration_cast<milliseconds>(
        until - std::chrono::steady_clock::now());
    auto fetched =
        co_await impl_->fetch(std::max(left, milliseconds{1}), head_read_size);
    if (fetched == http::error::buffer_overflow)
      co_return head_outcome::too_large;
    if (fetched)
      co_return head_outcome::closed;
  }
}

const message_head& message_reader::head() const noexcept {
  return impl_->head;
}

awaitable<io_outcome> message_reader::read_body(asio::mutable_buffer into,
                                                milliseconds limit) {
  auto& i = *impl_;
  i.point_body_at(into);
  while (!i.is_done()) {
    auto failure = i.lacks_bytes()
                       ? boost::system::error_code{http::error::need_more}
                       : i.step();
    if (failure == http::error::need_buffer)
      failure = {};
    auto n = into.size() - i.body_room();
    // What is there is handed out at once; a failure shows again next time.
    if (n == into.size() || (n > 0 && failure))
      co_return io_outcome{{}, n};
    if (!failure)
      continue;
    if (failure == http::error::need_more)
      failure = co_await i.fetch_body(limit);
    if (failure)
      co_return io_outcome{failure, 0};
  }
  co_return io_outcome{{}, into.size() - i.body_room()};
}

bool message_reader::is_complete() const noexcept {
  return impl_->is_done();
}

bool message_reader::ends_with_stream() const noexcept {
  return impl_->needs_eof();
}

awaitable<void> message_reader::await_peer_gone(milliseconds limit) {
  for (;;) {
    auto fetched = co_await impl_->fetch(limit, head_read_size);
    if (fetched == http::error::buffer_overflow)
      break;
    if (fetched)
      co_return;
  }
  asio::steady_timer never{co_await asio::this_coro::executor, limit};
  co_await never.async_wait(asio::use_awaitable);
}

std::string message_reader::take_rest() {
  std::string rest{static_cast<const char*>(impl_->buffer.data().data()),
                   impl_->buffer.size()};
  impl_->buffer.consume(rest.size());
  return rest;
}

} // namespace varve::gateway
