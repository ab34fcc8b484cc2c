// The record of one runner, folded from its stream.
#pragma once

#include <cstdint>
#include <string>

#include "actors/control.hpp"
#include "actors/decision.hpp"

namespace varve::runner_aggregate {

struct state {
  std::string region;
  std::string journal_id;
  schema::Resources capacity;
  std::string runtime;
  std::uint64_t version = 0;

  friend bool operator==(const state&, const state&) = default;
};

void evolve(state& s, const schema::Entry& entry, const envelope& around);

// Registering what is so already decides to nothing.
result<decision> decide(const state& s, const RegisterRunner& what);

} // namespace varve::runner_aggregate
