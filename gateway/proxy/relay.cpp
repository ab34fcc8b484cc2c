#include "gateway/proxy/relay.hpp"

#include <algorithm>

#include <boost/asio/experimental/awaitable_operators.hpp>

#include "gateway/proxy/forwarded_headers.hpp"
#include "gateway/proxy/pipe.hpp"
#include "gateway/server/message_text.hpp"

namespace varve::gateway {

using namespace asio::experimental::awaitable_operators;

namespace {

constexpr std::size_t piece_size = 64 * 1024;
constexpr int max_informational = 8;

enum class fed { client_gone, client_malformed };
enum class answered { wholly, in_part, not_at_all, switching };

class exchange {
 public:
  exchange(client_side client, const request& r,
           std::shared_ptr<byte_stream> guest, const limits& bounds,
           relay_plan plan)
      : client_(client), request_(r), guest_(std::move(guest)), bounds_(bounds),
        plan_(std::move(plan)),
        from_guest_(*guest_, message_reader::kind::response,
                    bounds.header_bytes) {
    // nop
  }

  awaitable<stream_end> run() {
    auto head = request_head(request_.method, plan_.target, plan_.for_guest);
    std::vector<asio::const_buffer> parts{asio::buffer(head)};
    auto sent = co_await guest_->write(parts, bounds_.stream_write_time);
    if (sent.failure)
      co_return co_await give_up("the toolbox does not read");
    auto first = co_await (pass_answer() || feed_guest());
    if (first.index() == 1)
      co_return co_await client_failed(std::get<1>(first));
    auto how = std::get<0>(first);
    if (how == answered::not_at_all)
      co_return co_await give_up(why_);
    if (how == answered::switching)
      co_return co_await become_pipe();
    bool whole =
        how == answered::wholly && client_.reader.is_complete() && keeps_alive_;
    co_return whole ? stream_end::keep_alive : stream_end::close;
  }

 private:
  // --- client to guest ------------------------------------------------------

  // Ends only when the client is at fault; an answer ends it otherwise.
  awaitable<fed> feed_guest() {
    auto& reader = client_.reader;
    if (!reader.is_complete()) {
      if (reader.head().expects_continue) {
        static constexpr std::string_view text =
            "HTTP/1.1 100 Continue\r\n\r\n";
        std::vector<asio::const_buffer> parts{asio::buffer(text)};
        co_await client_.stream.write(parts, bounds_.stream_write_time);
      }
      auto failed = co_await feed_body();
      if (failed)
        co_return *failed;
    }
    co_await reader.await_peer_gone(bounds_.stream_idle_time);
    co_return fed::client_gone;
  }

  awaitable<std::optional<fed>> feed_body() {
    std::string piece(piece_for(client_.reader.head()), '\0');
    bool guest_reads = true;
    for (;;) {
      auto got = co_await client_.reader.read_body(asio::buffer(piece),
                                                   bounds_.stream_idle_time);
      if (got.failure)
        co_return is_connection_failure(got.failure) ? fed::client_gone
                                                     : fed::client_malformed;
      // An answer may come before the whole body: then the guest has stopped
      // reading, and the answer ends all of this.
      if (guest_reads)
        guest_reads = co_await write_piece(
            *guest_, client_.reader.head().chunked, piece, got.bytes);
      if (got.bytes == 0)
        co_return std::nullopt;
      if (!guest_reads)
        co_return co_await until_answered();
    }
  }

  awaitable<std::optional<fed>> until_answered() {
    co_await client_.reader.await_peer_gone(bounds_.stream_idle_time);
    co_return fed::client_gone;
  }

  // --- guest to client ------------------------------------------------------

  awaitable<answered> pass_answer() {
    bool bodiless = request_.method == "HEAD";
    for (int n = 0; n <= max_informational; ++n) {
      auto got = co_await from_guest_.read_head(bounds_.stream_idle_time,
                                                bounds_.header_time, bodiless);
      if (got != head_outcome::complete) {
        why_ = got == head_outcome::closed ? "the toolbox closed the connection"
                                           : "the toolbox does not speak HTTP";
        co_return answered::not_at_all;
      }
      auto status = from_guest_.head().status;
      if (status == 101)
        co_return co_await may_switch();
      if (status >= 200)
        co_return co_await pass_final_answer();
    }
    why_ = "the toolbox does not come to an answer";
    co_return answered::not_at_all;
  }

  awaitable<answered> may_switch() {
    if (client_.reader.head().wants_upgrade)
      co_return answered::switching;
    why_ = "the toolbox switched protocols unasked";
    co_return answered::not_at_all;
  }

