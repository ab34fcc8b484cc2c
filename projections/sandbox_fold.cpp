#include "projections/sandbox_fold.hpp"

#include <algorithm>

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

void set_network(sandbox_view& v, const schema::Network& network) {
  v.network_block_all = network.block_all();
  v.network_allow_list = text_of(network.allow_list());
}

void set_timers(sandbox_view& v, const schema::Timers& timers) {
  v.auto_stop = timers.auto_stop();
  v.auto_archive = timers.auto_archive();
  v.auto_delete = timers.auto_delete();
  v.auto_pause = timers.auto_pause();
}

void created(sandbox_view& v, const schema::Record& record,
             const schema::Entry& entry) {
  const auto& event = *entry.event_as_SandboxCreated();
  v.id = entry.aggregate_id()->str();
  v.organization_id = text_of(record.organization_id());
  v.name = event.name()->str();
  v.snapshot_id = event.snapshot_id()->str();
  v.snapshot_name = event.snapshot_name()->str();
  v.image_ref = event.image_ref()->str();
  v.forked_from = text_of(event.forked_from());
  v.user = event.user()->str();
  if (event.env_sealed() != nullptr)
    v.env_sealed.assign(event.env_sealed()->begin(), event.env_sealed()->end());
  v.labels = map_of(event.labels());
  v.is_public = event.is_public();
  v.region = event.region()->str();
  v.resources = *event.resources();
  set_timers(v, *event.timers());
  v.destroy_at = event.destroy_at();
  if (event.network() != nullptr)
    set_network(v, *event.network());
  v.runner_id = event.runner_id()->str();
  v.created_at = record.time();
  v.is_built = event.build() != nullptr;
  auto pulls = !text_of(event.image()).empty();
  head_for(v, pulls ? sandbox_state::pending_build : sandbox_state::creating,
           "started");
}

void started(sandbox_view& v, const schema::Entry& entry) {
  arrive(v, sandbox_state::started, "started");
  v.toolbox_version =
      text_of(entry.event_as_SandboxStarted()->toolbox_version());
  v.start_version = entry.version();
  v.may_be_archived = false;
}

