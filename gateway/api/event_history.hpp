// What happened to a sandbox, off the log: for whoever asks why.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <boost/json/object.hpp>

#include "gateway/api/services.hpp"

namespace varve::gateway {

struct sandbox_event {
  std::uint64_t version = 0; // of the sandbox's stream, from 1
  std::string type;          // "SandboxStopped"
  // {id, type, time, principal, cause, correlationId, position, data}; of
  // what is sealed, the size only.
  boost::json::object body;
};

// From that version on, `limit` at most.
result<std::vector<sandbox_event>> sandbox_events(services& s,
                                                  const std::string& sandbox_id,
                                                  std::uint64_t from_version,
                                                  std::size_t limit);

// By id or live name, within the caller's organization; by id also one that
// is destroyed. not_found.
result<projections::sandbox_view>
find_in_history(services& s, const request& r, const std::string& id_or_name);

// "TimeToLive" -> "time_to_live"
std::string cause_code(schema::Cause cause);

} // namespace varve::gateway
