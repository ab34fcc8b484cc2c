#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include "gateway/api/activity.hpp"
#include "gateway/api/answers.hpp"
#include "gateway/api/create_body.hpp"
#include "gateway/api/handlers.hpp"
#include "gateway/api/held_command.hpp"
#include "gateway/api/json_fields.hpp"
#include "gateway/api/sandbox_json.hpp"
#include "gateway/url.hpp"

namespace varve::gateway {

namespace json = boost::json;
using projections::sandbox_state;
using projections::sandbox_view;

namespace {

result<response> render(services& s, const request& r, const sandbox_view& v,
                        std::optional<log::position> at = {}) {
  VARVE_TRY(auto body, full_sandbox_json(s, r, v));
  auto out = json_answer(200, std::move(body));
  out.at = at;
  return out;
}

result<bool> flag_parameter(const request& r, std::string_view name) {
  auto given = query_parameters{r.query}.value(name);
  if (!given || *given == "false")
    return false;
  if (*given == "true")
    return true;
  return failure(errc::invalid,
                 "Validation failed (boolean string is expected)");
}

result<const json::object*> object_body(const request& r) {
  static const json::object nothing;
  if (!r.json)
    return &nothing;
  if (!r.json->is_object())
    return failure(errc::invalid, "the request body must be an object");
  return &r.json->get_object();
}

// Runs the command on the sandbox the path names. `must_start`: an error
// state at the end is the caller's error.
answer run_on(services& s, const request& r,
              command (*make)(const std::string& sandbox_id), bool must_start) {
  auto target = find_sandbox(s, r, r.captures[0]);
  if (!target)
    co_return target.error();
  const auto& id = target.value().id;
  auto done = co_await carry_out(s, r, make(id), id);
  if (!done)
    co_return done.error();
  const auto& view = done.value().sandbox;
  if (!view)
    co_return failure(errc::not_found,
                      "Sandbox with ID or name " + id + " not found");
  if (must_start && view->state == sandbox_state::error)
    co_return failure(errc::invalid,
                      "Sandbox failed to start: " + view->error_reason);
  co_return render(s, r, *view, done.value().reply.at);
}

result<bool> wants_force(const request& r) {
  VARVE_TRY(auto in_query, flag_parameter(r, "force"));
  VARVE_TRY(const auto* body, object_body(r));
  VARVE_TRY(auto in_body, flag_member(*body, "force"));
  return in_query || in_body.value_or(false);
}

} // namespace

answer get_sandbox(services& s, const request& r) {
  auto found = find_sandbox(s, r, r.captures[0]);
  if (!found)
    co_return found.error();
  co_return render(s, r, found.value());
}

answer delete_sandbox(services& s, const request& r) {
  auto target = find_sandbox(s, r, r.captures[0]);
  if (!target)
    co_return target.error();
  auto view = std::move(target.value());
  command what = DestroySandbox{view.id};
  auto done = co_await carry_out(s, r, std::move(what), view.id);
  if (!done)
    co_return done.error();
  s.used.forget(view.id);
  if (done.value().sandbox)
    view = std::move(*done.value().sandbox);
  else
    view.state = sandbox_state::destroyed;
  view.desired_state = "destroyed";
  co_return render(s, r, view, done.value().reply.at);
}

// Who starts it wants to use it: one that is about to be stopped as idle goes
// on.
answer start_sandbox(services& s, const request& r) {
  if (auto target = find_sandbox(s, r, r.captures[0]))
    s.used.touch(target.value().id, s.time.now());
  return run_on(
      s, r, [](const std::string& id) -> command { return StartSandbox{id}; },
      true);
}

answer stop_sandbox(services& s, const request& r) {
  auto force = wants_force(r);
  if (!force)
    co_return force.error();
  if (force.value())
    co_return co_await run_on(
        s, r,
        [](const std::string& id) -> command {
          return StopSandbox{id, true};
        },
        false);
  co_return co_await run_on(
      s, r,
      [](const std::string& id) -> command {
        return StopSandbox{id, false};
      },
      false);
}

answer recover_sandbox(services& s, const request& r) {
  auto skip_start = flag_parameter(r, "skipStart");
  if (!skip_start)
    co_return skip_start.error();
  if (skip_start.value())
    co_return co_await run_on(
        s, r,
        [](const std::string& id) -> command {
          return RecoverSandbox{id, true};
        },
        true);
  co_return co_await run_on(
      s, r, [](const std::string& id) -> command { return RecoverSandbox{id}; },
      true);
}

answer replace_labels(services& s, const request& r) {
  auto body = object_body(r);
  if (!body)
    co_return body.error();
  auto labels = texts_member(*body.value(), "labels");
  if (!labels)
    co_return labels.error();
  if (!labels.value())
    co_return failure(errc::invalid, "labels must be an object of strings");
  if (auto fine = check_labels(*labels.value()); !fine)
    co_return fine.error();
  auto target = find_sandbox(s, r, r.captures[0]);
  if (!target)
    co_return target.error();
  const auto& id = target.value().id;
  command what = ReplaceLabels{id, std::move(*labels.value())};
  auto reply = co_await carry_out_now(s, r, std::move(what), id);
  if (!reply)
    co_return reply.error();
  auto view = find_sandbox(s, r, id);
  if (!view)
    co_return view.error();
  co_return render(s, r, view.value(), reply.value().at);
}

answer touch_sandbox(services& s, const request& r) {
  auto body = object_body(r);
  if (!body)
    co_return body.error();
  // Recorded nowhere: any kind of use counts alike.
  if (auto kind = text_member(*body.value(), "activityType"); !kind)
    co_return kind.error();
  auto found = find_sandbox(s, r, r.captures[0]);
  if (!found)
    co_return found.error();
  if (found.value().id != r.captures[0])
    co_return failure(errc::not_found,
                      "Sandbox with ID " + r.captures[0] + " not found");
  s.used.touch(found.value().id, s.time.now());
  response out;
  out.status = 201;
  co_return out;
}

answer get_toolbox_proxy_url(services& s, const request& r) {
  auto found = find_sandbox(s, r, r.captures[0]);
  if (!found)
    co_return found.error();
  json::object body;
  body["url"] = toolbox_proxy_url(s, r);
  co_return json_answer(200, std::move(body));
}

} // namespace varve::gateway
