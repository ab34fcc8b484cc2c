// What a sandbox does about a command or a report. Pure.
#pragma once

#include <variant>

#include "actors/control.hpp"
#include "actors/decision.hpp"
#include "actors/sandbox/state.hpp"

namespace varve::sandbox {

// A runner's answer to an operation.
struct RunnerAnswered {
  schema::OutcomeT report;
};
// What a runner reports unasked.
struct RunnerObserved {
  schema::ObservationT report;
};
// What its runner's inventory says about this sandbox; Absent = not listed.
struct RunnerListed {
  schema::Present present = schema::Present::Absent;
  timestamp taken_at = 0; // 0 = unknown
};
// The deadline that was due at `due` has passed.
struct DeadlineReached {
  timestamp due = 0;
};

// Creation is decided by the organization, also that of a fork: to grant one is
// no event.
using input =
    std::variant<StartSandbox, StopSandbox, RecoverSandbox, DestroySandbox,
                 ReplaceLabels, PauseSandbox, ResizeSandbox, SetNetwork,
                 SetTimers, SetPublic, RotateSigningKey, ArchiveSandbox,
                 ForkSandbox, RunnerAnswered, RunnerObserved, RunnerListed,
                 DeadlineReached>;

// The column of the table an input falls into.
trigger judge(const state& s, const input& what,
              const decision_context& context) noexcept;

// Errors: not_found, conflict, wrong_state, with the text clients know.
// Repeating an input whose events were folded decides to nothing.
result<decision> decide(const state& s, const input& what,
                        const decision_context& context);

// Journal and sequence of a report, as an event keeps them; null for others.
std::unique_ptr<schema::ReportT> report_of(const input& what);

} // namespace varve::sandbox
