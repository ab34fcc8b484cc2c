#include "projections/sandbox_fold.hpp"

namespace varve::projections {

namespace {

std::string text_of(const flatbuffers::String* text) {
  return text == nullptr ? std::string{} : text->str();
}

using pair_list = flatbuffers::Vector<flatbuffers::Offset<schema::Pair>>;

std::map<std::string, std::string> map_of(const pair_list* pairs) {
  std::map<std::string, std::string> out;
  if (pairs != nullptr)
    for (const auto* pair : *pairs)
      out.insert_or_assign(pair->key()->str(), pair->value()->str());
  return out;
}

// To where it is going and on the way to it.
void head_for(sandbox_view& v, sandbox_state state, const char* desired) {
  v.state = state;
  v.desired_state = desired;
  v.error_reason.clear();
  v.recoverable = false;
}

// Where it is. What was asked to go stays asked to go.
void arrive(sandbox_view& v, sandbox_state state, const char* desired) {
  head_for(v, state, v.desired_state == "destroyed" ? "destroyed" : desired);
}

void created(sandbox_view& v, const schema::Record& record,
             const schema::Entry& entry) {
  const auto& event = *entry.event_as_SandboxCreated();
  v.id = entry.aggregate_id()->str();
  v.organization_id = text_of(record.organization_id());
  v.name = event.name()->str();
  v.snapshot_id = event.snapshot_id()->str();
  v.snapshot_name = event.snapshot_name()->str();
  v.user = event.user()->str();
  if (event.env_sealed() != nullptr)
    v.env_sealed.assign(event.env_sealed()->begin(), event.env_sealed()->end());
  v.labels = map_of(event.labels());
  v.is_public = event.is_public();
  v.region = event.region()->str();
  v.resources = *event.resources();
  v.auto_stop = event.timers()->auto_stop();
  v.auto_archive = event.timers()->auto_archive();
  v.auto_delete = event.timers()->auto_delete();
  v.runner_id = event.runner_id()->str();
  v.created_at = record.time();
  head_for(v, sandbox_state::creating, "started");
}

void started(sandbox_view& v, const schema::Entry& entry) {
  arrive(v, sandbox_state::started, "started");
  v.toolbox_version =
      text_of(entry.event_as_SandboxStarted()->toolbox_version());
  v.start_version = entry.version();
}

void failed(sandbox_view& v, const schema::SandboxFailed& event) {
  v.state = sandbox_state::error;
  v.error_reason = event.reason()->str();
  v.recoverable = event.recoverable();
}

// Nobody reads a destroyed one but who asks for its history.
void destroyed(sandbox_view& v) {
  head_for(v, sandbox_state::destroyed, "destroyed");
  v.env_sealed.clear();
  v.labels.clear();
}

error cannot_follow(const sandbox_view& v, const schema::Entry& entry,
                    std::string_view why) {
  return {errc::store_failed,
          "sandbox " + entry.aggregate_id()->str() + ": "
              + schema::EnumNameEvent(entry.event_type()) + " as version "
              + std::to_string(entry.version()) + " after "
              + std::to_string(v.version) + ": " + std::string{why}};
}

// False when the event is not a sandbox's.
bool apply(sandbox_view& v, const schema::Record& record,
           const schema::Entry& entry) {
  switch (entry.event_type()) {
  case schema::Event::SandboxCreated:
    created(v, record, entry);
    return true;
  case schema::Event::SandboxStartRequested:
  case schema::Event::SandboxRecoveryRequested:
    head_for(v, sandbox_state::starting, "started");
    return true;
  case schema::Event::SandboxStarted:
    started(v, entry);
    return true;
  case schema::Event::SandboxStopRequested:
    head_for(v, sandbox_state::stopping, "stopped");
    return true;
  case schema::Event::SandboxStopped:
    arrive(v, sandbox_state::stopped, "stopped");
    return true;
  case schema::Event::SandboxFailed:
    failed(v, *entry.event_as_SandboxFailed());
    return true;
  case schema::Event::SandboxDestroyRequested:
  case schema::Event::SandboxDestroyRetried:
    head_for(v, sandbox_state::destroying, "destroyed");
    return true;
  case schema::Event::SandboxDestroyed:
    destroyed(v);
    return true;
  case schema::Event::SandboxLabelsReplaced:
    v.labels = map_of(entry.event_as_SandboxLabelsReplaced()->labels());
    return true;
  case schema::Event::SandboxSigningKeyRotated:
    v.signing_key_version = entry.version();
    return true;
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
    return false;
  }
  return false;
}

} // namespace

result<void> fold(sandbox_view& v, const schema::Record& record,
                  const schema::Entry& entry) {
  if (entry.version() != v.version + 1)
    return cannot_follow(v, entry, "not the next version");
  bool first = entry.event_type() == schema::Event::SandboxCreated;
  if (first != (v.version == 0))
    return cannot_follow(v, entry, "it is created first, and once");
  if (!apply(v, record, entry))
    return cannot_follow(v, entry, "not an event of a sandbox");
  v.version = entry.version();
  v.updated_at = record.time();
  v.cause = record.cause();
  v.at = {record.partition(), record.index()};
  return ok();
}

} // namespace varve::projections
