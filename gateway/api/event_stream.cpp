#include "gateway/api/event_stream.hpp"

#include <algorithm>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include "gateway/api/answers.hpp"
#include "gateway/api/authentication.hpp"
#include "gateway/api/event_history.hpp"
#include "gateway/server/message_text.hpp"
#include "gateway/url.hpp"

namespace varve::gateway {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

namespace {

constexpr std::size_t events_at_once = 100;
constexpr milliseconds look_time{1'000};
constexpr milliseconds silence{15'000}; // proxies end what is silent for long
// Between two looks at a partition in which others are busy.
constexpr milliseconds pause_time{100};
constexpr std::string_view last_event = "SandboxDestroyed";

class event_stream {
 public:
  event_stream(services& s, client_side client, const request& r,
               const serving& with)
      : services_(s), client_(client), request_(r), with_(with) {
    // nop
  }

  awaitable<stream_end> run() {
    auto refused = prepare();
    if (!refused && is_over_)
      refused = nothing_more();
    if (refused) {
      with_.where.finish(request_, *refused);
      bool sent = co_await write_response(
          client_, request_, *refused, client_.reader.head().keep_alive, with_);
      co_return sent&& client_.reader.head().keep_alive ? stream_end::keep_alive
                                                        : stream_end::close;
    }
    bool sent = co_await write_head();
    if (sent && request_.method != "HEAD")
      co_await follow();
    co_return stream_end::close;
  }

 private:
  std::optional<response> prepare() {
    auto refuse = [&](const error& e) {
      return error_answer(request_, e, services_.time.now());
    };
    if (!request_.query.empty())
      return refuse({errc::invalid, "An event stream takes no parameters; "
                                    "it begins after Last-Event-ID"});
    auto found = find_in_history(services_, request_, request_.captures[0]);
    if (!found)
      return refuse(found.error());
    id_ = found.value().id;
    partition_ = log::partition_of(found.value().organization_id);
    if (const auto* last = request_.headers.find("Last-Event-ID")) {
      auto version = whole_number(*last);
      if (!version || *version > UINT32_MAX)
        return refuse({errc::invalid, "Last-Event-ID is not one of ours"});
      next_ = *version + 1;
      is_over_ = found.value().state == projections::sandbox_state::destroyed
                 && *version >= found.value().version;
    }
    return std::nullopt;
  }

  // Tells a browser that it need not come again.
  static response nothing_more() {
    response out;
    out.status = 204;
    return out;
  }

  awaitable<bool> write_head() {
    response head;
    head.headers.add("Date", http_date(services_.time.now()));
    head.headers.add("Content-Type", "text/event-stream");
    head.headers.add("Cache-Control", "no-store");
    if (is_chunked())
      head.headers.add("Transfer-Encoding", "chunked");
    head.headers.add("Connection", "close");
    with_.where.finish(request_, head);
    auto text = response_head(200, head.headers);
    co_return co_await write_bytes(std::move(text));
  }

  awaitable<void> follow() {
    for (;;) {
      auto seen = services_.reads.applied(partition_);
      auto told = co_await tell();
      if (!told)
        co_return;
      if (is_over_) {
        std::string end = is_chunked() ? "0\r\n\r\n" : "";
        co_await write_bytes(std::move(end));
        co_return;
      }
      if (told.value())
        continue;
      bool goes_on = co_await wait(seen);
      if (!goes_on)
        co_return;
    }
  }

  // Whether there was anything; an error ends it.
  awaitable<result<bool>> tell() {
    auto events = sandbox_events(services_, id_, next_, events_at_once);
    if (!events)
      co_return events.error();
    if (events.value().empty())
      co_return false;
    std::string text;
    for (const auto& e : events.value()) {
      text += "id: " + std::to_string(e.version) + "\nevent: " + e.type
              + "\ndata: " + boost::json::serialize(e.body) + "\n\n";
      next_ = e.version + 1;
      is_over_ = e.type == last_event;
    }
    bool sent = co_await write_text(std::move(text));
    if (!sent)
      co_return failure(errc::io, "the client is gone");
    co_return true;
  }

  // Until something may have happened; false when the stream is to end.
  awaitable<bool> wait(std::uint64_t seen) {
    if (with_.is_stopping || client_.stream.peer_has_left() || !is_allowed())
      co_return false;
    if (steady_clock::now() - written_ > silence) {
      bool sent = co_await write_text(": \n\n");
      if (!sent)
        co_return false;
    }
    client_.stream.set_idle(true);
    log::position at{partition_, seen};
    bool moved = co_await applied(services_, at, look_time);
    if (moved)
      co_await pause();
    client_.stream.set_idle(false);
    co_return true;
  }

  awaitable<void> pause() {
    asio::steady_timer timer{co_await asio::this_coro::executor, pause_time};
    co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
  }

  // A query that fails says nothing about the key.
  bool is_allowed() {
    auto now = steady_clock::now();
    if (now - asked_ < services_.options.bounds.review_time)
      return true;
    asked_ = now;
    auto valid = is_valid_key(services_, request_.who->key_hash);
    return !valid || valid.value();
  }

  bool is_chunked() const noexcept {
    return request_.version == 11;
  }

  awaitable<bool> write_text(std::string text) {
    if (is_chunked()) {
      text.insert(0, chunk_prefix(text.size()));
      text += "\r\n";
    }
    co_return co_await write_bytes(std::move(text));
  }

  awaitable<bool> write_bytes(std::string text) {
    std::vector<asio::const_buffer> parts{asio::buffer(text)};
    auto sent = co_await client_.stream.write(
        parts, services_.options.bounds.write_time);
    written_ = steady_clock::now();
    co_return !sent.failure;
  }

  services& services_;
  client_side client_;
  const request& request_;
  const serving& with_;
  std::string id_;
  std::uint16_t partition_ = 0;
  std::uint64_t next_ = 1;
  bool is_over_ = false;
  steady_clock::time_point written_{};
  steady_clock::time_point asked_ = steady_clock::now();
};

} // namespace

bool wants_event_stream(const request& r) noexcept {
  const auto* accepts = r.headers.find("Accept");
  return accepts && accepts->find("text/event-stream") != std::string::npos;
}

awaitable<stream_end> stream_events(services& s, client_side client,
                                    const request& r, const serving& with) {
  event_stream stream{s, client, r, with};
  co_return co_await stream.run();
}

} // namespace varve::gateway
