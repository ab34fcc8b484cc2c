#include "gateway/api/answers.hpp"

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include "events/base/logging.hpp"
#include "gateway/http_status.hpp"

namespace varve::gateway {

namespace json = boost::json;

namespace {

json::string_view text(std::string_view s) {
  return {s.data(), s.size()};
}

constexpr std::string_view unexpected = "An unexpected error occurred.";

} // namespace

response json_answer(unsigned status, const json::value& body) {
  response out;
  out.status = status;
  out.content_type = "application/json; charset=utf-8";
  out.body = json::serialize(body);
  return out;
}

response error_answer(const request& r, unsigned status,
                      std::string_view message, timestamp now) {
  json::object body;
  body["path"] = r.path;
  body["timestamp"] = to_iso8601(now);
  body["statusCode"] = status;
  body["error"] = text(reason_of(status));
  body["message"] = text(message);
  body["code"] = text(code_of(status));
  body["source"] = "DAYTONA_API";
  return json_answer(status, body);
}

response error_answer(const request& r, const error& e, timestamp now) {
  auto status = status_of(e.code);
  if (status >= 500)
    log_warning("gateway", r.correlation_id + " " + r.method + " " + r.path
                               + ": " + std::string{name_of(e.code)} + ": "
                               + e.detail);
  auto out = error_answer(
      r, status,
      is_for_callers(e.code) ? std::string_view{e.detail} : unexpected, now);
  if (retryable(e.code) && (status == 429 || status == 503))
    out.headers.add("Retry-After", "1");
  return out;
}

response broken_json_answer() {
  json::object body;
  body["message"] = "Invalid JSON in request body";
  body["error"] = text(reason_of(400));
  body["statusCode"] = 400;
  return json_answer(400, body);
}

response proxy_error_answer(const request& r, unsigned status,
                            std::string_view message, timestamp now) {
  json::object body;
  body["statusCode"] = status;
  body["message"] = text(message);
  body["code"] = text(code_of(status));
  body["timestamp"] = to_iso8601(now);
  body["path"] = r.path;
  body["method"] = r.method;
  body["source"] = "DAYTONA_PROXY";
  return json_answer(status, body);
}

} // namespace varve::gateway
