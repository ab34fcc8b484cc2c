// Errors as values. Translated at borders only: a RocksDB status, an rdkafka
// code or a child's errno becomes an errc in its adapter; an errc becomes an
// HTTP status in gateway/http_status.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace varve {

// Grouped by hundred; stored in outcomes and sent between nodes: never reuse.
enum class errc : std::uint16_t {
  // Refusals of a decision: the caller can do something about these.
  invalid = 100,        // malformed or impossible input (400)
  not_found = 101,      // (404)
  conflict = 102,       // name taken, state does not allow it (409)
  wrong_state = 103,    // "Sandbox is not ..." (400)
  unsupported = 104,    // known but not built or not possible here (422)
  quota_exceeded = 105, // (400)
  forbidden = 106,      // (403)
  unauthorized = 107,   // (401)
  reused = 109,         // the command id is another request's (422)
  too_busy = 108,       // bounded work is full, try again (429)
  // The log and the store.
  log_void = 200,         // the record does not name the head: decide again
  log_doubt = 201,        // unknown whether the append counts
  log_corrupt = 202,      // a record's hash does not fit its bytes
  log_diverged = 203,     // this copy and the log have parted
  log_unavailable = 204,  // cannot append now (503)
  log_full = 205,         // not enough disk (507)
  version_conflict = 206, // a proposal decided on another version or epoch
  store_failed = 207,
  // Bytes.
  malformed = 300,
  too_large = 301,
  undecipherable = 302, // wrong or erased key
  // Effects.
  runner_failed = 400,
  runner_unavailable = 401,
  guest_unreachable = 402, // the sandbox is not running or its toolbox is dead
  timed_out = 403,
  // The process itself.
  io = 500,
  shutting_down = 501,
};

// Whether the same request may succeed later without any change to it.
bool retryable(errc code) noexcept;
std::string_view name_of(errc code) noexcept;

struct error {
  errc code;
  std::string detail; // for people; never holds a secret
};

// "append: <detail>" with the same code: context is added while returning.
error prefixed(std::string_view context, error cause);

} // namespace varve