void recovering(sandbox_view& v,
                const schema::SandboxRecoveryRequested& event) {
  if (event.skip_start())
    return head_for(v, sandbox_state::stopping, "stopped");
  head_for(
      v, v.may_be_archived ? sandbox_state::restoring : sandbox_state::starting,
      "started");
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

void resize(sandbox_view& v, const schema::Resources& resources) {
  v.resources = resources;
  v.adjust_reason.clear();
  if (v.state == sandbox_state::started)
    head_for(v, sandbox_state::resizing, "started");
}

void adjusted(sandbox_view& v, const schema::SandboxAdjusted& event) {
  arrive(v, sandbox_state::started, "started");
  v.resources = *event.resources();
  set_network(v, *event.network());
  v.adjust_reason = text_of(event.reason());
}

using schema::Entry;
using schema::Event;
using change = void (*)(sandbox_view&, const schema::Record&, const Entry&);

template <sandbox_state State>
void head(sandbox_view& v, const schema::Record&, const Entry&) {
  head_for(v, State,
           State == sandbox_state::stopping     ? "stopped"
           : State == sandbox_state::pausing    ? "paused"
           : State == sandbox_state::destroying ? "destroyed"
                                                : "started");
}

template <sandbox_state State>
void be(sandbox_view& v, const schema::Record&, const Entry&) {
  arrive(v, State,
         State == sandbox_state::stopped  ? "stopped"
         : State == sandbox_state::paused ? "paused"
                                          : "started");
}

struct folding {
  Event event;
  change run;
};

// Every event of a sandbox. Whether it is idle is asked behind the scenes.
constexpr folding foldings[] = {
    {Event::SandboxCreated, created},
    {Event::SandboxStartRequested, head<sandbox_state::starting>},
    {Event::SandboxImageResolved,
     [](sandbox_view& v, const schema::Record&, const Entry&) {
       head_for(v,
                v.is_built ? sandbox_state::building_snapshot
                           : sandbox_state::pulling_snapshot,
                "started");
     }},
    {Event::SandboxImagePulled,
     [](sandbox_view& v, const schema::Record&, const Entry& e) {
       head_for(v, sandbox_state::creating, "started");
       v.image_ref = text_of(e.event_as_SandboxImagePulled()->image_ref());
       auto user = text_of(e.event_as_SandboxImagePulled()->user());
       if (v.user.empty())
         v.user = user.empty() ? "root" : user;
     }},
    {Event::SandboxRecoveryRequested,
     [](sandbox_view& v, const schema::Record&, const Entry& e) {
       recovering(v, *e.event_as_SandboxRecoveryRequested());
     }},
    {Event::SandboxArchiveRequested,
     [](sandbox_view& v, const schema::Record&, const Entry&) {
       head_for(v, sandbox_state::archiving, "archived");
       v.may_be_archived = true;
     }},
    {Event::SandboxArchived,
     [](sandbox_view& v, const schema::Record&, const Entry&) {
       arrive(v, sandbox_state::archived, "archived");
       v.may_be_archived = true;
     }},
    {Event::SandboxRestoreRequested, head<sandbox_state::restoring>},
    {Event::SandboxStarted, [](sandbox_view& v, const schema::Record&,
                               const Entry& e) { started(v, e); }},
    {Event::SandboxIdleAsked,
     [](sandbox_view&, const schema::Record&, const Entry&) {}},
    {Event::SandboxFoundBusy,
     [](sandbox_view&, const schema::Record&, const Entry&) {}},
    {Event::SandboxOutOfMemory,
     [](sandbox_view&, const schema::Record&, const Entry&) {}},
    {Event::SandboxStopRequested, head<sandbox_state::stopping>},
    {Event::SandboxStopped, be<sandbox_state::stopped>},
    {Event::SandboxPauseRequested, head<sandbox_state::pausing>},
    {Event::SandboxPaused, be<sandbox_state::paused>},
    {Event::SandboxResumeRequested, head<sandbox_state::resuming>},
    {Event::SandboxResumed,
     [](sandbox_view& v, const schema::Record&, const Entry& e) {
       arrive(v, sandbox_state::started, "started");
       v.adjust_reason = text_of(e.event_as_SandboxResumed()->detail());
     }},
    {Event::SandboxFailed,
     [](sandbox_view& v, const schema::Record&, const Entry& e) {
       failed(v, *e.event_as_SandboxFailed());
     }},
    {Event::SandboxDestroyRequested, head<sandbox_state::destroying>},
    {Event::SandboxDestroyRetried, head<sandbox_state::destroying>},
    {Event::SandboxDestroyed, [](sandbox_view& v, const schema::Record&,
                                 const Entry&) { destroyed(v); }},
    {Event::SandboxLabelsReplaced,
     [](sandbox_view& v, const schema::Record&, const Entry& e) {
       v.labels = map_of(e.event_as_SandboxLabelsReplaced()->labels());
     }},
    {Event::SandboxSigningKeyRotated,
     [](sandbox_view& v, const schema::Record&, const Entry& e) {
       v.signing_key_version = e.version();
     }},
    {Event::SandboxTimersSet,
     [](sandbox_view& v, const schema::Record&, const Entry& e) {
       set_timers(v, *e.event_as_SandboxTimersSet()->timers());
       v.destroy_at = e.event_as_SandboxTimersSet()->destroy_at();
     }},
    {Event::SandboxPublicSet,
     [](sandbox_view& v, const schema::Record&, const Entry& e) {
       v.is_public = e.event_as_SandboxPublicSet()->is_public();
     }},
    {Event::SandboxResizeRequested,
     [](sandbox_view& v, const schema::Record&, const Entry& e) {
       resize(v, *e.event_as_SandboxResizeRequested()->resources());
     }},
    {Event::SandboxNetworkRequested,
     [](sandbox_view& v, const schema::Record&, const Entry& e) {
       resize(v, v.resources);
       set_network(v, *e.event_as_SandboxNetworkRequested()->network());
     }},
    {Event::SandboxAdjusted,
     [](sandbox_view& v, const schema::Record&, const Entry& e) {
       adjusted(v, *e.event_as_SandboxAdjusted());
     }},
};

// False when the event is not a sandbox's.
bool apply(sandbox_view& v, const schema::Record& record, const Entry& entry) {
  for (const auto& it : foldings)
    if (it.event == entry.event_type()) {
      it.run(v, record, entry);
      return true;
    }
  return false;
}

// What the platform asks of itself is no activity.
timestamp activity_at(const schema::Record& record, const Entry& entry) {
  if (entry.event_type() == Event::SandboxIdleAsked)
    return 0;
  if (const auto* busy = entry.event_as_SandboxFoundBusy())
    return busy->last_used();
  return record.time();
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
  v.updated_at = std::max(v.updated_at, activity_at(record, entry));
  v.cause = record.cause();
  v.at = {record.partition(), record.index()};
  return ok();
}

} // namespace varve::projections
