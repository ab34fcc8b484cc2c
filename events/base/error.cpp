#include "events/base/error.hpp"

#include <utility>

namespace varve {

bool retryable(errc code) noexcept {
  switch (code) {
  case errc::too_busy:
  case errc::log_void:
  case errc::log_doubt:
  case errc::log_unavailable:
  case errc::version_conflict:
  case errc::runner_unavailable:
  case errc::timed_out:
  case errc::shutting_down:
    return true;
  case errc::invalid:
  case errc::not_found:
  case errc::conflict:
  case errc::wrong_state:
  case errc::unsupported:
  case errc::quota_exceeded:
  case errc::forbidden:
  case errc::unauthorized:
  case errc::reused:
  case errc::log_corrupt:
  case errc::log_diverged:
  case errc::log_full:
  case errc::store_failed:
  case errc::malformed:
  case errc::too_large:
  case errc::undecipherable:
  case errc::runner_failed:
  case errc::guest_unreachable:
  case errc::io:
    return false;
  }
  return false;
}

std::string_view name_of(errc code) noexcept {
  switch (code) {
  case errc::invalid:
    return "invalid";
  case errc::not_found:
    return "not_found";
  case errc::conflict:
    return "conflict";
  case errc::wrong_state:
    return "wrong_state";
  case errc::unsupported:
    return "unsupported";
  case errc::quota_exceeded:
    return "quota_exceeded";
  case errc::forbidden:
    return "forbidden";
  case errc::unauthorized:
    return "unauthorized";
  case errc::reused:
    return "reused";
  case errc::too_busy:
    return "too_busy";
  case errc::log_void:
    return "log_void";
  case errc::log_doubt:
    return "log_doubt";
  case errc::log_corrupt:
    return "log_corrupt";
  case errc::log_diverged:
    return "log_diverged";
  case errc::log_unavailable:
    return "log_unavailable";
  case errc::log_full:
    return "log_full";
  case errc::version_conflict:
    return "version_conflict";
  case errc::store_failed:
    return "store_failed";
  case errc::malformed:
    return "malformed";
  case errc::too_large:
    return "too_large";
  case errc::undecipherable:
    return "undecipherable";
  case errc::runner_failed:
    return "runner_failed";
  case errc::runner_unavailable:
    return "runner_unavailable";
  case errc::guest_unreachable:
    return "guest_unreachable";
  case errc::timed_out:
    return "timed_out";
  case errc::io:
    return "io";
  case errc::shutting_down:
    return "shutting_down";
  }
  return "unknown";
}

error prefixed(std::string_view context, error cause) {
  std::string detail{context};
  detail += ": ";
  detail += cause.detail;
  return error{cause.code, std::move(detail)};
}

} // namespace varve
