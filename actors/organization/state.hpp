// Names, quota and keys of one organization, folded from its stream.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <unordered_map>

#include "actors/decision.hpp"
#include "actors/organization/usage.hpp"
#include "events/record.hpp"

namespace varve::organization {

struct api_key {
  log::digest hash{};
  friend bool operator==(const api_key&, const api_key&) = default;
};

struct warm_pool {
  std::string snapshot_id;
  std::string snapshot_name;
  std::string region;
  std::uint32_t size = 0;
  amounts each;
  friend bool operator==(const warm_pool&, const warm_pool&) = default;
};

// A sandbox that is not being deleted: it holds its name.
struct member {
  std::string name;
  amounts size;
  holding held = holding::all;
  friend bool operator==(const member&, const member&) = default;
};

struct state {
  bool exists = false;
  std::string name;
  std::string default_region;
  limits quota;
  std::unordered_map<std::string, member> sandboxes;    // by id
  std::unordered_map<std::string, std::string> by_name; // name -> id
  amounts used;
  std::unordered_map<std::string, std::string> snapshots; // name -> id
  std::map<std::string, api_key> keys;                    // by name
  std::set<log::digest> key_hashes;
  std::map<std::string, warm_pool> warm_pools;   // by id
  std::map<std::string, std::string> registries; // id -> project
  std::uint64_t version = 0;                     // of the organization's stream

  friend bool operator==(const state&, const state&) = default;
};

// Folds one committed entry that is in the organization's stream. Cannot fail.
void evolve(state& s, const schema::Entry& entry, const envelope& around);

// Used, counted again from every sandbox: equals s.used.
amounts recount(const state& s);

} // namespace varve::organization
