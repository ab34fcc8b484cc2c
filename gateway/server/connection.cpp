#include "gateway/server/connection.hpp"

#include <algorithm>
#include <array>

#include "events/base/ids.hpp"
#include "events/base/logging.hpp"
#include "gateway/server/message_text.hpp"

namespace varve::gateway {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

namespace {

// Of a body that nobody wants: read past within these, else the connection
// ends.
constexpr std::size_t max_skipped = 256 * 1024;
constexpr milliseconds skip_time{1'000};
// After our last words.
constexpr std::size_t max_parting = 8 * 1024 * 1024;
constexpr milliseconds parting_time{2'000};
constexpr unsigned gone = 1; // instead of a status: the client has left

bool is_host(std::string_view host) noexcept {
  constexpr std::size_t max_host = 255;
  if (host.empty() || host.size() > max_host)
    return false;
  return std::all_of(host.begin(), host.end(), [](unsigned char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z')
           || (c >= 'A' && c <= 'Z') || c == '.' || c == '-' || c == ':'
           || c == '[' || c == ']' || c == '_';
  });
}

// "http://host/path" is the same as "/path".
std::string_view origin_form(std::string_view target) noexcept {
  for (std::string_view scheme : {"http://", "https://"})
    if (target.size() > scheme.size()
        && same_ignoring_case(target.substr(0, scheme.size()), scheme)) {
      auto slash = target.find('/', scheme.size());
      return slash == std::string_view::npos ? "/" : target.substr(slash);
    }
  return target;
}

class connection {
 public:
  connection(byte_stream& client, const serving& with, std::string peer)
      : client_(client), with_(with), peer_(std::move(peer)),
        reader_(client, message_reader::kind::request,
                with.bounds.header_bytes) {
    // nop
  }

  awaitable<void> run() {
    bool goes_on = true;
    while (goes_on && !with_.is_stopping) {
      client_.set_idle(true);
      auto got = co_await reader_.read_head(with_.bounds.idle_time,
                                            with_.bounds.header_time);
      client_.set_idle(false);
      if (got == head_outcome::closed)
        co_return;
      goes_on = co_await answer(got);
    }
    co_await part();
  }

 private:
  client_side side() noexcept {
    return {client_, reader_};
  }

  // True when another request may follow.
  awaitable<bool> answer(head_outcome got) {
    request r;
    unsigned refused = 0;
    if (got == head_outcome::too_large)
      refused = 431;
    else if (got == head_outcome::malformed || !fill(r))
      refused = 400;
    r.correlation_id = uuid::v7(with_.time.now()).str();
    if (refused != 0) {
      co_await reply(r, with_.where.refusal(r, refused), false);
      co_return false;
    }
    auto decision = with_.where.decide(r);
    if (decision.streaming) {
      auto end = co_await decision.streaming(side(), r);
      co_return end == stream_end::keep_alive;
    }
    if (decision.ready)
      co_return co_await reply_and_skip_body(r, std::move(*decision.ready));
    co_return co_await answer_with_body(r, decision);
  }

  bool fill(request& r) {
    const auto& head = reader_.head();
    r.method = head.method;
    r.version = head.version;
    r.headers = head.headers;
    auto target = origin_form(head.target);
    if (!target.starts_with('/'))
      return false;
    auto mark = target.find('?');
    r.path = target.substr(0, mark);
    if (mark != std::string_view::npos)
      r.query = target.substr(mark + 1);
    const auto* host = head.headers.find("Host");
    if (host && !is_host(*host))
      return false;
    r.base_url = (with_.is_secure ? "https://" : "http://")
                 + (host ? *host : with_.own_address);
    r.peer = peer_;
    return true;
  }

  awaitable<bool> answer_with_body(request& r, site::decision& decision) {
    auto status = co_await read_body(r);
    if (status == gone)
      co_return false;
    if (status != 0) {
      co_await reply(r, with_.where.refusal(r, status), false);
      co_return false;
    }
    auto out = co_await decision.with_body(r);
    auto if_lost = std::exchange(out.if_lost, nullptr);
    has_sent_ = false;
    bool goes_on = false;
    if (!if_lost || !client_.peer_has_left())
      goes_on = co_await reply(r, std::move(out), true);
    if (if_lost && !has_sent_)
      if_lost();
    co_return goes_on;
  }

  // 0, the status that refuses the body, or `gone`.
  awaitable<unsigned> read_body(request& r) {
    const auto& head = reader_.head();
    auto most = with_.bounds.body_bytes;
    if (head.content_length && *head.content_length > most)
      co_return 413;
    if (reader_.is_complete())
      co_return 0;
    if (head.expects_continue && !co_await send_continue())
      co_return gone;
    auto until = steady_clock::now() + with_.bounds.body_time;
    std::array<char, 8192> part{};
    for (;;) {
      auto left =
          std::chrono::duration_cast<milliseconds>(until - steady_clock::now());
      auto got = co_await reader_.read_body(asio::buffer(part),
                                            std::max(left, milliseconds{1}));
      if (got.failure)
        co_return is_malformed(got) ? 400 : gone;
      if (got.bytes == 0)
        co_return 0;
      if (r.body.size() + got.bytes > most)
        co_return 413;
      r.body.append(part.data(), got.bytes);
    }
  }

  // The peer's bytes are at fault, rather than the connection.
  static bool is_malformed(const io_outcome& got) noexcept {
    return got.failure.category() != boost::system::system_category()
           && got.failure.category() != asio::error::get_misc_category();
  }

  awaitable<bool> send_continue() {
    static constexpr std::string_view text = "HTTP/1.1 100 Continue\r\n\r\n";
    std::vector<asio::const_buffer> parts{asio::buffer(text)};
    auto sent = co_await client_.write(parts, with_.bounds.write_time);
    co_return !sent.failure;
  }

  // An answer that needed no body: what little of it comes is read past, so
  // that the connection can be used again.
  awaitable<bool> reply_and_skip_body(const request& r, response out) {
    const auto& head = reader_.head();
    bool is_short = head.content_length && !head.expects_continue
                    && *head.content_length <= max_skipped;
    bool goes_on =
        co_await reply(r, std::move(out), reader_.is_complete() || is_short);
    if (goes_on && !reader_.is_complete())
      goes_on = co_await discard();
    co_return goes_on;
  }

  // True when the rest of the message was short and came in time.
  awaitable<bool> discard() {
    std::array<char, 8192> part{};
    std::size_t total = 0;
    while (total < max_skipped) {
      auto got = co_await reader_.read_body(asio::buffer(part), skip_time);
      if (got.failure)
        co_return false;
      if (got.bytes == 0)
        co_return true;
      total += got.bytes;
    }
    co_return false;
  }

  awaitable<bool> reply(const request& r, response out, bool may_go_on) {
    bool keep_alive = may_go_on && reader_.head().keep_alive && !out.close
                      && !with_.is_stopping;
    with_.where.finish(r, out);
    has_sent_ = co_await write_response(side(), r, out, keep_alive, with_);
    co_return has_sent_&& keep_alive;
  }

  // Lets the peer read our last words before the connection is reset for
  // bytes we did not read.
  awaitable<void> part() {
    co_await client_.end_writing();
    std::array<char, 8192> rest{};
    auto until = steady_clock::now() + parting_time;
    std::size_t total = 0;
    while (total < max_parting && steady_clock::now() < until) {
      auto got = co_await client_.read_some(asio::buffer(rest), parting_time);
      if (got.failure)
        break;
      total += got.bytes;
    }
    client_.close();
  }

  byte_stream& client_;
  const serving& with_;
  std::string peer_;
  message_reader reader_;
  bool has_sent_ = false; // the last answer, as far as the kernel took it
};

} // namespace

awaitable<bool> write_response(client_side to, const request& r,
                               const response& out, bool keep_alive,
                               const serving& with) {
  auto headers = out.headers;
  headers.add("Date", http_date(with.time.now()));
  if (!out.content_type.empty())
    headers.add("Content-Type", out.content_type);
  if (out.status != 204)
    headers.add("Content-Length", std::to_string(out.body.size()));
  headers.add("Connection", keep_alive ? "keep-alive" : "close");
  auto head = response_head(out.status, headers);
  std::vector<asio::const_buffer> parts{asio::buffer(head)};
  if (r.method != "HEAD")
    parts.push_back(asio::buffer(out.body));
  auto sent = co_await to.stream.write(parts, with.bounds.write_time);
  co_return !sent.failure;
}

awaitable<void> serve_connection(std::shared_ptr<byte_stream> client,
                                 const serving& with, std::string peer) {
  try {
    connection c{*client, with, std::move(peer)};
    co_await c.run();
  } catch (const std::exception& e) {
    // Out of memory, or the connection was ended from outside.
    log_debug("gateway", std::string{"connection ended: "} + e.what());
  }
  client->close();
}

} // namespace varve::gateway
