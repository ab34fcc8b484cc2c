#include <algorithm>
#include <cstdlib>
#include <utility>

#include "actors/sandbox/state.hpp"

namespace varve::sandbox {

namespace {

void enter(state& s, status next, const envelope& around) {
  s.at = next;
  s.changed_at = around.record.time();
  s.owed = schema::OperationKind::None;
  s.idle_since = 0;
}

void ask(state& s, schema::OperationKind kind, const envelope& around) {
  s.owed = kind;
  s.operation_version = s.version;
  s.operation_place = around.place;
  const auto* id = around.record.id();
  if (id->size() == s.operation_record.size())
    std::copy(id->begin(), id->end(), s.operation_record.begin());
}

void enter_asking(state& s, status next, schema::OperationKind kind,
                  const envelope& around) {
  enter(s, next, around);
  ask(s, kind, around);
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

timers timers_of(const schema::Timers& t) {
  return {t.auto_stop(), t.auto_pause(), t.auto_delete(), t.auto_archive()};
}

network_rules network_of(const schema::Network* n) {
  network_rules out;
  if (n == nullptr)
    return out;
  out.block_all = n->block_all();
  if (n->allow_list() != nullptr)
    out.allow_list = n->allow_list()->str();
  return out;
}

void created(state& s, const schema::Entry& entry, const envelope& around) {
  const auto& event = *entry.event_as_SandboxCreated();
  s.id = entry.aggregate_id()->str();
  if (around.record.organization_id() != nullptr)
    s.organization_id = around.record.organization_id()->str();
  s.runner_id = event.runner_id()->str();
  set_labels(s, event.labels());
  s.is_public = event.is_public();
  s.times = timers_of(*event.timers());
  s.destroy_at = event.destroy_at();
  s.is_fork =
      event.forked_from() != nullptr && event.forked_from()->size() != 0;
  s.is_built = event.build() != nullptr;
  s.has = {*event.resources(), network_of(event.network())};
  if (event.image() != nullptr && event.image()->size() != 0)
    return enter_asking(s, status::resolving, schema::OperationKind::Resolve,
                        around);
  enter_asking(s, status::creating, schema::OperationKind::Create, around);
}

void resolved(state& s, const schema::SandboxImageResolved& event,
              const envelope& around) {
  s.image = event.digest()->str();
  enter_asking(s, status::pulling,
               s.is_built ? schema::OperationKind::Build
                          : schema::OperationKind::Pull,
               around);
}

void pulled(state& s, const schema::SandboxImagePulled& event,
            const envelope& around) {
  s.image = event.image_ref()->str();
  enter_asking(s, status::creating, schema::OperationKind::Create, around);
}

void started(state& s, const schema::Report* report, const envelope& around) {
  enter(s, status::started, around);
  s.was_started = true;
  s.may_be_archived = false;
  s.archive_size = 0;
  s.archive_hash = {};
  s.used_at = s.changed_at;
  note(s, report);
}

void found_busy(state& s, const schema::SandboxFoundBusy& event,
                const envelope& around) {
  enter(s, status::started, around);
  s.used_at = std::max(s.used_at, event.last_used());
  note(s, event.report());
}

void resumed(state& s, const schema::SandboxResumed& event,
             const envelope& around) {
  enter(s, status::started, around);
  s.used_at = s.changed_at;
  note(s, event.report());
}

void failed(state& s, const schema::SandboxFailed& event,
            const envelope& around) {
  enter(s, status::error, around);
  s.recoverable = event.recoverable();
  note(s, event.report());
}

void destroying(state& s, std::uint32_t attempt, const envelope& around) {
  enter_asking(s, status::destroying, schema::OperationKind::Destroy, around);
  s.attempt = attempt;
  s.destroy_at = 0;
}

void recovering(state& s, const schema::SandboxRecoveryRequested& event,
                const envelope& around) {
  auto next = recovering_status(s, event.skip_start());
  auto kind = next == status::stopping    ? schema::OperationKind::Stop
              : next == status::restoring ? schema::OperationKind::Restore
              : s.was_started             ? schema::OperationKind::Start
                                          : schema::OperationKind::Create;
  enter_asking(s, next, kind, around);
  s.stop_forced = next == status::stopping;
}

void stopped(state& s, const schema::SandboxStopped& event,
             const envelope& around) {
  enter(s, status::stopped, around);
  s.stopped_at = s.changed_at;
  note(s, event.report());
}

void archiving(state& s, const envelope& around) {
  enter_asking(s, status::archiving, schema::OperationKind::Archive, around);
  s.may_be_archived = true;
}

void archived(state& s, const schema::SandboxArchived& event,
              const envelope& around) {
  enter(s, status::archived, around);
  s.may_be_archived = true;
  if (const auto* archive = event.archive()) {
    s.archive_size = archive->size_bytes();
    if (const auto* hash = archive->hash())
      s.archive_hash.assign(hash->bytes()->begin(), hash->bytes()->end());
  }
  note(s, event.report());
}

void stopping(state& s, bool force, const envelope& around) {
  enter_asking(s, status::stopping, schema::OperationKind::Stop, around);
  s.stop_forced = force;
}

void probing(state& s, const schema::SandboxIdleAsked& event,
             const envelope& around) {
  enter_asking(s, status::probing,
               event.pause() ? schema::OperationKind::Pause
                             : schema::OperationKind::Stop,
               around);
  s.stop_forced = false;
  s.idle_since = event.idle_since();
}

// Of one that does not run the next start makes it so.
void adjusting(state& s, allotment next, const envelope& around) {
  auto before = std::exchange(s.has, std::move(next));
  if (s.at != status::started && s.at != status::probing)
    return;
  s.had = std::move(before);
  enter_asking(s, status::adjusting, schema::OperationKind::Adjust, around);
}

void adjusted(state& s, const schema::SandboxAdjusted& event,
              const envelope& around) {
  enter(s, status::started, around);
  s.has = {*event.resources(), network_of(event.network())};
  s.had = {};
  note(s, event.report());
}

void timed(state& s, const schema::SandboxTimersSet& event) {
  s.times = timers_of(*event.timers());
  s.destroy_at = event.destroy_at();
  s.is_abandoned = event.abandoned();
}

void destroyed(state& s, const schema::SandboxDestroyed& event,
               const envelope& around) {
  enter(s, status::destroyed, around);
  note(s, event.report());
  s.labels = {};
  s.has = {};
}

using fold = void (*)(state&, const schema::Entry&, const envelope&);

template <status Next, schema::OperationKind Kind>
void ask_for(state& s, const schema::Entry&, const envelope& around) {
  enter_asking(s, Next, Kind, around);
}

struct folding {
  schema::Event event;
  fold run;
};

using schema::Entry;
using schema::Event;
using schema::OperationKind;

// Every event that a sandbox's stream may hold.
constexpr folding foldings[] = {
    {Event::SandboxCreated, created},
    {Event::SandboxStartRequested,
     ask_for<status::starting, OperationKind::Start>},
    {Event::SandboxPauseRequested,
     ask_for<status::pausing, OperationKind::Pause>},
    {Event::SandboxResumeRequested,
     ask_for<status::resuming, OperationKind::Resume>},
    {Event::SandboxRecoveryRequested,
     [](state& s, const Entry& e, const envelope& around) {
       recovering(s, *e.event_as_SandboxRecoveryRequested(), around);
     }},
    {Event::SandboxImageResolved,
     [](state& s, const Entry& e, const envelope& around) {
       resolved(s, *e.event_as_SandboxImageResolved(), around);
     }},
    {Event::SandboxImagePulled,
     [](state& s, const Entry& e, const envelope& around) {
       pulled(s, *e.event_as_SandboxImagePulled(), around);
     }},
    {Event::SandboxArchiveRequested,
     [](state& s, const Entry&, const envelope& around) {
       archiving(s, around);
     }},
    {Event::SandboxArchived,
     [](state& s, const Entry& e, const envelope& around) {
       archived(s, *e.event_as_SandboxArchived(), around);
     }},
    {Event::SandboxRestoreRequested,
     ask_for<status::restoring, OperationKind::Restore>},
    {Event::SandboxStarted,
     [](state& s, const Entry& e, const envelope& around) {
       started(s, e.event_as_SandboxStarted()->report(), around);
     }},
    {Event::SandboxIdleAsked,
     [](state& s, const Entry& e, const envelope& around) {
       probing(s, *e.event_as_SandboxIdleAsked(), around);
     }},
    {Event::SandboxFoundBusy,
     [](state& s, const Entry& e, const envelope& around) {
       found_busy(s, *e.event_as_SandboxFoundBusy(), around);
     }},
    {Event::SandboxStopRequested,
     [](state& s, const Entry& e, const envelope& around) {
       stopping(s, e.event_as_SandboxStopRequested()->force(), around);
     }},
    {Event::SandboxStopped,
     [](state& s, const Entry& e, const envelope& around) {
       stopped(s, *e.event_as_SandboxStopped(), around);
     }},
    {Event::SandboxPaused,
     [](state& s, const Entry& e, const envelope& around) {
       enter(s, status::paused, around);
       note(s, e.event_as_SandboxPaused()->report());
     }},
    {Event::SandboxResumed,
     [](state& s, const Entry& e, const envelope& around) {
       resumed(s, *e.event_as_SandboxResumed(), around);
     }},
    {Event::SandboxFailed,
     [](state& s, const Entry& e, const envelope& around) {
       failed(s, *e.event_as_SandboxFailed(), around);
     }},
    {Event::SandboxDestroyRequested,
     [](state& s, const Entry&, const envelope& around) {
       destroying(s, 0, around);
     }},
    {Event::SandboxDestroyRetried,
     [](state& s, const Entry& e, const envelope& around) {
       destroying(s, e.event_as_SandboxDestroyRetried()->attempt(), around);
     }},
    {Event::SandboxDestroyed,
     [](state& s, const Entry& e, const envelope& around) {
       destroyed(s, *e.event_as_SandboxDestroyed(), around);
     }},
    {Event::SandboxLabelsReplaced,
     [](state& s, const Entry& e, const envelope&) {
       set_labels(s, e.event_as_SandboxLabelsReplaced()->labels());
     }},
    {Event::SandboxSigningKeyRotated,
     [](state& s, const Entry&, const envelope&) {
       s.signing_key_version = s.version;
     }},
    {Event::SandboxTimersSet,
     [](state& s, const Entry& e, const envelope&) {
       timed(s, *e.event_as_SandboxTimersSet());
     }},
    {Event::SandboxPublicSet,
     [](state& s, const Entry& e, const envelope&) {
       s.is_public = e.event_as_SandboxPublicSet()->is_public();
     }},
    {Event::SandboxResizeRequested,
     [](state& s, const Entry& e, const envelope& around) {
       auto wanted = s.has;
       wanted.resources = *e.event_as_SandboxResizeRequested()->resources();
       adjusting(s, std::move(wanted), around);
     }},
    {Event::SandboxNetworkRequested,
     [](state& s, const Entry& e, const envelope& around) {
       auto wanted = s.has;
       wanted.network =
           network_of(e.event_as_SandboxNetworkRequested()->network());
       adjusting(s, std::move(wanted), around);
     }},
    {Event::SandboxOutOfMemory,
     [](state& s, const Entry& e, const envelope&) {
       note(s, e.event_as_SandboxOutOfMemory()->report());
     }},
    {Event::SandboxAdjusted,
     [](state& s, const Entry& e, const envelope& around) {
       adjusted(s, *e.event_as_SandboxAdjusted(), around);
     }},
};

} // namespace

void evolve(state& s, const schema::Entry& entry, const envelope& around) {
  s.version = entry.version();
  s.deadline = entry.deadline();
  for (const auto& it : foldings)
    if (it.event == entry.event_type())
      return it.run(s, entry, around);
  // Not a sandbox's event: the log is broken, and going on would spread it.
  std::abort();
}

} // namespace varve::sandbox
