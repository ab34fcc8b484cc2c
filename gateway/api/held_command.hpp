// Sends a command and holds the answer until its effect is final, or the
// hold time is over.
#pragma once

#include <optional>
#include <string>

#include "gateway/api/services.hpp"

namespace varve::gateway {

struct held {
  command_reply reply;
  // As it is then; nothing when it is destroyed.
  std::optional<projections::sandbox_view> sandbox;
};

// `sandbox_id` is empty for a command that makes a new one. Errors: those of
// control::submit, too_busy, and timed_out when the effect is on the log but
// not yet to be seen.
awaitable<result<held>> carry_out(services& s, const request& r, command what,
                                  std::string sandbox_id);

// The same without waiting for a final state: only until it can be read.
awaitable<result<command_reply>> carry_out_now(services& s, const request& r,
                                               command what,
                                               std::string sandbox_id);

// From Idempotency-Key (a UUID is taken as it is, other text is hashed to
// one), else the request's correlation id.
std::string command_id_of(const request& r);

result<projections::sandbox_view> find_sandbox(services& s, const request& r,
                                               const std::string& id_or_name);

} // namespace varve::gateway
