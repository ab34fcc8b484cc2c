#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include "gateway/api/answers.hpp"
#include "gateway/api/handlers.hpp"
#include "gateway/api/held_command.hpp"
#include "gateway/api/sandbox_json.hpp"
#include "gateway/proxy/preview_host.hpp"
#include "gateway/proxy/sandbox_access.hpp"
#include "gateway/url.hpp"

namespace varve::gateway {

namespace json = boost::json;

answer get_preview_url(services& s, const request& r) {
  constexpr std::uint64_t max_port = 65'535;
  auto port = whole_number(r.captures[1]);
  if (!port || *port == 0 || *port > max_port)
    co_return failure(errc::invalid, "Invalid port");
  auto found = find_sandbox(s, r, r.captures[0]);
  if (!found)
    co_return found.error();
  const auto& v = found.value();
  json::object body;
  body["sandboxId"] = v.id;
  body["url"] = preview_url(public_base_url(s, r), std::to_string(*port), v.id);
  body["token"] = preview_token(s, v);
  co_return json_answer(200, std::move(body));
}

} // namespace varve::gateway