  awaitable<answered> pass_final_answer() {
    const auto& answer = from_guest_.head();
    auto headers =
        headers_for_client(answer, plan_.redirect_prefix, plan_.keeps_cors);
    bool chunked = add_framing(headers, answer);
    auto head = response_head(answer.status, with_common(std::move(headers)));
    std::vector<asio::const_buffer> parts{asio::buffer(head)};
    auto sent = co_await client_.stream.write(parts, bounds_.stream_write_time);
    if (sent.failure)
      co_return answered::in_part;
    std::string piece(piece_for(answer), '\0');
    while (!from_guest_.is_complete()) {
      auto got = co_await from_guest_.read_body(asio::buffer(piece),
                                                bounds_.stream_idle_time);
      if (got.failure)
        co_return answered::in_part;
      if (got.bytes == 0)
        break;
      bool written =
          co_await write_piece(client_.stream, chunked, piece, got.bytes);
      if (!written)
        co_return answered::in_part;
    }
    bool ended =
        !chunked || co_await write_piece(client_.stream, true, piece, 0);
    co_return ended ? answered::wholly : answered::in_part;
  }

  // How the client will know the end; true for chunks.
  bool add_framing(header_list& to, const message_head& answer) {
    keeps_alive_ =
        client_.reader.head().keep_alive && client_.reader.is_complete();
    bool bodiless = from_guest_.is_complete();
    bool chunked = false;
    if (answer.content_length && answer.status != 204) {
      to.add("Content-Length", std::to_string(*answer.content_length));
    } else if (!bodiless) {
      chunked = client_.reader.head().version == 11;
      keeps_alive_ = keeps_alive_ && chunked;
      if (chunked)
        to.add("Transfer-Encoding", "chunked");
    }
    to.add("Connection", keeps_alive_ ? "keep-alive" : "close");
    return chunked;
  }

  header_list with_common(header_list headers) const {
    for (const auto& f : plan_.common.fields)
      headers.add(f.name, f.value);
    return headers;
  }

  // --- either way -----------------------------------------------------------

  static std::size_t piece_for(const message_head& head) noexcept {
    auto size = head.content_length.value_or(piece_size);
    return std::clamp<std::uint64_t>(size, 1, piece_size);
  }

  // One piece of a body, or its end when n is 0.
  awaitable<bool> write_piece(byte_stream& to, bool chunked,
                              const std::string& piece, std::size_t n) {
    static constexpr std::string_view line_end = "\r\n";
    if (n == 0 && !chunked)
      co_return true;
    auto prefix = chunked ? chunk_prefix(n) : std::string{};
    std::vector<asio::const_buffer> parts;
    if (chunked)
      parts.push_back(asio::buffer(prefix));
    parts.push_back(asio::buffer(piece.data(), n));
    if (chunked)
      parts.push_back(asio::buffer(line_end));
    auto sent = co_await to.write(parts, bounds_.stream_write_time);
    co_return !sent.failure;
  }

  awaitable<stream_end> become_pipe() {
    auto headers = headers_for_client(from_guest_.head(), plan_.redirect_prefix,
                                      plan_.keeps_cors);
    headers.add("Connection", "Upgrade");
    if (const auto* protocol = from_guest_.head().headers.find("Upgrade"))
      headers.add("Upgrade", *protocol);
    auto head = response_head(101, with_common(std::move(headers)));
    pipe_ends ends{client_.stream, *guest_, head + from_guest_.take_rest(),
                   client_.reader.take_rest()};
    // A pipe has no end of its own that a shutdown could wait for.
    client_.stream.set_idle(true);
    co_await pipe_until_closed(std::move(ends), bounds_);
    co_return stream_end::close;
  }

  awaitable<stream_end> client_failed(fed why) {
    if (why == fed::client_malformed && !head_sent_to_client()) {
      auto out = plan_.no_answer("the request body is malformed");
      out.status = 400;
      co_await plan_.reply(std::move(out));
    }
    co_return stream_end::close;
  }

  bool head_sent_to_client() const noexcept {
    return from_guest_.head().status >= 200;
  }

  awaitable<stream_end> give_up(std::string_view why) {
    auto out = plan_.no_answer(why);
    out.close = true;
    co_await plan_.reply(std::move(out));
    co_return stream_end::close;
  }

  static bool
  is_connection_failure(const boost::system::error_code& e) noexcept {
    return e.category() == boost::system::system_category()
           || e.category() == asio::error::get_misc_category();
  }

  client_side client_;
  const request& request_;
  std::shared_ptr<byte_stream> guest_;
  const limits& bounds_;
  relay_plan plan_;
  message_reader from_guest_;
  bool keeps_alive_ = false;
  std::string_view why_;
};

} // namespace

awaitable<stream_end> relay(client_side client, const request& r,
                            std::shared_ptr<byte_stream> guest,
                            const limits& bounds, relay_plan plan) {
  exchange e{client, r, std::move(guest), bounds, std::move(plan)};
  co_return co_await e.run();
}

} // namespace varve::gateway
