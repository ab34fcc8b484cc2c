#include "actors/sandbox/decide.hpp"

#include <algorithm>

#include "actors/sandbox/marks.hpp"
#include "actors/sandbox/one_event.hpp"
#include "actors/sandbox/settings.hpp"

namespace varve::sandbox {

namespace {

constexpr auto as_asked = schema::Cause::Unspecified;

std::string not_adjustable(const input& what) {
  auto resizes = std::holds_alternative<ResizeSandbox>(what);
  return std::string{"Sandbox must be in started or stopped state to "}
         + (resizes ? "resize" : "change its network");
}

result<decision> refusal(action to_do, const input& what) {
  auto wrong = [](std::string why) {
    return failure(errc::wrong_state, std::move(why));
  };
  if (to_do == action::refuse_unknown)
    return failure(errc::not_found, "Sandbox not found");
  if (to_do == action::refuse_changing)
    return failure(errc::conflict, "Sandbox state change in progress");
  if (to_do == action::refuse_errored)
    return wrong("Sandbox is in an errored state");
  if (to_do == action::refuse_not_stoppable)
    return wrong("Sandbox is not in a stoppable state");
  if (to_do == action::refuse_not_archivable)
    return wrong("Sandbox is not stopped");
  if (to_do == action::refuse_not_forkable)
    return wrong("Sandbox must be in started, stopped or paused state to fork");
  if (to_do == action::refuse_not_pausable)
    return wrong("Sandbox must be in started state to pause");
  if (to_do == action::refuse_not_adjustable)
    return wrong(not_adjustable(what));
  if (to_do == action::refuse_not_errored)
    return wrong("Sandbox must be in error state to recover");
  return failure(errc::invalid, "Sandbox is not in valid state");
}

result<decision> recovery(const state& s, const input& what,
                          const decision_context& context) {
  if (!s.recoverable)
    return failure(errc::wrong_state, "Sandbox is not in a recoverable state");
  schema::SandboxRecoveryRequestedT event;
  event.skip_start = std::get<RecoverSandbox>(what).skip_start;
  return one_event(s, event, recovering_status(s, event.skip_start),
                   context.now, as_asked);
}

result<decision> archive_request(const state& s, const input& what,
                                 const decision_context& context) {
  auto is_due = std::holds_alternative<DeadlineReached>(what);
  if (s.times.auto_delete == 0)
    return failure(errc::wrong_state, "Ephemeral sandboxes cannot be archived");
  return one_event(s, schema::SandboxArchiveRequestedT{}, status::archiving,
                   context.now, is_due ? schema::Cause::AutoArchive : as_asked);
}

decision stop_request(const state& s, const input& what,
                      const decision_context& context) {
  schema::SandboxStopRequestedT event;
  event.force = std::get<StopSandbox>(what).force;
  return one_event(s, event, status::stopping, context.now, as_asked);
}

schema::Cause cause_of_destroy(const state& s, const input& what) noexcept {
  const auto* due = std::get_if<DeadlineReached>(&what);
  if (due == nullptr)
    return as_asked;
  if (s.destroy_at == 0 || s.destroy_at > due->due)
    return schema::Cause::AutoDelete;
  return s.is_abandoned ? schema::Cause::ClientGone : schema::Cause::TimeToLive;
}

decision destroy_request(const state& s, const input& what,
                         const decision_context& context) {
  return one_event(s, schema::SandboxDestroyRequestedT{}, status::destroying,
                   context.now, cause_of_destroy(s, what));
}

decision destroy_again(const state& s, const decision_context& context) {
  schema::SandboxDestroyRetriedT event;
  event.attempt = s.attempt + 1;
  return one_event(s, event, status::destroying, context.now,
                   schema::Cause::Deadline, event.attempt);
}

decision idle_question(const state& s, const decision_context& context) {
  auto idle = idle_time(s.times);
  schema::SandboxIdleAskedT event;
  event.idle_since = context.now - std::min(idle, context.now);
  event.pause = s.times.auto_stop <= 0;
  return one_event(s, event, status::probing, context.now,
                   schema::Cause::Deadline);
}

// What is asked for, by a command or a deadline.
result<decision> request(const state& s, action to_do, const input& what,
                         const decision_context& context) {
  if (to_do == action::request_start)
    return one_event(s, schema::SandboxStartRequestedT{}, status::starting,
                     context.now, as_asked);
  if (to_do == action::request_resume)
    return one_event(s, schema::SandboxResumeRequestedT{}, status::resuming,
                     context.now, as_asked);
  if (to_do == action::request_pause)
    return one_event(s, schema::SandboxPauseRequestedT{}, status::pausing,
                     context.now, as_asked);
  if (to_do == action::request_stop)
    return stop_request(s, what, context);
  if (to_do == action::request_archive)
    return archive_request(s, what, context);
  if (to_do == action::request_restore)
    return one_event(s, schema::SandboxRestoreRequestedT{}, status::restoring,
                     context.now, as_asked);
  if (to_do == action::request_recovery)
    return recovery(s, what, context);
  if (to_do == action::request_resize)
    return resized(s, std::get<ResizeSandbox>(what), context);
  if (to_do == action::request_network)
    return connected(s, std::get<SetNetwork>(what), context);
  return destroy_request(s, what, context);
}

decision setting(const state& s, const input& what,
                 const decision_context& context) {
  if (const auto* timers = std::get_if<SetTimers>(&what))
    return timed(s, *timers, context);
  if (const auto* is_public = std::get_if<SetPublic>(&what))
    return published(s, *is_public);
  if (const auto* key = std::get_if<RotateSigningKey>(&what))
    return rekeyed(s, *key);
  return relabelled(s, std::get<ReplaceLabels>(what));
}

// What a runner's report, or its absence, leads to.
decision mark(const state& s, action to_do, const input& what,
              const decision_context& context) {
  using marking =
      decision (*)(const state&, const input&, const decision_context&);
  static constexpr std::pair<action, marking> markings[] = {
      {action::mark_started, started},   {action::mark_busy, found_busy},
      {action::mark_stopped, stopped},   {action::mark_paused, paused},
      {action::mark_resumed, resumed},   {action::mark_archived, archived},
      {action::mark_adjusted, adjusted}, {action::mark_failed, failed},
  };
  for (const auto& [action_of, run] : markings)
    if (action_of == to_do)
      return run(s, what, context);
  return destroyed(s, what, context);
}

result<decision> act(const state& s, action to_do, const input& what,
                     const decision_context& context) {
  switch (to_do) {
  case action::nothing:
  case action::grant_fork:
    return decision{};
  case action::defer: {
    decision out;
    out.deferred = true;
    return out;
  }
  case action::request_start:
  case action::request_resume:
  case action::request_stop:
  case action::request_pause:
  case action::request_archive:
  case action::request_restore:
  case action::request_recovery:
  case action::request_destroy:
  case action::request_resize:
  case action::request_network:
    return request(s, to_do, what, context);
  case action::ask_idle:
    return idle_question(s, context);
  case action::set_timers:
  case action::set_public:
  case action::set_labels:
  case action::rotate_key:
    return setting(s, what, context);
  case action::mark_resolved:
    return resolved(s, what, context);
  case action::mark_pulled:
    return pulled(s, what, context);
  case action::mark_started:
  case action::mark_busy:
  case action::mark_stopped:
  case action::mark_paused:
  case action::mark_resumed:
  case action::mark_archived:
  case action::mark_adjusted:
  case action::mark_failed:
  case action::mark_destroyed:
    return mark(s, to_do, what, context);
  case action::retry_destroy:
    return destroy_again(s, context);
  case action::note_oom_kill:
    return oom_killed(s, what);
  case action::refuse_unknown:
  case action::refuse_changing:
  case action::refuse_errored:
  case action::refuse_not_stoppable:
  case action::refuse_not_pausable:
  case action::refuse_not_archivable:
  case action::refuse_not_forkable:
  case action::refuse_not_adjustable:
  case action::refuse_not_errored:
    break;
  }
  return refusal(to_do, what);
}

} // namespace

std::unique_ptr<schema::ReportT> report_of(const input& what) {
  auto make = [](const std::string& journal, std::uint64_t sequence) {
    auto out = std::make_unique<schema::ReportT>();
    out->journal_id = journal;
    out->sequence = sequence;
    return out;
  };
  if (const auto* c = std::get_if<RunnerAnswered>(&what))
    return make(c->report.journal_id, c->report.sequence);
  if (const auto* o = std::get_if<RunnerObserved>(&what))
    return make(o->report.journal_id, o->report.sequence);
  return nullptr;
}

result<decision> decide(const state& s, const input& what,
                        const decision_context& context) {
  return act(s, action_for(s.at, judge(s, what, context)), what, context);
}

} // namespace varve::sandbox
