#include "gateway/api/api_site.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include "gateway/api/answers.hpp"
#include "gateway/api/authentication.hpp"
#include "gateway/api/build_log.hpp"
#include "gateway/api/event_stream.hpp"
#include "gateway/api/handlers.hpp"
#include "gateway/api/held_command.hpp"
#include "gateway/api/registry_handlers.hpp"
#include "gateway/api/repeated_command.hpp"
#include "gateway/http_status.hpp"
#include "gateway/push/push_session.hpp"
#include "gateway/url.hpp"

namespace varve::gateway {

namespace json = boost::json;

namespace {

constexpr std::string_view methods =
    "GET, HEAD, PUT, PATCH, POST, DELETE, OPTIONS";
// What clients compare with their own version.
constexpr std::string_view api_version = "0.190.0";
constexpr std::chrono::milliseconds catch_up_time{500};

site::decision ready(response out) {
  site::decision d;
  d.ready = std::move(out);
  return d;
}

// The caller wants the sandbox's own answers to the browser's questions.
bool leaves_cors_to_guest(const request& r) noexcept {
  const auto* disabled = r.headers.find("X-Daytona-Disable-CORS");
  return r.is_for_guest && disabled && same_ignoring_case(*disabled, "true");
}

bool is_preflight(const request& r) {
  return r.method == "OPTIONS" && r.headers.find("Origin")
         && r.headers.find("Access-Control-Request-Method");
}

// Any origin may ask; the toolbox's also with credentials.
void add_cors(const request& r, response& out) {
  const auto* origin = r.headers.find("Origin");
  if (!origin || leaves_cors_to_guest(r))
    return;
  out.headers.add("Access-Control-Allow-Origin", *origin);
  out.headers.add("Vary", "Origin");
  if (r.is_for_guest)
    out.headers.add("Access-Control-Allow-Credentials", "true");
  if (!is_preflight(r)) {
    out.headers.add("Access-Control-Expose-Headers",
                    "Varve-Position, Varve-Correlation-Id, "
                    "X-Daytona-Api-Version");
    return;
  }
  out.headers.add("Access-Control-Allow-Methods", std::string{methods});
  if (const auto* asked = r.headers.find("Access-Control-Request-Headers"))
    out.headers.add("Access-Control-Allow-Headers", *asked);
  out.headers.add("Access-Control-Max-Age", "43200");
}

std::string as_text(log::position at) {
  return std::to_string(at.partition) + ":" + std::to_string(at.index);
}

// "partition:index"
result<std::optional<log::position>> asked_position(const request& r) {
  const auto* text = r.headers.find("Varve-Position");
  if (!text)
    return std::optional<log::position>{};
  auto colon = text->find(':');
  auto partition = whole_number(std::string_view{*text}.substr(0, colon));
  auto index = colon == std::string::npos
                   ? std::nullopt
                   : whole_number(std::string_view{*text}.substr(colon + 1));
  if (!partition || !index || *partition >= log::partition_count)
    return failure(errc::invalid, "Varve-Position must be partition:index");
  return std::optional{
      log::position{static_cast<std::uint16_t>(*partition), *index}};
}

awaitable<result<void>> catch_up(services& s, const request& r) {
  auto at = asked_position(r);
  if (!at)
    co_return at.error();
  if (!at.value())
    co_return ok();
  bool seen = co_await applied(s, *at.value(), catch_up_time);
  if (!seen)
    co_return failure(errc::log_unavailable,
                      "this node has not read up to " + as_text(*at.value()));
  co_return ok();
}

bool parse_body(request& r) {
  if (r.body.empty())
    return true;
  boost::system::error_code failed;
  auto parsed = json::parse(r.body, failed);
  if (failed)
    return false;
  r.json = std::make_shared<const json::value>(std::move(parsed));
  return true;
}

} // namespace

site::decision api_site::decide(request& r) {
  bool is_up = is_ready_;
  const auto* name = r.headers.find("Host");
  auto host = name ? parse_preview_host(*name, services_.options.public_url)
                   : std::nullopt;
  auto path = host ? std::nullopt : parse_proxy_path(r.path);
  r.is_for_guest = host || (path && !path->through_api);
  bool asks_health =
      !host && r.path == "/health" && (r.method == "GET" || r.method == "HEAD");
  if (asks_health && is_up)
    return ready(json_answer(200, {{"status", "ok"}}));
  if (!is_up) {
    auto out = asks_health ? json_answer(503, {{"status", "starting"}})
                           : error_answer(r, 503, "The server is starting",
                                          services_.time.now());
    out.headers.add("Retry-After", "1");
    return ready(std::move(out));
  }
  if (is_object_request(r))
    return objects_.decide(r, *with_);
  if (is_preflight(r) && !leaves_cors_to_guest(r)) {
    response out;
    out.status = 204;
    return ready(std::move(out));
  }
  if (host)
    return proxy_.decide(r, *host, *with_);
  if (path)
    return proxy_.decide(r, *path, *with_);
  return decide_route(r);
}

site::decision api_site::decide_route(request& r) {
  if (is_push_path(r.path)) {
    decision d;
    d.streaming = [this](client_side client,
                         request& q) -> awaitable<stream_end> {
      return serve_push(services_, *push_, client, q, *with_);
    };
    return d;
  }
  auto now = services_.time.now();
  auto match = find_route(api_routes(), r.method, r.path);
  if (!match.found)
    return ready(
        error_answer(r, 404, "Cannot " + r.method + " " + r.path, now));
  r.captures = std::move(match.captures);
  if (match.found->who == route::access::key) {
    auto who = authenticate(services_, r);
    if (!who)
      return ready(error_answer(r, who.error(), now));
    r.who = std::move(who.value());
    auto needs = match.found->permission;
    if (!needs.empty() && !r.who->may(needs))
      return ready(error_answer(r, {errc::forbidden, "Access denied"}, now));
  }
  if (match.found->run == get_push_access && !objects_.is_configured())
    return ready(error_answer(r, 503, "Object storage is not configured", now));
  if (r.who && has_own_command_id(r))
    r.correlation_id = command_id_of(r);
  decision d;
  if (match.found->run == list_sandbox_events && wants_event_stream(r)) {
    d.streaming = [this](client_side client,
                         request& q) -> awaitable<stream_end> {
      return stream_events(services_, client, q, *with_);
    };
    return d;
  }
  bool of_snapshot = match.found->run == snapshot_build_log;
  if (of_snapshot || match.found->run == sandbox_build_log) {
    d.streaming = [this, of_snapshot](client_side client,
                                      request& q) -> awaitable<stream_end> {
      return stream_build_log(services_, client, q, of_snapshot, *with_);
    };
    return d;
  }
  d.with_body = [this, where = match.found](request& q) {
    return run(*where, q);
  };
  return d;
}

awaitable<response> api_site::run(const route& where, request& r) {
  if (where.takes_body && !parse_body(r))
    co_return broken_json_answer();
  if (r.who) {
    auto caught_up = co_await catch_up(services_, r);
    if (!caught_up)
      co_return error_answer(r, caught_up.error(), services_.time.now());
  }
  if (r.who && has_own_command_id(r)) {
    r.fingerprint = fingerprint_of(r);
    auto repeated = co_await repeated_answer(services_, r);
    if (!repeated)
      co_return error_answer(r, repeated.error(), services_.time.now());
    if (repeated.value())
      co_return std::move(*repeated.value());
  }
  auto out = co_await where.run(services_, r);
  if (!out)
    co_return error_answer(r, out.error(), services_.time.now());
  co_return std::move(out.value());
}

void api_site::add_position(const request& r, response& out) {
  if (out.at) {
    out.headers.add("Varve-Position", as_text(*out.at));
  } else if (r.who) {
    auto next = services_.reads.applied(r.who->partition);
    if (next > 0)
      out.headers.add("Varve-Position", as_text({r.who->partition, next - 1}));
  }
}

void api_site::finish(const request& r, response& out) {
  out.headers.add("X-Daytona-Api-Version", std::string{api_version});
  out.headers.add("Varve-Correlation-Id", r.correlation_id);
  add_position(r, out);
  add_cors(r, out);
}

response api_site::refusal(const request& r, unsigned status) {
  auto message = status == 413 ? std::string{"request entity too large"}
                               : std::string{reason_of(status)};
  auto out = error_answer(r, status, message, services_.time.now());
  out.close = true;
  return out;
}

} // namespace varve::gateway
