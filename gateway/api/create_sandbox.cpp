#include "gateway/api/create_sandbox.hpp"

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include "events/base/ids.hpp"
#include "events/base/logging.hpp"
#include "gateway/api/abandoned_create.hpp"
#include "gateway/api/answers.hpp"
#include "gateway/api/create_body.hpp"
#include "gateway/api/handlers.hpp"
#include "gateway/api/held_command.hpp"
#include "gateway/api/open_creates.hpp"
#include "gateway/api/repeated_command.hpp"
#include "gateway/api/sandbox_json.hpp"

namespace varve::gateway {

namespace json = boost::json;

namespace {

constexpr std::string_view default_user = "daytona";
// JSON escapes can make env larger than what create_body counted.
constexpr std::size_t max_sealed_env = 320 * 1024;

std::string trimmed(const std::string& text) {
  auto first = text.find_first_not_of(" \t");
  if (first == std::string::npos)
    return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

result<std::string> region_for(services& s, const std::string& target) {
  auto wanted = trimmed(target);
  if (wanted.empty() || wanted == s.options.region)
    return s.options.region;
  return failure(errc::not_found, "Region not found");
}

result<projections::snapshot_view> snapshot_for(services& s, const request& r,
                                                const std::string& wanted) {
  const auto& name = wanted.empty() ? s.options.default_snapshot : wanted;
  VARVE_TRY(auto found, s.reads.snapshot(r.who->organization_id, name));
  if (!found)
    return failure(errc::invalid,
                   "Snapshot " + name
                       + " not found. Did you add it through the Daytona "
                         "Dashboard?");
  if (found->state != "active")
    return failure(errc::invalid, "Snapshot " + name + " is " + found->state);
  return std::move(*found);
}

void use_snapshot(const projections::snapshot_view& snapshot,
                  const std::string& user, CreateSandbox& out) {
  out.snapshot_id = snapshot.id;
  out.snapshot_name = snapshot.name;
  out.image_ref = snapshot.image_ref;
  out.resources = snapshot.resources;
  out.user = user;
  if (snapshot.image.empty()) {
    if (user.empty())
      out.user = default_user;
    return;
  }
  out.entrypoint = snapshot.entrypoint;
  if (user.empty())
    out.user = snapshot.user.empty() ? "root" : snapshot.user;
}

// Whose user is known once it was pulled.
void use_image(const create_body& body, CreateSandbox& out) {
  out.snapshot_name = body.from.image;
  out.image = body.from.image;
  out.entrypoint = body.from.entrypoint;
  out.build = body.from.build;
  out.resources = body.resources;
  out.user = body.user;
}

result<CreateSandbox> command_for(services& s, const request& r) {
  static const json::object nothing;
  if (r.json && !r.json->is_object())
    return failure(errc::invalid, "the request body must be an object");
  VARVE_TRY(auto body,
            parse_create_body(r.json ? r.json->get_object() : nothing));
  CreateSandbox out;
  VARVE_TRY(out.region, region_for(s, body.target));
  if (body.from.image.empty()) {
    VARVE_TRY(auto snapshot, snapshot_for(s, r, body.snapshot));
    use_snapshot(snapshot, body.user, out);
  } else {
    use_image(body, out);
  }
  out.sandbox_id = uuid::v4().str();
  out.name = body.name;
  out.labels = body.labels;
  out.is_public = body.is_public;
  out.timers.auto_stop = body.auto_stop;
  out.timers.auto_archive = body.auto_archive;
  out.timers.auto_pause = body.auto_pause;
  out.timers.auto_delete = body.auto_delete;
  out.ttl_minutes = body.ttl_minutes;
  out.network = body.network;
  VARVE_CHECK(seal_env(s, body.env, out));
  return out;
}

// Whether nothing of the command can be on the log.
bool is_refusal(errc code) noexcept {
  return code == errc::invalid || code == errc::not_found
         || code == errc::conflict || code == errc::wrong_state
         || code == errc::unsupported || code == errc::quota_exceeded
         || code == errc::forbidden || code == errc::too_busy
         || code == errc::log_full;
}

void forget_key(services& s, const std::string& sandbox_id) {
  if (auto erased = s.secrets.erase(sandbox_id); !erased)
    log_warning("gateway", "data key of " + sandbox_id
                               + " was not erased: " + erased.error().detail);
}

// Of an image that has to be pulled the answer says that it is on its way.
awaitable<result<held>> begin(services& s, const request& r, command what) {
  const auto* made = std::get_if<CreateSandbox>(&what);
  if (!made || made->image.empty())
    co_return co_await carry_out(s, r, std::move(what), "");
  auto reply = co_await carry_out_now(s, r, std::move(what), "");
  if (!reply)
    co_return reply.error();
  auto view = s.reads.sandbox_anywhere(reply.value().aggregate_id);
  if (!view)
    co_return view.error();
  co_return held{reply.value(), std::move(view.value())};
}

// `may_exist` tells whether there may be such a sandbox, whatever is answered.
answer create(services& s, const request& r, command what, std::string id,
              bool has_env, bool& may_exist) {
  auto done = co_await begin(s, r, std::move(what));
  may_exist = done || !is_refusal(done.error().code);
  if (!done) {
    if (has_env && !may_exist)
      forget_key(s, id);
    co_return done.error();
  }
  // A repeated command is answered by the sandbox it made the first time.
  if (has_env && done.value().reply.aggregate_id != id)
    forget_key(s, id);
  const auto& view = done.value().sandbox;
  if (!view)
    co_return failure(errc::not_found,
                      "Sandbox with ID or name " + id + " not found");
  if (view->state == projections::sandbox_state::error)
    co_return failure(errc::invalid,
                      "Sandbox failed to start: " + view->error_reason);
  auto body = full_sandbox_json(s, r, *view);
  if (!body)
    co_return body.error();
  auto out = json_answer(200, std::move(body.value()));
  out.at = done.value().reply.at;
  co_return out;
}

} // namespace

result<void> seal_env(services& s,
                      const std::map<std::string, std::string>& env,
                      CreateSandbox& into) {
  if (env.empty())
    return ok();
  auto clear = env_to_json(env);
  if (clear.size() > max_sealed_env)
    return failure(errc::invalid, "env must not be larger than 256 KiB");
  VARVE_TRY(into.env_sealed, s.secrets.seal(into.sandbox_id, clear));
  for (const auto& [name, value] : env)
    into.env_names.push_back(name);
  return ok();
}

answer create_sandbox(services& s, const request& r) {
  auto what = command_for(s, r);
  if (!what)
    co_return what.error();
  auto is = newborn_of(what.value());
  command sent = std::move(what.value());
  co_return co_await make_sandbox(s, r, std::move(sent), std::move(is));
}

newborn newborn_of(const CreateSandbox& c) {
  return {c.sandbox_id, !c.env_sealed.empty(), !c.name.empty()};
}

answer make_sandbox(services& s, const request& r, command what, newborn is) {
  auto id = is.id;
  bool can_be_found = is.is_named || has_own_command_id(r);
  bool may_exist = false;
  if (!can_be_found)
    s.unanswered->begin(r.who->organization_id, id);
  auto made = co_await create(s, r, std::move(what), id, is.has_env, may_exist);
  s.unanswered->settle(id);
  if (can_be_found || !may_exist)
    co_return made;
  response out = made ? std::move(made.value())
                      : error_answer(r, made.error(), s.time.now());
  out.if_lost = [&s, organization_id = r.who->organization_id, id] {
    abandon(s, organization_id, id);
  };
  co_return out;
}

} // namespace varve::gateway
