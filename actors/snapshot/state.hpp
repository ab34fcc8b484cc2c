// One snapshot (the template of sandboxes), folded from its stream.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "actors/control.hpp"
#include "actors/decision.hpp"
#include "actors/snapshot/transitions.hpp"
#include "schemas/operation_generated.h"

namespace varve::snapshot {

struct state {
  std::string id;
  std::string organization_id; // empty = general
  std::string name;
  std::vector<std::string> aliases;
  std::string image; // as a client called it; empty = none
  // What it is made by; no dockerfile = it is pulled.
  std::string dockerfile;
  std::vector<std::string> context_hashes;
  std::string digest; // what that stood for last
  std::string image_ref;
  std::string runner_id;
  schema::Resources resources;
  std::vector<std::string> entrypoint;
  std::uint64_t size_bytes = 0;

  // The operation last asked for; owed until its outcome is on the log.
  std::uint64_t operation_version = 0;
  std::array<std::uint8_t, 16> operation_record{};
  std::uint16_t operation_place = 0;
  schema::OperationKind owed = schema::OperationKind::None;

  status at = status::absent;
  bool general = false;
  bool has_own_entrypoint = false; // given by the client
  std::uint32_t attempt = 0;       // of removing
  timestamp deadline = 0;          // 0 = none
  timestamp changed_at = 0;
  std::uint64_t version = 0;

  friend bool operator==(const state&, const state&) = default;
};

// Folds one committed entry of this snapshot's stream. Cannot fail.
void evolve(state& s, const schema::Entry& entry, const envelope& around);

} // namespace varve::snapshot
