#include <algorithm>
#include <cstdlib>

#include "actors/snapshot/state.hpp"

namespace varve::snapshot {

namespace {

using schema::OperationKind;
using string_list =
    flatbuffers::Vector<flatbuffers::Offset<flatbuffers::String>>;

std::vector<std::string> strings(const string_list* list) {
  std::vector<std::string> out;
  if (list != nullptr)
    for (const auto* item : *list)
      out.push_back(item->str());
  return out;
}

void enter(state& s, status next, OperationKind kind, const envelope& around) {
  s.at = next;
  s.changed_at = around.record.time();
  s.owed = kind;
  if (kind == OperationKind::None)
    return;
  s.operation_version = s.version;
  s.operation_place = around.place;
  const auto* id = around.record.id();
  if (id->size() == s.operation_record.size())
    std::copy(id->begin(), id->end(), s.operation_record.begin());
}

void belong(state& s, const schema::Entry& entry, const envelope& around) {
  s.id = entry.aggregate_id()->str();
  if (around.record.organization_id() != nullptr)
    s.organization_id = around.record.organization_id()->str();
}

void created(state& s, const schema::SnapshotCreated& event,
             const envelope& around) {
  s.general = event.general();
  s.name = event.name()->str();
  s.aliases = strings(event.aliases());
  s.image_ref = event.image_ref()->str();
  s.resources = *event.resources();
  s.entrypoint = strings(event.entrypoint());
  enter(s, status::pending, OperationKind::None, around);
}

void requested(state& s, const schema::SnapshotRequested& event,
               const envelope& around) {
  s.name = event.name()->str();
  s.image = event.image()->str();
  s.runner_id = event.runner_id()->str();
  s.resources = *event.resources();
  s.entrypoint = strings(event.entrypoint());
  s.has_own_entrypoint = !s.entrypoint.empty();
  if (const auto* build = event.build()) {
    s.dockerfile = build->dockerfile()->str();
    s.context_hashes = strings(build->context_hashes());
  }
  enter(s, status::pending, OperationKind::Resolve, around);
}

void activated(state& s, const schema::SnapshotActivated& event,
               const envelope& around) {
  s.aliases = strings(event.aliases());
  s.image_ref = event.image_ref()->str();
  if (event.resources() != nullptr)
    s.resources = *event.resources();
  s.entrypoint = strings(event.entrypoint());
  s.size_bytes = event.size_bytes();
  enter(s, status::active, OperationKind::None, around);
}

void removing(state& s, std::uint32_t attempt, const envelope& around) {
  s.attempt = attempt;
  enter(s, status::removing, OperationKind::Release, around);
}

} // namespace

void evolve(state& s, const schema::Entry& entry, const envelope& around) {
  s.version = entry.version();
  s.deadline = entry.deadline();
  if (s.version == 1)
    belong(s, entry, around);
  if (const auto* made = entry.event_as_SnapshotCreated())
    return created(s, *made, around);
  if (const auto* asked = entry.event_as_SnapshotRequested())
    return requested(s, *asked, around);
  if (const auto* active = entry.event_as_SnapshotActivated())
    return activated(s, *active, around);
  if (const auto* resolved = entry.event_as_SnapshotResolved()) {
    s.digest = resolved->digest()->str();
    return enter(s, status::pulling,
                 s.dockerfile.empty() ? OperationKind::Pull
                                      : OperationKind::Build,
                 around);
  }
  if (entry.event_as_SnapshotFailed() != nullptr)
    return enter(s, status::error, OperationKind::None, around);
  if (entry.event_as_SnapshotDeactivated() != nullptr)
    return enter(s, status::inactive, OperationKind::None, around);
  if (entry.event_as_SnapshotActivationRequested() != nullptr)
    return enter(s, status::pending, OperationKind::Resolve, around);
  if (entry.event_as_SnapshotRemovalRequested() != nullptr)
    return removing(s, 0, around);
  if (const auto* again = entry.event_as_SnapshotRemovalRetried())
    return removing(s, again->attempt(), around);
  if (entry.event_as_SnapshotRemoved() == nullptr)
    std::abort(); // not a snapshot's event: the log is broken
  enter(s, status::removed, OperationKind::None, around);
}

} // namespace varve::snapshot
