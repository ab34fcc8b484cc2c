// What went wrong, in words for people.
#pragma once

#include <string>

#include "actors/sandbox/decide.hpp"

namespace varve::sandbox {

// Why it is in error, how it came about and whether a start may help.
struct fault {
  std::string reason;
  bool recoverable = false;
  schema::Cause cause = schema::Cause::Unspecified;
};

fault fault_of(const state& s, const input& what);

// Not longer than what an event keeps.
std::string shortened(std::string text);

} // namespace varve::sandbox
