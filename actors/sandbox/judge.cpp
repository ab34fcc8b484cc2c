#include "actors/sandbox/decide.hpp"
#include "actors/sandbox/timing.hpp"

namespace varve::sandbox {

namespace {

// An inventory that does not say when it was taken is not believed about what
// changed this recently, in ms.
constexpr timestamp inventory_age = 20'000;

trigger by_present(schema::Present present) noexcept {
  switch (present) {
  case schema::Present::Running:
    return trigger::answered_running;
  case schema::Present::Stopped:
    return trigger::answered_stopped;
  case schema::Present::Absent:
    return trigger::answered_absent;
  case schema::Present::Paused:
    return trigger::answered_paused;
  case schema::Present::Archived:
    return trigger::answered_archived;
  case schema::Present::Unclear:
    return trigger::answered_failed;
  }
  return trigger::answered_failed;
}

struct judging {
  const state& s;
  const decision_context& context;

  trigger operator()(const StartSandbox&) const noexcept {
    return trigger::start;
  }

  trigger operator()(const StopSandbox& c) const noexcept {
    auto forced_already = s.at == status::stopping && s.stop_forced;
    if (s.at == status::stopping && (!c.force || forced_already))
      return trigger::stop;
    return c.force ? trigger::stop_now : trigger::stop;
  }

  trigger operator()(const RecoverSandbox&) const noexcept {
    return trigger::recover;
  }

  trigger operator()(const DestroySandbox&) const noexcept {
    return trigger::destroy;
  }

  trigger operator()(const ReplaceLabels&) const noexcept {
    return trigger::replace_labels;
  }

  trigger operator()(const RotateSigningKey&) const noexcept {
    return trigger::rotate_signing_key;
  }

  trigger operator()(const PauseSandbox&) const noexcept {
    return trigger::pause;
  }

  trigger operator()(const ArchiveSandbox&) const noexcept {
    return trigger::archive;
  }

  trigger operator()(const ForkSandbox&) const noexcept {
    return trigger::fork;
  }

  trigger operator()(const ResizeSandbox&) const noexcept {
    return trigger::resize;
  }

  trigger operator()(const SetNetwork&) const noexcept {
    return trigger::set_network;
  }

  trigger operator()(const SetTimers&) const noexcept {
    return trigger::set_timers;
  }

  trigger operator()(const SetPublic&) const noexcept {
    return trigger::set_public;
  }

  trigger operator()(const RunnerAnswered& c) const noexcept {
    const auto& r = c.report;
    if (s.owed == schema::OperationKind::None || r.kind != s.owed
        || r.version != s.operation_version)
      return trigger::stale;
    if (r.result == schema::Result::Done)
      return by_present(r.present);
    // Only who asked whether it is idle hears that it is not.
    if (r.result == schema::Result::Busy && s.at != status::probing)
      return trigger::answered_failed;
    // All but what makes it run is judged by what the kernel says, whatever
    // went wrong on the way.
    if (r.kind == schema::OperationKind::Resolve
        || r.kind == schema::OperationKind::Pull
        || r.kind == schema::OperationKind::Build
        || r.kind == schema::OperationKind::Create
        || r.kind == schema::OperationKind::Start
        || r.kind == schema::OperationKind::Restore)
      return trigger::answered_failed;
    if (r.present == schema::Present::Running) {
      if (s.at == status::probing)
        return trigger::answered_busy;
      if (s.at == status::stopping || s.at == status::destroying)
        return trigger::answered_failed;
    }
    return by_present(r.present);
  }

  trigger operator()(const RunnerObserved& c) const noexcept {
    const auto& r = c.report;
    if (r.journal_id == s.journal_id && r.sequence <= s.report_sequence)
      return trigger::stale;
    if (r.present == schema::Present::Absent)
      return trigger::saw_absent;
    if (r.cause == schema::Cause::ToolboxDied)
      return trigger::saw_broken;
    if (r.present == schema::Present::Running)
      return r.cause == schema::Cause::OutOfMemory ? trigger::saw_oom_kill
                                                   : trigger::saw_running;
    if (r.present == schema::Present::Paused)
      return trigger::saw_paused;
    if (r.present == schema::Present::Archived)
      return trigger::saw_archived;
    return r.cause == schema::Cause::HostRestarted
                   || r.cause == schema::Cause::Exited
                   || r.cause == schema::Cause::Operator
               ? trigger::saw_stopped
               : trigger::saw_broken;
  }

  trigger operator()(const RunnerListed& c) const noexcept {
    auto believed = c.taken_at != 0
                        ? c.taken_at > s.changed_at
                        : context.now >= s.changed_at + inventory_age;
    if (!believed)
      return trigger::stale;
    switch (c.present) {
    case schema::Present::Running:
      return trigger::saw_running;
    case schema::Present::Stopped:
      return trigger::saw_stopped;
    case schema::Present::Paused:
      return trigger::saw_paused;
    case schema::Present::Archived:
      return trigger::saw_archived;
    case schema::Present::Absent:
      return trigger::saw_absent;
    case schema::Present::Unclear:
      return trigger::stale;
    }
    return trigger::stale;
  }

  trigger operator()(const DeadlineReached& c) const noexcept {
    if (s.deadline == 0 || s.deadline > c.due)
      return trigger::stale;
    if (s.destroy_at != 0 && s.destroy_at <= c.due)
      return trigger::ttl_over;
    return s.at == status::stopped && is_archived_first(s.times)
               ? trigger::archive_due
               : trigger::deadline;
  }
};

} // namespace

trigger judge(const state& s, const input& what,
              const decision_context& context) noexcept {
  return std::visit(judging{s, context}, what);
}

} // namespace varve::sandbox
