#include <algorithm>
#include <cstdlib>

#include "actors/sandbox/state.hpp"

namespace varve::sandbox {

namespace {

void enter(state& s, status next, const envelope& around) {
  s.at = next;
  s.changed_at = around.record.time();
  s.owed = schema::OperationKind::None;
}

void ask(state& s, schema::OperationKind kind, const envelope& around) {
  s.owed = kind;
  s.operation_version = s.version;
  s.operation_place = around.place;
  const auto* id = around.record.id();
  if (id->size() == s.operation_record.size())
    std::copy(id->begin(), id->end(), s.operation_record.begin());
}

void note(state& s, const schema::Report* report) {
  if (report == nullptr || report->journal_id() == nullptr)
    return;
  s.journal_id = report->journal_id()->str();
  s.report_sequence = report->sequence();
}

using pair_list = flatbuffers::Vector<flatbuffers::Offset<schema::Pair>>;

void set_labels(state& s, const pair_list* labels) {
  s.labels.clear();
  if (labels == nullptr)
    return;
  s.labels.reserve(labels->size());
  for (const auto* label : *labels)
    s.labels.emplace_back(label->key()->str(), label->value()->str());
}

void created(state& s, const schema::Entry& entry, const envelope& around) {
  const auto& event = *entry.event_as_SandboxCreated();
  s.id = entry.aggregate_id()->str();
  if (around.record.organization_id() != nullptr)
    s.organization_id = around.record.organization_id()->str();
  s.runner_id = event.runner_id()->str();
  set_labels(s, event.labels());
  enter(s, status::creating, around);
  ask(s, schema::OperationKind::Create, around);
}

void failed(state& s, const schema::SandboxFailed& event,
            const envelope& around) {
  enter(s, status::error, around);
  s.recoverable = event.recoverable();
  note(s, event.report());
}

void destroying(state& s, std::uint32_t attempt, const envelope& around) {
  enter(s, status::destroying, around);
  s.attempt = attempt;
  ask(s, schema::OperationKind::Destroy, around);
}

void recovering(state& s, const envelope& around) {
  enter(s, status::starting, around);
  ask(s,
      s.was_started ? schema::OperationKind::Start
                    : schema::OperationKind::Create,
      around);
}

void stopping(state& s, bool force, const envelope& around) {
  enter(s, status::stopping, around);
  s.stop_forced = force;
  ask(s, schema::OperationKind::Stop, around);
}

void destroyed(state& s, const schema::SandboxDestroyed& event,
               const envelope& around) {
  enter(s, status::destroyed, around);
  note(s, event.report());
  s.labels = {};
}

} // namespace

void evolve(state& s, const schema::Entry& entry, const envelope& around) {
  s.version = entry.version();
  s.deadline = entry.deadline();
  switch (entry.event_type()) {
  case schema::Event::SandboxCreated:
    return created(s, entry, around);
  case schema::Event::SandboxStartRequested:
    enter(s, status::starting, around);
    return ask(s, schema::OperationKind::Start, around);
  case schema::Event::SandboxRecoveryRequested:
    return recovering(s, around);
  case schema::Event::SandboxStarted:
    enter(s, status::started, around);
    s.was_started = true;
    return note(s, entry.event_as_SandboxStarted()->report());
  case schema::Event::SandboxStopRequested:
    return stopping(s, entry.event_as_SandboxStopRequested()->force(), around);
  case schema::Event::SandboxStopped:
    enter(s, status::stopped, around);
    return note(s, entry.event_as_SandboxStopped()->report());
  case schema::Event::SandboxFailed:
    return failed(s, *entry.event_as_SandboxFailed(), around);
  case schema::Event::SandboxDestroyRequested:
    return destroying(s, 0, around);
  case schema::Event::SandboxDestroyRetried:
    return destroying(s, entry.event_as_SandboxDestroyRetried()->attempt(),
                      around);
  case schema::Event::SandboxDestroyed:
    return destroyed(s, *entry.event_as_SandboxDestroyed(), around);
  case schema::Event::SandboxLabelsReplaced:
    return set_labels(s, entry.event_as_SandboxLabelsReplaced()->labels());
  case schema::Event::SandboxSigningKeyRotated:
    s.signing_key_version = s.version;
    return;
  case schema::Event::NONE:
  case schema::Event::LogCreated:
  case schema::Event::EpochStarted:
  case schema::Event::OrganizationCreated:
  case schema::Event::ApiKeyCreated:
  case schema::Event::ApiKeyRevoked:
  case schema::Event::SnapshotCreated:
  case schema::Event::SnapshotActivated:
  case schema::Event::SnapshotRemoved:
  case schema::Event::RunnerRegistered:
    break;
  }
  // Not a sandbox's event: the log is broken, and going on would spread it.
  std::abort();
}

} // namespace varve::sandbox
