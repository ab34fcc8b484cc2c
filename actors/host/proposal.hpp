// What an aggregate wants written, and what became of it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "actors/decision.hpp"
#include "actors/host/delivery.hpp"
#include "events/record.hpp"

namespace varve::host {

// Bound to what it was decided on: refused with version_conflict, before
// anything is written, when any of that is no longer so.
struct proposal {
  std::string organization_id; // empty = belongs to none
  std::string principal;
  std::string command_id;
  bool may_be_known = false; // a client's command: look its id up first
  std::optional<log::digest> request;
  schema::Cause cause = schema::Cause::Unspecified;
  std::vector<std::unique_ptr<schema::EntryT>> entries;

  std::uint64_t term = 0; // of the writer, see committer
  // The stream that was decided on and its version then. Empty where the
  // organization decided: admission_term binds that.
  std::string stream;
  std::uint64_t version = 0;
  std::uint64_t admission_term = 0;
};

struct verdict {
  // Ok: the record counts. too_large, log_full, reused: nothing was written
  // and nothing else changed. version_conflict: decide again from the log.
  // log_unavailable: not now.
  result<log::record_ptr> outcome;
  // The record of an earlier command with this id; nothing was written.
  bool known = false;
};

} // namespace varve::host
