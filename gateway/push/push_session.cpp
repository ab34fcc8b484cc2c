#include "gateway/push/push_session.hpp"

#include <array>

#include <boost/asio/this_coro.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include "events/base/ids.hpp"
#include "gateway/api/answers.hpp"
#include "gateway/api/authentication.hpp"
#include "gateway/api/sandbox_json.hpp"
#include "gateway/push/accept_key.hpp"
#include "gateway/push/socket_packet.hpp"
#include "gateway/push/websocket_frame.hpp"
#include "gateway/server/message_text.hpp"
#include "gateway/url.hpp"

namespace varve::gateway {

namespace json = boost::json;
using std::chrono::milliseconds;

namespace {

// More than a key and what surrounds it.
constexpr std::size_t longest_message = 16 * 1024;
constexpr std::size_t read_size = 512;

// The numbers and texts that clients of Engine.IO show.
response engine_refusal(unsigned code, const char* message) {
  return json_answer(400, json::object{{"code", code}, {"message", message}});
}

// Empty when there is none.
std::string token_of(std::string_view data) {
  boost::system::error_code failed;
  auto parsed = json::parse({data.data(), data.size()}, failed);
  if (failed || !parsed.is_object())
    return {};
  const auto* token = parsed.get_object().if_contains("token");
  if (!token || !token->is_string())
    return {};
  return std::string{token->get_string()};
}

class push_session {
 public:
  push_session(services& s, push_hub& hub, client_side client, const request& r,
               asio::any_io_executor strand)
      : services_(s), hub_(hub), side_(client), request_(r),
        client_(std::make_shared<push_client>(client.stream, std::move(strand),
                                              public_base_url(s, r))) {
    // nop
  }

  awaitable<void> run() {
    const auto& bounds = services_.options.bounds;
    say(open_packet(uuid::v4().str(),
                    static_cast<std::uint32_t>(bounds.ping_interval.count()),
                    static_cast<std::uint32_t>(bounds.ping_timeout.count()),
                    longest_message));
    auto early = side_.reader.take_rest();
    bool goes_on = take(early);
    side_.stream.set_idle(true); // owes us nothing while we stop
    auto known_by = steady_now() + bounds.header_time.count();
    std::array<char, read_size> bytes{};
    while (goes_on) {
      milliseconds limit = bounds.ping_interval + bounds.ping_timeout;
      if (!place_)
        limit = milliseconds{known_by - steady_now()};
      if (limit.count() <= 0)
        break;
      auto got = co_await side_.stream.read_some(asio::buffer(bytes), limit);
      goes_on = !got.failure && take({bytes.data(), got.bytes});
    }
    place_.reset();
    co_await client_->finish();
  }

 private:
  void say(std::string_view packet) {
    client_->send(frame_of(frame_kind::text, packet));
  }

  bool end(close_code code) {
    client_->send(close_frame(code));
    return false;
  }

  // False when the session is over.
  bool take(std::string_view bytes) {
    std::vector<frame_message> messages;
    auto broken = reader_.feed(bytes, messages);
    for (const auto& m : messages)
      if (!take(m))
        return false;
    return broken ? end(*broken) : true;
  }

  bool take(const frame_message& m) {
    switch (m.kind) {
    case frame_kind::ping:
      client_->send(frame_of(frame_kind::pong, m.payload));
      return true;
    case frame_kind::pong:
      return true;
    case frame_kind::close:
      return end(close_code::normal);
    case frame_kind::binary:
    case frame_kind::continuation:
      return end(close_code::unacceptable);
    case frame_kind::text:
      break;
    }
    auto packet = parse_packet(m.payload);
    return packet ? take(*packet) : end(close_code::protocol_error);
  }

  bool take(const socket_packet& p) {
    switch (p.what) {
    case socket_packet::kind::pong:
    case socket_packet::kind::noop:
      return true;
    case socket_packet::kind::connect:
      return connect(p);
    case socket_packet::kind::close:
    case socket_packet::kind::disconnect:
      return end(close_code::normal);
    case socket_packet::kind::event:
      break; // there is nothing that clients may say
    }
    return end(close_code::policy_violation);
  }

