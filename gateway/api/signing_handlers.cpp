#include <boost/json/value.hpp>

#include "gateway/api/answers.hpp"
#include "gateway/api/handlers.hpp"
#include "gateway/api/held_command.hpp"
#include "gateway/proxy/signed_url.hpp"

namespace varve::gateway {

namespace {

// Clients take it for a JSON string.
response key_answer(services& s, const projections::sandbox_view& v) {
  auto out = json_answer(200, boost::json::value(signing_key(s, v)));
  out.headers.add("Cache-Control", "no-store");
  return out;
}

} // namespace

answer get_signing_key(services& s, const request& r) {
  auto found = find_sandbox(s, r, r.captures[0]);
  if (!found)
    co_return found.error();
  co_return key_answer(s, found.value());
}

answer rotate_signing_key(services& s, const request& r) {
  auto seen = find_sandbox(s, r, r.captures[0]);
  if (!seen)
    co_return seen.error();
  const auto& id = seen.value().id;
  command what = RotateSigningKey{id, seen.value().signing_key_version};
  auto reply = co_await carry_out_now(s, r, std::move(what), id);
  if (!reply)
    co_return reply.error();
  auto now = find_sandbox(s, r, id);
  if (!now)
    co_return now.error();
  auto out = key_answer(s, now.value());
  out.at = reply.value().at;
  co_return out;
}

} // namespace varve::gateway
