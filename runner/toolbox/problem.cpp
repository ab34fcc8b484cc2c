#include "runner/toolbox/problem.hpp"

#include <cctype>
#include <cstring>

#include "events/base/clock.hpp"
#include "runner/toolbox/json_text.hpp"

namespace varve::toolbox {

problem bad_request(std::string message) {
  return {400, "BAD_REQUEST", "bad request: " + std::move(message)};
}

problem invalid_body(std::string message) {
  return {400, "INVALID_REQUEST_BODY",
          "invalid body request: " + std::move(message)};
}

problem not_found(std::string message) {
  return {404, "NOT_FOUND", "not found: " + std::move(message)};
}

problem conflict(std::string message) {
  return {409, "CONFLICT", "conflict: " + std::move(message)};
}

problem session_ended() {
  return {410, "SESSION_ENDED", "gone: session process has exited"};
}

problem internal_failure(std::string message) {
  return {500, "INTERNAL_SERVER_ERROR",
          "internal server error: " + std::move(message)};
}

problem too_large(std::string message) {
  return {413, "REQUEST_TOO_LARGE", std::move(message)};
}

problem too_busy(std::string message) {
  return {503, "SERVICE_UNAVAILABLE", std::move(message)};
}

problem unknown_path() {
  return {404, "NOT_FOUND", "404 page not found"};
}

problem not_built(std::string_view feature) {
  return {501, "NOT_IMPLEMENTED",
          "not implemented: this toolbox does not serve " + std::string{feature}
              + " yet"};
}

problem execution_timeout() {
  return {408, "PROCESS_EXECUTION_TIMEOUT",
          "request timeout: command execution timeout"};
}

std::string problem_body(const problem& p, std::string_view path,
                         std::string_view method) {
  std::string out = "{\"statusCode\":" + std::to_string(p.status);
  out += ",\"message\":" + json_string(p.message);
  out += ",\"code\":" + json_string(p.code);
  out += ",\"timestamp\":" + json_string(to_iso8601(system_clock{}.now()));
  out += ",\"path\":" + json_string(path);
  out += ",\"method\":" + json_string(method);
  out += ",\"source\":\"DAYTONA_DAEMON\"}";
  return out;
}

response problem_response(const problem& p, const request& rq) {
  return json_response(p.status, problem_body(p, rq.path, rq.method));
}

std::string errno_text(int error) {
  std::string text = ::strerror(error);
  if (text.size() > 1 && std::islower(static_cast<unsigned char>(text[1])))
    text[0] =
        static_cast<char>(std::tolower(static_cast<unsigned char>(text[0])));
  return text;
}

} // namespace varve::toolbox
