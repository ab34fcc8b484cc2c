#include "gateway/api/registry_handlers.hpp"

#include <algorithm>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include "events/base/ids.hpp"
#include "gateway/api/answers.hpp"
#include "gateway/api/held_command.hpp"
#include "gateway/api/registry_fields.hpp"

namespace varve::gateway {

namespace json = boost::json;
using projections::registry_view;

namespace {

// Never the password.
result<json::object> registry_json(services& s, const registry_view& v) {
  VARVE_TRY(auto username,
            s.secrets.open_sealed(v.organization_id, v.username_sealed));
  json::object out;
  out["id"] = v.id;
  out["name"] = v.name;
  out["url"] = v.url;
  out["username"] = username;
  out["project"] = v.project;
  out["registryType"] = "organization";
  out["createdAt"] = to_iso8601(v.created_at);
  out["updatedAt"] = to_iso8601(v.updated_at);
  return out;
}

result<registry_view> find_registry(services& s, const request& r,
                                    const std::string& id) {
  VARVE_TRY(auto all, s.reads.registries(r.who->organization_id));
  auto found = std::find_if(all.begin(), all.end(),
                            [&](const auto& v) { return v.id == id; });
  if (found == all.end())
    return failure(errc::not_found,
                   "Docker registry with ID " + id + " not found");
  return std::move(*found);
}

result<response> show(services& s, const request& r, const std::string& id,
                      unsigned status) {
  VARVE_TRY(auto view, find_registry(s, r, id));
  VARVE_TRY(auto body, registry_json(s, view));
  return json_answer(status, std::move(body));
}

result<AddDockerRegistry> add_command(services& s, const request& r) {
  VARVE_TRY(auto fields, parse_registry(r, true));
  const auto& scope = r.who->organization_id;
  AddDockerRegistry out;
  // Of the command, so that one that is repeated finds what it made.
  out.registry_id = r.correlation_id;
  out.name = std::move(fields.name);
  out.url = std::move(fields.url);
  out.project = fields.project.value_or("");
  VARVE_TRY(out.username_sealed, s.secrets.seal(scope, fields.username));
  VARVE_TRY(out.password_sealed, s.secrets.seal(scope, *fields.password));
  return out;
}

result<ChangeDockerRegistry> change_command(services& s, const request& r) {
  VARVE_TRY(auto fields, parse_registry(r, false));
  const auto& scope = r.who->organization_id;
  ChangeDockerRegistry out;
  out.registry_id = r.captures[0];
  out.name = std::move(fields.name);
  out.url = std::move(fields.url);
  out.project = std::move(fields.project);
  VARVE_TRY(out.username_sealed, s.secrets.seal(scope, fields.username));
  if (fields.password) {
    VARVE_TRY(out.password_sealed, s.secrets.seal(scope, *fields.password));
  }
  return out;
}

} // namespace

awaitable<result<response>> list_registries(services& s, const request& r) {
  auto all = s.reads.registries(r.who->organization_id);
  if (!all)
    co_return all.error();
  json::array out;
  for (const auto& v : all.value()) {
    auto one = registry_json(s, v);
    if (!one)
      co_return one.error();
    out.push_back(std::move(one.value()));
  }
  co_return json_answer(200, std::move(out));
}

awaitable<result<response>> get_registry(services& s, const request& r) {
  co_return show(s, r, r.captures[0], 200);
}

awaitable<result<response>> add_registry(services& s, const request& r) {
  auto what = add_command(s, r);
  if (!what)
    co_return what.error();
  auto id = what.value().registry_id;
  command made = std::move(what.value());
  auto reply = co_await carry_out_now(s, r, std::move(made), "");
  if (!reply)
    co_return reply.error();
  co_return show(s, r, id, 201);
}

awaitable<result<response>> change_registry(services& s, const request& r) {
  auto what = change_command(s, r);
  if (!what)
    co_return what.error();
  auto id = what.value().registry_id;
  command made = std::move(what.value());
  auto reply = co_await carry_out_now(s, r, std::move(made), "");
  if (!reply)
    co_return reply.error();
  co_return show(s, r, id, 200);
}

awaitable<result<response>> remove_registry(services& s, const request& r) {
  command what = RemoveDockerRegistry{r.captures[0]};
  auto reply = co_await carry_out_now(s, r, std::move(what), "");
  if (!reply)
    co_return reply.error();
  response out;
  out.status = 204;
  out.at = reply.value().at;
  co_return out;
}

// Clients push with docker to a registry that takes short-lived logins.
awaitable<result<response>> get_registry_push_access(services& s,
                                                     const request& r) {
  if (!r.who->may("write:snapshots") && !r.who->may("write:sandboxes"))
    co_return failure(errc::forbidden, "Access denied");
  co_return error_answer(r, 503,
                         "No registry to push to is configured. Add the "
                         "registry that has the image with "
                         "POST /docker-registry and name the image there",
                         s.time.now());
}

} // namespace varve::gateway
