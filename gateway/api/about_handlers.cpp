#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include "gateway/api/answers.hpp"
#include "gateway/api/api_key_json.hpp"
#include "gateway/api/handlers.hpp"
#include "gateway/api/sandbox_json.hpp"
#include "gateway/proxy/preview_host.hpp"

namespace varve::gateway {

namespace json = boost::json;

namespace {

constexpr int max_auto_archive_minutes = 43200;

} // namespace

answer health(services&, const request&) {
  json::object body;
  body["status"] = "ok";
  co_return json_answer(200, std::move(body));
}

answer get_config(services& s, const request& r) {
  auto base = public_base_url(s, r);
  json::object body;
  body["version"] = VARVE_VERSION;
  // Keys only; there is no identity provider to send a browser to.
  body["oidc"] = {{"issuer", ""}, {"clientId", ""}, {"audience", ""}};
  body["linkedAccountsEnabled"] = false;
  body["announcements"] = json::object{};
  body["proxyTemplateUrl"] = preview_url(base, "{{PORT}}", "{{sandboxId}}");
  body["proxyToolboxUrl"] = base + "/toolbox";
  body["defaultSnapshot"] = s.options.default_snapshot;
  body["dashboardUrl"] = base;
  body["maxAutoArchiveInterval"] = max_auto_archive_minutes;
  body["maintananceMode"] = false;
  body["environment"] = "production";
  co_return json_answer(200, std::move(body));
}

answer list_regions(services& s, const request& r) {
  json::array body;
  body.push_back(region_json(s, r));
  co_return json_answer(200, std::move(body));
}

answer get_region(services& s, const request& r) {
  if (r.captures[0] != s.options.region)
    co_return failure(errc::not_found, "Region not found");
  co_return json_answer(200, region_json(s, r));
}

answer current_api_key(services& s, const request& r) {
  auto found = s.reads.api_key(r.who->key_hash);
  if (!found)
    co_return found.error();
  if (!found.value())
    co_return failure(errc::unauthorized, "Invalid credentials");
  auto body = api_key_json(*found.value());
  body["lastUsedAt"] = to_iso8601(s.time.now()); // this request
  co_return json_answer(200, std::move(body));
}

} // namespace varve::gateway
