// What every aggregate's decide answers, and what its evolve is given.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "events/base/clock.hpp"
#include "events/base/result.hpp"
#include "schemas/record_generated.h"

namespace varve {

// What a decision may know besides state and command: pure functions have no
// clock and no directory of runners.
struct decision_context {
  timestamp now = 0;
  std::string_view runner_id; // where a new sandbox goes; empty = nowhere
};

// The events of one decision, one record once appended. None: it is already
// so. Versions are the host's and the log writer's to fill in.
struct decision {
  std::vector<std::unique_ptr<schema::EntryT>> entries;
  // Unspecified = the cause the command came with.
  schema::Cause cause = schema::Cause::Unspecified;
  // A report that cannot be judged yet: the runner keeps it and sends it again.
  bool deferred = false;
};

// The record an event lies in, and its place in it.
struct envelope {
  const schema::Record& record;
  std::uint16_t place = 0;
};

// Whether an event of this kind is in its organization's stream as well.
constexpr bool counts_in_organization(schema::Event kind) noexcept {
  switch (kind) {
  case schema::Event::OrganizationCreated:
  case schema::Event::ApiKeyCreated:
  case schema::Event::ApiKeyRevoked:
  case schema::Event::DockerRegistryAdded:
  case schema::Event::DockerRegistryChanged:
  case schema::Event::DockerRegistryRemoved:
  case schema::Event::SandboxCreated:
  case schema::Event::SandboxStartRequested:
  case schema::Event::SandboxRecoveryRequested:
  case schema::Event::SandboxStopped:
  case schema::Event::SandboxFailed:
  case schema::Event::SandboxDestroyRequested:
  case schema::Event::SandboxResizeRequested:
  case schema::Event::SandboxAdjusted:
  case schema::Event::WarmPoolSet:
  case schema::Event::WarmPoolRemoved:
  case schema::Event::OrganizationQuotaSet:
  case schema::Event::SnapshotRequested:
  case schema::Event::SnapshotRemovalRequested:
  case schema::Event::SandboxArchived:
  case schema::Event::SandboxRestoreRequested:
    return true;
  case schema::Event::NONE:
  case schema::Event::LogCreated:
  case schema::Event::EpochStarted:
  case schema::Event::LogSealed:
  case schema::Event::SnapshotCreated:
  case schema::Event::SnapshotActivated:
  case schema::Event::SnapshotRemoved:
  case schema::Event::RunnerRegistered:
  case schema::Event::SandboxStarted:
  case schema::Event::SandboxStopRequested:
  case schema::Event::SandboxDestroyed:
  case schema::Event::SandboxLabelsReplaced:
  case schema::Event::SandboxDestroyRetried:
  case schema::Event::SandboxSigningKeyRotated:
  case schema::Event::SandboxIdleAsked:
  case schema::Event::SandboxFoundBusy:
  case schema::Event::SandboxPauseRequested:
  case schema::Event::SandboxPaused:
  case schema::Event::SandboxResumeRequested:
  case schema::Event::SandboxResumed:
  case schema::Event::SandboxTimersSet:
  case schema::Event::SandboxPublicSet:
  case schema::Event::SandboxNetworkRequested:
  case schema::Event::SandboxOutOfMemory:
  case schema::Event::SandboxImageResolved:
  case schema::Event::SandboxImagePulled:
  case schema::Event::SnapshotResolved:
  case schema::Event::SnapshotFailed:
  case schema::Event::SnapshotDeactivated:
  case schema::Event::SnapshotActivationRequested:
  case schema::Event::SnapshotRemovalRetried:
  case schema::Event::SandboxArchiveRequested:
    return false;
  }
  return false;
}

// Whether it takes a name or quota, or changes what later takers are measured
// against: only the organization's present actor may have admitted it.
constexpr bool needs_admission(schema::Event kind) noexcept {
  return counts_in_organization(kind) && kind != schema::Event::SandboxStopped
         && kind != schema::Event::SandboxFailed
         && kind != schema::Event::SandboxDestroyRequested
         && kind != schema::Event::SandboxAdjusted
         && kind != schema::Event::SnapshotRemovalRequested
         && kind != schema::Event::SandboxArchived;
}

template <class Event>
std::unique_ptr<schema::EntryT> make_entry(schema::AggregateType aggregate,
                                           std::string_view id, Event event) {
  auto entry = std::make_unique<schema::EntryT>();
  entry->aggregate = aggregate;
  entry->aggregate_id = id;
  entry->event.Set(std::move(event));
  return entry;
}

} // namespace varve
