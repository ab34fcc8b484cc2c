// One snapshot (the template of sandboxes), folded from its stream.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "actors/control.hpp"
#include "actors/decision.hpp"

namespace varve::snapshot {

enum class status : std::uint8_t { absent, pending, active, removed };

struct state {
  std::string organization_id; // empty = general
  std::string name;
  std::vector<std::string> aliases;
  std::string image_ref;
  schema::Resources resources;
  std::vector<std::string> entrypoint;
  std::uint64_t size_bytes = 0;
  status at = status::absent;
  std::uint64_t version = 0;

  friend bool operator==(const state&, const state&) = default;
};

void evolve(state& s, const schema::Entry& entry, const envelope& around);

// Errors: conflict when it is another's or has another name, wrong_state when
// it was removed. Registering what is so already decides to nothing.
result<decision> decide(const state& s, const RegisterSnapshot& what,
                        std::string_view organization_id);

} // namespace varve::snapshot
