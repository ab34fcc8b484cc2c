#include "gateway/api/build_log.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/json/object.hpp>

#include "gateway/api/answers.hpp"
#include "gateway/api/authentication.hpp"
#include "gateway/api/held_command.hpp"
#include "gateway/api/sandbox_json.hpp"
#include "gateway/server/message_text.hpp"
#include "gateway/url.hpp"

namespace varve::gateway {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

namespace {

constexpr std::size_t piece = 64 << 10;
constexpr milliseconds look_time{200};

// The thing whose log it is.
struct subject {
  std::string id;
  bool has_log = false; // its image is one that was pulled
  bool is_over = false; // nothing more will be said
};

result<subject> find_snapshot(services& s, const request& r,
                              const std::string& wanted) {
  VARVE_TRY(auto found, s.reads.snapshot(r.who->organization_id, wanted));
  if (!found)
    return failure(errc::not_found,
                   "Snapshot with ID or name " + wanted + " not found");
  return subject{found->id, !found->image.empty(),
                 found->state != "pending" && found->state != "pulling"
                     && found->state != "building"};
}

result<subject> find_box(services& s, const request& r,
                         const std::string& wanted) {
  using projections::sandbox_state;
  VARVE_TRY(auto found, find_sandbox(s, r, wanted));
  return subject{found.id, found.snapshot_id.empty(),
                 found.state != sandbox_state::pending_build
                     && found.state != sandbox_state::pulling_snapshot
                     && found.state != sandbox_state::building_snapshot};
}

class build_log {
 public:
  build_log(services& s, client_side client, const request& r, bool of_snapshot,
            const serving& with)
      : services_(s), client_(client), request_(r), with_(with),
        of_snapshot_(of_snapshot) {
    // nop
  }

  awaitable<stream_end> run() {
    if (auto refused = prepare()) {
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
  result<subject> look(const std::string& wanted) {
    return of_snapshot_ ? find_snapshot(services_, request_, wanted)
                        : find_box(services_, request_, wanted);
  }

  std::optional<response> prepare() {
    auto refuse = [&](const error& e) {
      return error_answer(request_, e, services_.time.now());
    };
    query_parameters q{request_.query};
    follows_ = q.value("follow").value_or("") == "true";
    if (auto offset = q.value("offset")) {
      auto number = whole_number(*offset);
      if (!number)
        return refuse({errc::invalid, "offset must be a number of bytes"});
      at_ = *number;
    }
    auto found = look(request_.captures[0]);
    if (!found)
      return refuse(found.error());
    id_ = found.value().id;
    return std::nullopt;
  }

  awaitable<bool> write_head() {
    response head;
    head.headers.add("Date", http_date(services_.time.now()));
    head.headers.add("Content-Type", "application/octet-stream");
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
      // Before the log is read: what is said before that is in it.
      auto found = look(id_);
      bool is_last = !follows_ || !found || found.value().is_over;
      auto text = services_.guests.read_image_log(id_, at_, piece);
      bool said = text && !text.value().empty();
      if (said) {
        at_ += text.value().size();
        bool sent = co_await write_text(std::move(text.value()));
        if (!sent)
          co_return;
        continue;
      }
      if (is_last)
        break;
      bool goes_on = co_await wait();
      if (!goes_on)
        co_return;
    }
    std::string end = is_chunked() ? "0\r\n\r\n" : "";
    co_await write_bytes(std::move(end));
  }

  // False when the stream is to end.
  awaitable<bool> wait() {
    if (with_.is_stopping || client_.stream.peer_has_left() || !is_allowed())
      co_return false;
    client_.stream.set_idle(true);
    asio::steady_timer timer{co_await asio::this_coro::executor, look_time};
    co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
    client_.stream.set_idle(false);
    co_return true;
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
    co_return !sent.failure;
  }

  services& services_;
  client_side client_;
  const request& request_;
  const serving& with_;
  bool of_snapshot_;
  bool follows_ = false;
  std::string id_;
  std::uint64_t at_ = 0;
  steady_clock::time_point asked_ = steady_clock::now();
};

result<response> url_of(services& s, const request& r, bool of_snapshot) {
  const auto& wanted = r.captures[0];
  VARVE_TRY(auto found,
            of_snapshot ? find_snapshot(s, r, wanted) : find_box(s, r, wanted));
  if (!found.has_log)
    return failure(errc::not_found,
                   (of_snapshot ? "Snapshot with ID " : "Sandbox with ID ")
                       + wanted + " has no build info");
  boost::json::object body;
  body["url"] = public_base_url(s, r)
                + (of_snapshot ? "/snapshots/" : "/sandboxes/") + found.id
                + "/build-logs";
  return json_answer(200, std::move(body));
}

} // namespace

answer get_snapshot_build_log_url(services& s, const request& r) {
  co_return url_of(s, r, true);
}

answer get_sandbox_build_log_url(services& s, const request& r) {
  co_return url_of(s, r, false);
}

answer snapshot_build_log(services&, const request&) {
  co_return failure(errc::unsupported, "a log is streamed");
}

answer sandbox_build_log(services&, const request&) {
  co_return failure(errc::unsupported, "a log is streamed");
}

awaitable<stream_end> stream_build_log(services& s, client_side client,
                                       const request& r, bool of_snapshot,
                                       const serving& with) {
  build_log log{s, client, r, of_snapshot, with};
  co_return co_await log.run();
}

} // namespace varve::gateway
