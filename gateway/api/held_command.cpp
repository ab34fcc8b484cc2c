#include "gateway/api/held_command.hpp"

#include <algorithm>
#include <cstring>

#include "events/base/ids.hpp"
#include "gateway/api/admission.hpp"

namespace varve::gateway {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

namespace {

command_origin origin_of(const request& r) {
  command_origin out;
  out.organization_id = r.who->organization_id;
  out.principal = "key:" + r.who->key_name;
  out.command_id = r.correlation_id;
  out.request = r.fingerprint;
  return out;
}

milliseconds left_until(steady_clock::time_point until) {
  auto left =
      std::chrono::duration_cast<milliseconds>(until - steady_clock::now());
  return std::max(left, milliseconds{0});
}

std::string as_text(log::position at) {
  return std::to_string(at.partition) + ":" + std::to_string(at.index);
}

awaitable<result<command_reply>> submit_and_see(services& s, const request& r,
                                                command what,
                                                std::string sandbox_id,
                                                milliseconds limit) {
  auto until = steady_clock::now() + limit;
  auto place = s.admitted.enter(r.who->organization_id, sandbox_id);
  if (!place)
    co_return place.error();
  auto reply = co_await submit(s, std::move(what), origin_of(r));
  if (!reply)
    co_return reply.error();
  bool seen = co_await applied(s, reply.value().at, left_until(until));
  if (!seen)
    co_return failure(errc::timed_out, "The command is on the log at "
                                           + as_text(reply.value().at)
                                           + " but cannot be read back yet");
  co_return reply.value();
}

} // namespace

std::string command_id_of(const request& r) {
  const auto* key = r.headers.find("Idempotency-Key");
  if (!key || key->empty())
    return r.correlation_id;
  if (auto parsed = uuid::parse(*key))
    return parsed.value().str();
  auto hash = log::sha256(std::as_bytes(std::span{key->data(), key->size()}));
  uuid id;
  std::memcpy(id.bytes.data(), hash.data(), id.bytes.size());
  // RFC 9562 version 8: the bits are ours.
  id.bytes[6] = static_cast<std::uint8_t>((id.bytes[6] & 0x0f) | 0x80);
  id.bytes[8] = static_cast<std::uint8_t>((id.bytes[8] & 0x3f) | 0x80);
  return id.str();
}

awaitable<result<command_reply>> carry_out_now(services& s, const request& r,
                                               command what,
                                               std::string sandbox_id) {
  return submit_and_see(s, r, std::move(what), std::move(sandbox_id),
                        s.options.bounds.hold_time);
}

awaitable<result<held>> carry_out(services& s, const request& r, command what,
                                  std::string sandbox_id) {
  auto until = steady_clock::now() + s.options.bounds.hold_time;
  auto reply = co_await submit_and_see(s, r, std::move(what), sandbox_id,
                                       s.options.bounds.hold_time);
  if (!reply)
    co_return reply.error();
  auto view = co_await settled(s, r.who->organization_id,
                               reply.value().aggregate_id, left_until(until));
  if (!view)
    co_return view.error();
  co_return held{reply.value(), std::move(view.value())};
}

result<projections::sandbox_view> find_sandbox(services& s, const request& r,
                                               const std::string& id_or_name) {
  VARVE_TRY(auto found, s.reads.sandbox(r.who->organization_id, id_or_name));
  if (!found)
    return failure(errc::not_found,
                   "Sandbox with ID or name " + id_or_name + " not found");
  return std::move(*found);
}

} // namespace varve::gateway
