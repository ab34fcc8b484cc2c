#include "gateway/api/repeated_command.hpp"

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include "gateway/api/answers.hpp"
#include "gateway/api/sandbox_json.hpp"

namespace varve::gateway {

using projections::sandbox_state;
using projections::sandbox_view;
using schema::Event;

namespace {

// Not what is answered with something of its own, or judged otherwise.
bool shows_a_sandbox(const schema::Entry& first) noexcept {
  return first.aggregate() == schema::AggregateType::Sandbox
         && first.event_type() != Event::SandboxSigningKeyRotated
         && first.event_type() != Event::SandboxResizeRequested
         && first.event_type() != Event::SandboxNetworkRequested;
}

bool must_start(Event kind) noexcept {
  return kind == Event::SandboxCreated || kind == Event::SandboxStartRequested
         || kind == Event::SandboxResumeRequested
         || kind == Event::SandboxRecoveryRequested;
}

// As it is when it has come to rest, also when it is gone by then.
awaitable<result<sandbox_view>> at_rest(services& s, const request& r,
                                        std::string id, log::position at) {
  const auto& bounds = s.options.bounds;
  auto until = std::chrono::steady_clock::now() + bounds.hold_time;
  bool seen = co_await applied(s, at, bounds.hold_time);
  if (!seen)
    co_return failure(errc::timed_out, "The command cannot be read back yet");
  auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
      until - std::chrono::steady_clock::now());
  auto settled_view =
      co_await settled(s, r.who->organization_id, id,
                       std::max(left, std::chrono::milliseconds{0}));
  if (!settled_view)
    co_return settled_view.error();
  if (settled_view.value())
    co_return std::move(*settled_view.value());
  auto gone = s.reads.sandbox_anywhere(id);
  if (!gone)
    co_return gone.error();
  if (!gone.value() || gone.value()->organization_id != r.who->organization_id)
    co_return failure(errc::not_found,
                      "Sandbox with ID or name " + id + " not found");
  co_return std::move(*gone.value());
}

} // namespace

bool has_own_command_id(const request& r) noexcept {
  const auto* key = r.headers.find("Idempotency-Key");
  return key && !key->empty() && r.method != "GET" && r.method != "HEAD";
}

log::digest fingerprint_of(const request& r) {
  auto text = r.method + "\n" + r.path + "\n" + r.query + "\n" + r.body;
  return log::sha256(std::as_bytes(std::span{text.data(), text.size()}));
}

awaitable<result<std::optional<response>>> repeated_answer(services& s,
                                                           const request& r) {
  std::optional<response> none;
  auto known = s.past.command(r.who->organization_id, r.correlation_id);
  if (!known)
    co_return known.error();
  if (!known.value())
    co_return none;
  const auto& record = *known.value();
  if (r.fingerprint && !record.may_be_of(*r.fingerprint))
    co_return failure(errc::reused,
                      "This Idempotency-Key was used for another request");
  const auto& first = *record.view().entries()->Get(0);
  if (!shows_a_sandbox(first))
    co_return none;
  auto view = co_await at_rest(s, r, first.aggregate_id()->str(), record.at());
  if (!view)
    co_return view.error();
  if (must_start(first.event_type())
      && view.value().state == sandbox_state::error)
    co_return failure(errc::invalid,
                      "Sandbox failed to start: " + view.value().error_reason);
  auto body = full_sandbox_json(s, r, view.value());
  if (!body)
    co_return body.error();
  auto out = json_answer(200, std::move(body.value()));
  out.at = record.at();
  co_return std::optional{std::move(out)};
}

} // namespace varve::gateway
