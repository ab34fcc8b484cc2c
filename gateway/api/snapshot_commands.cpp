#include <chrono>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include "events/base/ids.hpp"
#include "gateway/api/answers.hpp"
#include "gateway/api/handlers.hpp"
#include "gateway/api/held_command.hpp"
#include "gateway/api/sandbox_json.hpp"
#include "gateway/api/snapshot_body.hpp"

namespace varve::gateway {

namespace json = boost::json;
using projections::snapshot_view;

namespace {

// How long an answer is held for a build to begin, and how often it is looked.
constexpr std::chrono::milliseconds begin_time{4000};
constexpr std::chrono::milliseconds look_time{25};

result<CreateSnapshot> command_for(services& s, const request& r) {
  static const json::object nothing;
  if (r.json && !r.json->is_object())
    return failure(errc::invalid, "the request body must be an object");
  VARVE_TRY(auto body,
            parse_snapshot_body(r.json ? r.json->get_object() : nothing));
  if (!body.region.empty() && body.region != s.options.region)
    return failure(errc::not_found, "Region not found");
  CreateSnapshot out;
  out.snapshot_id = uuid::v4().str();
  out.name = std::move(body.name);
  out.image = std::move(body.from.image);
  out.entrypoint = std::move(body.from.entrypoint);
  out.build = std::move(body.from.build);
  out.resources = body.resources;
  out.region = s.options.region;
  return out;
}

result<snapshot_view> find(services& s, const request& r,
                           const std::string& wanted) {
  VARVE_TRY(auto found, s.reads.snapshot(r.who->organization_id, wanted));
  if (!found)
    return failure(errc::not_found,
                   "Snapshot with ID or name " + wanted + " not found");
  return std::move(*found);
}

// One that the caller may change.
result<snapshot_view> find_own(services& s, const request& r,
                               std::string_view what) {
  VARVE_TRY(auto found, find(s, r, r.captures[0]));
  if (found.general)
    return failure(errc::forbidden,
                   "You cannot " + std::string{what} + " a general snapshot");
  return found;
}

result<response> shown_now(services& s, const request& r,
                           const command_reply& reply) {
  VARVE_TRY(auto view, find(s, r, reply.aggregate_id));
  auto out = json_answer(200, snapshot_json(s, view));
  out.at = reply.at;
  return out;
}

answer shown(services& s, const request& r, command what,
             std::string snapshot_id) {
  auto done = co_await carry_out_now(s, r, std::move(what), snapshot_id);
  if (!done)
    co_return done.error();
  co_return shown_now(s, r, done.value());
}

answer done_without_body(services& s, const request& r, command what,
                         std::string snapshot_id, unsigned status) {
  auto done = co_await carry_out_now(s, r, std::move(what), snapshot_id);
  if (!done)
    co_return done.error();
  response out;
  out.status = status;
  out.at = done.value().at;
  co_return out;
}

// SDKs read the log of a build that they have seen at work; one that is over
// between two of their looks, a second apart, would go by unheard.
awaitable<void> until_begun(services& s, const request& r,
                            const std::string& id) {
  auto end = std::chrono::steady_clock::now() + begin_time;
  while (std::chrono::steady_clock::now() < end) {
    auto found = s.reads.snapshot(r.who->organization_id, id);
    if (!found || !found.value() || found.value()->state != "pending")
      co_return;
    boost::asio::steady_timer timer{co_await boost::asio::this_coro::executor,
                                    look_time};
    co_await timer.async_wait(
        boost::asio::as_tuple(boost::asio::use_awaitable));
  }
}

} // namespace

answer create_snapshot(services& s, const request& r) {
  auto what = command_for(s, r);
  if (!what)
    co_return what.error();
  auto is_build = !what.value().build.dockerfile.empty();
  command create = std::move(what.value());
  auto done = co_await carry_out_now(s, r, std::move(create), "");
  if (!done)
    co_return done.error();
  const auto& id = done.value().aggregate_id;
  if (is_build)
    co_await until_begun(s, r, id);
  co_return shown_now(s, r, done.value());
}

answer delete_snapshot(services& s, const request& r) {
  if (!uuid::parse(r.captures[0]))
    co_return failure(errc::invalid, "Validation failed (uuid is expected)");
  auto found = find_own(s, r, "delete");
  if (!found)
    co_return found.error();
  command remove = RemoveSnapshot{found.value().id};
  co_return co_await done_without_body(s, r, std::move(remove),
                                       found.value().id, 200);
}

answer activate_snapshot(services& s, const request& r) {
  auto found = find_own(s, r, "activate");
  if (!found)
    co_return found.error();
  command activate = ActivateSnapshot{found.value().id};
  co_return co_await shown(s, r, std::move(activate), found.value().id);
}

answer deactivate_snapshot(services& s, const request& r) {
  auto found = find_own(s, r, "deactivate");
  if (!found)
    co_return found.error();
  command deactivate = DeactivateSnapshot{found.value().id};
  co_return co_await done_without_body(s, r, std::move(deactivate),
                                       found.value().id, 204);
}

} // namespace varve::gateway
