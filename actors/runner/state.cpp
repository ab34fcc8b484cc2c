#include "actors/runner/state.hpp"

#include <cstdlib>

namespace varve::runner_aggregate {

void evolve(state& s, const schema::Entry& entry, const envelope&) {
  const auto* event = entry.event_as_RunnerRegistered();
  if (event == nullptr)
    std::abort(); // not a runner's event: the log is broken
  s.version = entry.version();
  s.region = event->region()->str();
  s.journal_id = event->journal_id()->str();
  s.capacity = *event->capacity();
  s.runtime = event->runtime() == nullptr ? "" : event->runtime()->str();
}

result<decision> decide(const state& s, const RegisterRunner& what) {
  decision out;
  if (s.version != 0 && s.region == what.region
      && s.journal_id == what.journal_id && s.capacity == what.capacity
      && s.runtime == what.runtime)
    return out;
  schema::RunnerRegisteredT event;
  event.region = what.region;
  event.journal_id = what.journal_id;
  event.capacity = std::make_unique<schema::Resources>(what.capacity);
  event.runtime = what.runtime;
  out.entries.push_back(make_entry(schema::AggregateType::Runner,
                                   what.runner_id, std::move(event)));
  return out;
}

} // namespace varve::runner_aggregate
