// Decisions of one event, with what the sandbox waits for after it.
#pragma once

#include <utility>

#include "actors/sandbox/state.hpp"
#include "actors/sandbox/timing.hpp"

namespace varve::sandbox {

// An event after which the sandbox is in `next`, since `since`, or last used
// then.
template <class Event>
decision one_event(const state& s, Event event, status next, timestamp since,
                   schema::Cause cause, std::uint32_t attempt = 0) {
  decision out;
  out.cause = cause;
  auto entry =
      make_entry(schema::AggregateType::Sandbox, s.id, std::move(event));
  entry->deadline = deadline_in(next, s.times, s.destroy_at, since, attempt);
  // What is transitional waits for a runner.
  entry->owes = patience_of(next, attempt) != 0;
  out.entries.push_back(std::move(entry));
  return out;
}

// An event that leaves it where it is, waiting until `deadline` for what it
// waited for.
template <class Event>
decision aside(const state& s, Event event, timestamp deadline) {
  decision out;
  auto entry =
      make_entry(schema::AggregateType::Sandbox, s.id, std::move(event));
  entry->deadline = deadline;
  entry->owes = s.owed != schema::OperationKind::None;
  out.entries.push_back(std::move(entry));
  return out;
}

} // namespace varve::sandbox
