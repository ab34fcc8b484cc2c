// What a sandbox waits for: its deadline and the operation it is owed.
#include "actors/sandbox/state.hpp"
#include "events/base/ids.hpp"

namespace varve::sandbox {

namespace {

// Of the time until the deadline, how much an operation may work, in ms. What
// is left is for waiting in the runner's queue and for the way back.
std::uint32_t work_time(schema::OperationKind kind) noexcept {
  switch (kind) {
  case schema::OperationKind::Resolve:
    return 45'000;
  case schema::OperationKind::Pull:
  case schema::OperationKind::Build:
    return 1'500'000;
  case schema::OperationKind::Create:
  case schema::OperationKind::Start:
    return 25'000;
  case schema::OperationKind::Stop:
  case schema::OperationKind::Pause:
  case schema::OperationKind::Resume:
  case schema::OperationKind::Adjust:
    return 10'000;
  case schema::OperationKind::Archive:
  case schema::OperationKind::Restore:
    return 20 * 60'000;
  case schema::OperationKind::Destroy:
    return 15'000;
  case schema::OperationKind::Release:
  case schema::OperationKind::None:
    return 0;
  }
  return 0;
}

constexpr timestamp way_back = 5'000;

} // namespace

status recovering_status(const state& s, bool skip_start) noexcept {
  if (skip_start)
    return status::stopping;
  return s.may_be_archived ? status::restoring : status::starting;
}

timestamp deadline_of(const state& s) noexcept {
  return s.deadline;
}

std::optional<operation_owed> owed_operation(const state& s) {
  if (s.owed == schema::OperationKind::None)
    return std::nullopt;
  operation_owed owed;
  owed.id =
      uuid{s.operation_record}.str() + "." + std::to_string(s.operation_place);
  owed.kind = s.owed;
  owed.version = s.operation_version;
  owed.force = s.owed == schema::OperationKind::Stop && s.stop_forced;
  owed.idle_since = s.idle_since;
  owed.image = s.image;
  if (owed.kind == schema::OperationKind::Restore) {
    owed.archive_size = s.archive_size;
    owed.archive_hash = s.archive_hash;
  }
  auto at = paced_as(s.at, s.is_fork);
  owed.timeout_ms =
      work_time(at == s.at ? s.owed : schema::OperationKind::Restore);
  auto until = s.changed_at + patience_of(at, s.attempt);
  auto reserve = owed.timeout_ms + way_back;
  owed.queue_until = until > reserve ? until - reserve : 0;
  return owed;
}

schema::OperationKind correction_for(const state& s,
                                     schema::Present present) noexcept {
  switch (s.at) {
  case status::stopped:
  case status::archived:
  case status::error:
    return present == schema::Present::Running
                   || present == schema::Present::Paused
               ? schema::OperationKind::Stop
               : schema::OperationKind::None;
  case status::absent:
  case status::destroyed:
    return present == schema::Present::Absent ? schema::OperationKind::None
                                              : schema::OperationKind::Destroy;
  case status::resolving:
  case status::pulling:
  case status::creating:
  case status::started:
  case status::probing:
  case status::stopping:
  case status::starting:
  case status::pausing:
  case status::paused:
  case status::resuming:
  case status::adjusting:
  case status::archiving:
  case status::restoring:
  case status::destroying:
    return schema::OperationKind::None;
  }
  return schema::OperationKind::None;
}

} // namespace varve::sandbox
