#include "gateway/http_status.hpp"

#include <array>

namespace varve::gateway {

namespace {

struct words {
  unsigned status;
  std::string_view reason;
  std::string_view code;
};

constexpr std::array<words, 33> table{{
    {100, "Continue", "CONTINUE"},
    {101, "Switching Protocols", "SWITCHING_PROTOCOLS"},
    {200, "OK", "OK"},
    {201, "Created", "CREATED"},
    {202, "Accepted", "ACCEPTED"},
    {204, "No Content", "NO_CONTENT"},
    {206, "Partial Content", "PARTIAL_CONTENT"},
    {301, "Moved Permanently", "MOVED_PERMANENTLY"},
    {302, "Found", "FOUND"},
    {304, "Not Modified", "NOT_MODIFIED"},
    {307, "Temporary Redirect", "TEMPORARY_REDIRECT"},
    {400, "Bad Request", "BAD_REQUEST"},
    {401, "Unauthorized", "UNAUTHORIZED"},
    {403, "Forbidden", "FORBIDDEN"},
    {404, "Not Found", "NOT_FOUND"},
    {405, "Method Not Allowed", "METHOD_NOT_ALLOWED"},
    {408, "Request Timeout", "REQUEST_TIMEOUT"},
    {409, "Conflict", "CONFLICT"},
    {410, "Gone", "GONE"},
    {411, "Length Required", "LENGTH_REQUIRED"},
    {412, "Precondition Failed", "PRECONDITION_FAILED"},
    {413, "Payload Too Large", "PAYLOAD_TOO_LARGE"},
    {416, "Range Not Satisfiable", "RANGE_NOT_SATISFIABLE"},
    {422, "Unprocessable Entity", "UNPROCESSABLE_ENTITY"},
    {426, "Upgrade Required", "UPGRADE_REQUIRED"},
    {429, "Too Many Requests", "TOO_MANY_REQUESTS"},
    {431, "Request Header Fields Too Large", "HEADERS_TOO_LARGE"},
    {500, "Internal Server Error", "INTERNAL_SERVER_ERROR"},
    {501, "Not Implemented", "NOT_IMPLEMENTED"},
    {502, "Bad Gateway", "BAD_GATEWAY"},
    {503, "Service Unavailable", "SERVICE_UNAVAILABLE"},
    {504, "Gateway Timeout", "GATEWAY_TIMEOUT"},
    {507, "Insufficient Storage", "INSUFFICIENT_STORAGE"},
}};

const words* find(unsigned status) noexcept {
  for (const auto& w : table)
    if (w.status == status)
      return &w;
  return nullptr;
}

} // namespace

unsigned status_of(errc code) noexcept {
  switch (code) {
  case errc::invalid:
  case errc::wrong_state:
  case errc::quota_exceeded:
    return 400;
  case errc::unauthorized:
    return 401;
  case errc::forbidden:
    return 403;
  case errc::not_found:
    return 404;
  case errc::conflict:
  case errc::version_conflict:
    return 409;
  case errc::too_large:
    return 413;
  case errc::unsupported:
  case errc::reused:
    return 422;
  case errc::too_busy:
    return 429;
  case errc::malformed:
  case errc::undecipherable:
  case errc::runner_failed:
  case errc::io:
    return 500;
  case errc::guest_unreachable:
    return 502;
  case errc::log_void:
  case errc::log_doubt:
  case errc::log_corrupt:
  case errc::log_diverged:
  case errc::log_unavailable:
  case errc::store_failed:
  case errc::runner_unavailable:
  case errc::shutting_down:
    return 503;
  case errc::timed_out:
    return 504;
  case errc::log_full:
    return 507;
  }
  return 500;
}

std::string_view reason_of(unsigned status) noexcept {
  const auto* w = find(status);
  return w ? w->reason : "Unknown";
}

std::string_view code_of(unsigned status) noexcept {
  const auto* w = find(status);
  return w ? w->code : "UNKNOWN";
}

bool is_for_callers(errc code) noexcept {
  return status_of(code) != 500;
}

} // namespace varve::gateway
