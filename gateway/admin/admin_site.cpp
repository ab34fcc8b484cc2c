#include "gateway/admin/admin_site.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include "events/base/ids.hpp"
#include "gateway/admin/key_command.hpp"
#include "gateway/admin/organization_command.hpp"
#include "gateway/api/answers.hpp"
#include "gateway/api/api_key_json.hpp"
#include "gateway/api/awaited.hpp"
#include "gateway/api/held_command.hpp"
#include "gateway/api/json_fields.hpp"
#include "gateway/api/quota_json.hpp"
#include "gateway/http_status.hpp"
#include "gateway/url.hpp"

namespace varve::gateway {

namespace json = boost::json;

namespace {

constexpr std::chrono::minutes hook_time{60};
constexpr std::string_view key_prefix = "/keys/";

// Runs a hook where it may block. Name what is passed: g++ 12 destroys a
// temporary function object in a co_await expression twice.
awaitable<result<void>> run_blocking(boost::asio::thread_pool& where,
                                     std::function<result<void>()> what) {
  using outcome = result<void>;
  auto got = co_await await_callback<outcome>(
      [&](std::function<void(outcome)> done) {
        boost::asio::post(where,
                          [what, done = std::move(done)] { done(what()); });
      },
      hook_time);
  if (!got)
    co_return failure(errc::timed_out, "still at work after an hour");
  co_return std::move(*got);
}

result<const json::object*> object_body(const request& r) {
  static const json::object nothing;
  if (!r.json)
    return &nothing;
  if (!r.json->is_object())
    return failure(errc::invalid, "the request body must be an object");
  return &r.json->get_object();
}

command_origin operator_origin(const request& r, std::string organization) {
  command_origin out;
  out.organization_id = std::move(organization);
  out.principal = "operator";
  out.cause = schema::Cause::Operator;
  out.command_id = command_id_of(r);
  return out;
}

awaitable<result<void>> submit_and_see(services& s, command what,
                                       command_origin origin) {
  auto reply = co_await submit(s, std::move(what), std::move(origin));
  if (!reply)
    co_return reply.error();
  bool seen = co_await applied(s, reply.value().at, s.options.bounds.hold_time);
  if (!seen)
    co_return failure(errc::timed_out,
                      "it is on the log but cannot be read back yet");
  co_return ok();
}

} // namespace

admin_site::~admin_site() {
  blocking_.join();
}

site::decision admin_site::decide(request&) {
  decision d;
  d.with_body = [this](request& r) -> awaitable<response> {
    if (!r.body.empty()) {
      boost::system::error_code failed;
      auto parsed = json::parse(r.body, failed);
      if (failed)
        co_return broken_json_answer();
      r.json = std::make_shared<const json::value>(std::move(parsed));
    }
    auto out = co_await run(r);
    if (!out)
      co_return error_answer(r, out.error(), services_.time.now());
    co_return std::move(out.value());
  };
  return d;
}

awaitable<result<response>> admin_site::run(request& r) {
  auto is = [&](std::string_view method, std::string_view path) {
    return r.method == method && r.path == path;
  };
  if (is("GET", "/keys"))
    co_return list_keys(r);
  if (is("POST", "/keys"))
    co_return co_await create_key(r);
  if (is("GET", "/organizations"))
    co_return list_organizations(r);
  if (is("POST", "/organizations"))
    co_return co_await create_organization(r);
  if (r.method == "PATCH")
    if (auto id = organization_in(r.path))
      co_return co_await set_quota(r, *id);
  if (is("POST", "/backup"))
    co_return co_await backup(r);
  if (is("POST", "/projections/rebuild"))
    co_return co_await rebuild(r);
  if (is("POST", "/projections/flush"))
    co_return co_await flush();
  if (is("GET", "/status") && hooks_.status) {
    response out;
    out.content_type = "application/json; charset=utf-8";
    out.body = hooks_.status();
    co_return out;
  }
  if (r.method == "DELETE" && r.path.starts_with(key_prefix)) {
    auto name =
        percent_decoded(std::string_view{r.path}.substr(key_prefix.size()));
    if (name && !name->empty())
      co_return co_await revoke_key(r, *name);
  }
  co_return failure(errc::not_found, "Cannot " + r.method + " " + r.path);
}

awaitable<result<response>> admin_site::create_key(const request& r) {
  auto body = object_body(r);
  if (!body)
    co_return body.error();
  auto made = new_key(services_, *body.value());
  if (!made)
    co_return made.error();
  auto key = std::move(made.value());
  auto done = co_await submit_and_see(services_, key.what,
                                      operator_origin(r, key.organization_id));
  if (!done)
    co_return done.error();
  auto out = key_json(key, services_.time.now());
  co_return json_answer(201, std::move(out));
}

awaitable<result<response>> admin_site::revoke_key(const request& r,
                                                   const std::string& name) {
  auto given = query_parameters{r.query}.value("organizationId").value_or("");
  auto organization = organization_for(services_, given);
  if (!organization)
    co_return organization.error();
  command what = RevokeApiKey{name};
  auto origin = operator_origin(r, organization.value());
  auto done =
      co_await submit_and_see(services_, std::move(what), std::move(origin));
  if (!done)
    co_return done.error();
  response out;
  out.status = 204;
  co_return out;
}

result<response> admin_site::list_keys(const request&) {
  VARVE_TRY(auto organizations, services_.reads.organizations());
  json::array body;
  for (const auto& organization : organizations) {
    VARVE_TRY(auto keys, services_.reads.api_keys(organization.id));
    for (const auto& k : keys) {
      auto one = api_key_json(k);
      one["organizationId"] = organization.id;
      body.push_back(std::move(one));
    }
  }
  return json_answer(200, std::move(body));
}

result<response> admin_site::list_organizations(const request&) {
  VARVE_TRY(auto all, services_.reads.organizations());
  json::array body;
  for (const auto& organization : all)
    body.push_back(organization_json(organization));
  return json_answer(200, std::move(body));
}

awaitable<result<response>> admin_site::create_organization(const request& r) {
  auto body = object_body(r);
  if (!body)
    co_return body.error();
  auto made = new_organization(services_, *body.value());
  if (!made)
    co_return made.error();
  auto id = uuid::v4().str();
  command what = made.value();
  auto origin = operator_origin(r, id);
  auto done =
      co_await submit_and_see(services_, std::move(what), std::move(origin));
  if (!done)
    co_return done.error();
  projections::organization_view shown;
  shown.id = id;
  shown.name = made.value().name;
  shown.quota = made.value().quota;
  co_return json_answer(201, organization_json(shown));
}

awaitable<result<response>>
admin_site::set_quota(const request& r, const std::string& organization) {
  auto body = object_body(r);
  if (!body)
    co_return body.error();
  auto found = services_.reads.organization(organization);
  if (!found)
    co_return found.error();
  if (!found.value())
    co_return failure(errc::not_found, "Organization not found");
  SetQuota wanted{found.value()->quota};
  auto changed = change_quota(wanted.quota, *body.value());
  if (!changed)
    co_return changed.error();
  command what = wanted;
  auto origin = operator_origin(r, organization);
  auto done =
      co_await submit_and_see(services_, std::move(what), std::move(origin));
  if (!done)
    co_return done.error();
  auto out = quota_json(wanted.quota);
  co_return json_answer(200, std::move(out));
}

awaitable<result<response>> admin_site::backup(const request& r) {
  auto body = object_body(r);
  if (!body)
    co_return body.error();
  auto directory = text_member(*body.value(), "directory");
  if (!directory)
    co_return directory.error();
  if (!directory.value() || !directory.value()->starts_with('/'))
    co_return failure(errc::invalid, "directory must be an absolute path");
  if (!hooks_.backup)
    co_return failure(errc::unsupported, "backup is not available");
  std::function<result<void>()> work = [this, where = *directory.value()] {
    return hooks_.backup(where);
  };
  auto done = co_await run_blocking(blocking_, std::move(work));
  if (!done)
    co_return done.error();
  co_return json_answer(200, json::object{});
}

awaitable<result<response>> admin_site::rebuild(const request& r) {
  auto body = object_body(r);
  if (!body)
    co_return body.error();
  auto projection = text_member(*body.value(), "projection");
  if (!projection)
    co_return projection.error();
  if (!hooks_.rebuild)
    co_return failure(errc::unsupported, "rebuild is not available");
  std::function<result<void>()> work =
      [this, which = projection.value().value_or("")] {
        return hooks_.rebuild(which);
      };
  auto done = co_await run_blocking(blocking_, std::move(work));
  if (!done)
    co_return done.error();
  co_return json_answer(200, json::object{});
}

awaitable<result<response>> admin_site::flush() {
  if (!hooks_.flush)
    co_return failure(errc::unsupported, "flush is not available");
  auto done = co_await run_blocking(blocking_, hooks_.flush);
  if (!done)
    co_return done.error();
  co_return json_answer(200, json::object{});
}

void admin_site::finish(const request& r, response& out) {
  out.headers.add("Varve-Correlation-Id", r.correlation_id);
}

response admin_site::refusal(const request& r, unsigned status) {
  auto out = error_answer(r, status, reason_of(status), services_.time.now());
  out.close = true;
  return out;
}

} // namespace varve::gateway
