// Sandboxes that are started before anybody wants them, and what makes one of
// them a sandbox of the log's. Names of crash points: "refill", "claim".
//
//   refill  files, then as a start, but PID 1 waits     under the warm id
//   claim   files and run-time directory renamed,       under the sandbox's
//           limits, egress, host name, PID 1 told
//
// A claim that ends before PID 1 was told does not answer: recovery undoes it
// like any interrupted create.
#pragma once

#include "events/base/result.hpp"
#include "runner/operations/steps.hpp"

namespace varve::runner {

// Makes and starts one that waits; cleans up after itself when that fails.
result<void> start_waiting(execution& e);

// `e` is the sandbox's; `e.claims` waits in its slot.
result<void> claim(execution& e);

// Nothing of one that waits, or of one whose claim failed, stays.
result<void> remove_waiting(const machine& host, const std::string& id,
                            std::uint32_t slot);

// Whether it runs, waits, and runs the toolbox that would be started now.
bool waits_well(const machine& host, const std::string& id);

std::vector<std::string> claim_crash_points();

} // namespace varve::runner