  bool connect(const socket_packet& p) {
    if (place_)
      return end(close_code::protocol_error);
    auto refuse = [&](std::string_view why) {
      say(refused_packet(p.name_space, why));
      return true; // it may try again until its time is over
    };
    if (p.name_space != "/")
      return refuse("Invalid namespace");
    auto who = principal_of(services_, token_of(p.data));
    if (!who)
      return refuse("Unauthorized");
    auto wanted =
        query_parameters{request_.query}.value("organizationId").value_or("");
    if (!wanted.empty() && wanted != who.value().organization_id)
      return refuse("Unauthorized");
    client_->organization_id = who.value().organization_id;
    client_->key_hash = who.value().key_hash;
    place_.emplace(
        hub_, client_,
        frame_of(frame_kind::text, connected_packet(uuid::v4().str())));
    return true;
  }

  services& services_;
  push_hub& hub_;
  client_side side_;
  const request& request_;
  frame_reader reader_{longest_message};
  std::shared_ptr<push_client> client_;
  std::optional<push_hub::place> place_; // once it is known
};

awaitable<bool> upgrade(client_side client, const request& r,
                        const std::string& accepts, const services& s,
                        const serving& with) {
  response head;
  head.headers.add("Upgrade", "websocket");
  head.headers.add("Connection", "Upgrade");
  head.headers.add("Sec-WebSocket-Accept", accepts);
  with.where.finish(r, head);
  auto text = response_head(101, head.headers);
  std::vector<asio::const_buffer> parts{asio::buffer(text)};
  auto sent = co_await client.stream.write(parts, s.options.bounds.write_time);
  co_return !sent.failure;
}

// A place among the open ones for as long as it lives.
struct entry {
  push_hub& hub;
  bool is_in;

  explicit entry(push_hub& of) : hub(of), is_in(of.enter()) {
    // nop
  }
  ~entry() {
    if (is_in)
      hub.leave();
  }
  entry(const entry&) = delete;
  entry& operator=(const entry&) = delete;
};

// What refuses a request before anything is upgraded. Clients may open
// WebSockets only: none of the SDKs polls.
std::optional<response> refuse_push(const request& r,
                                    const message_head& head) {
  query_parameters query{r.query};
  if (r.method != "GET")
    return engine_refusal(2, "Bad handshake method");
  if (query.value("EIO") != "4")
    return engine_refusal(5, "Unsupported protocol version");
  if (query.value("transport") != "websocket")
    return engine_refusal(0, "Transport unknown");
  if (query.value("sid"))
    return engine_refusal(1, "Session ID unknown");
  const auto* version = r.headers.find("Sec-WebSocket-Version");
  const auto* key = r.headers.find("Sec-WebSocket-Key");
  if (!head.wants_upgrade || !version || *version != "13" || !key
      || !accept_key(*key))
    return engine_refusal(3, "Bad request");
  return std::nullopt;
}

} // namespace

bool is_push_path(std::string_view path) noexcept {
  return path == "/api/socket.io/" || path == "/api/socket.io";
}

awaitable<stream_end> serve_push(services& s, push_hub& hub, client_side client,
                                 const request& r, const serving& with) {
  entry in{hub};
  auto refused = refuse_push(r, client.reader.head());
  if (!refused && !in.is_in) {
    error full{errc::log_unavailable, "too many clients listen on this node"};
    refused = error_answer(r, full, s.time.now());
  }
  if (refused) {
    with.where.finish(r, *refused);
    bool keep = client.reader.head().keep_alive && client.reader.is_complete();
    bool sent = co_await write_response(client, r, *refused, keep, with);
    co_return sent&& keep ? stream_end::keep_alive : stream_end::close;
  }
  auto accepts = accept_key(*r.headers.find("Sec-WebSocket-Key")).value_or("");
  bool is_open = co_await upgrade(client, r, accepts, s, with);
  if (is_open) {
    auto strand = co_await asio::this_coro::executor;
    push_session session{s, hub, client, r, std::move(strand)};
    co_await session.run();
  }
  co_return stream_end::close;
}

} // namespace varve::gateway
