#include "gateway/api/registry_handlers.hpp"

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include "gateway/api/answers.hpp"
#include "gateway/api/sandbox_json.hpp"
#include "gateway/objects/access_grant.hpp"
#include "gateway/objects/object_request.hpp"

namespace varve::gateway {

namespace json = boost::json;

namespace {

constexpr timestamp grant_time = 3600'000;
// Clients sign with whichever they are told; nothing depends on it.
constexpr std::string_view storage_region = "us-east-1";

// Some clients put the bucket before the host's name, but not before an
// address; below "localhost" few machines find anything.
std::string storage_url(services& s, const request& r) {
  constexpr std::string_view name = "http://localhost:";
  auto base = public_base_url(s, r);
  if (s.options.public_url.empty() && base.starts_with(name)
      && s.options.listen.starts_with("127.0.0.1:"))
    return "http://127.0.0.1:" + base.substr(name.size());
  return base;
}

} // namespace

awaitable<result<response>> get_push_access(services& s, const request& r) {
  if (!r.who->may("write:snapshots") && !r.who->may("write:sandboxes"))
    co_return failure(errc::forbidden, "Access denied");
  access_grant grant;
  grant.organization_id = r.who->organization_id;
  grant.key_hash = r.who->key_hash;
  grant.expires_at = s.time.now() + grant_time;
  auto made = credentials_for(s.secrets, grant);
  json::object body;
  body["accessKey"] = made.access_key;
  body["secret"] = made.secret;
  body["sessionToken"] = made.session_token;
  body["storageUrl"] = storage_url(s, r);
  body["organizationId"] = grant.organization_id;
  body["bucket"] =
      json::string_view{context_bucket.data(), context_bucket.size()};
  body["region"] =
      json::string_view{storage_region.data(), storage_region.size()};
  auto out = json_answer(200, std::move(body));
  out.headers.add("Cache-Control", "no-store");
  co_return out;
}

} // namespace varve::gateway
