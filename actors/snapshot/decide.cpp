#include "actors/snapshot/decide.hpp"

#include "actors/sandbox/faults.hpp"
#include "events/base/ids.hpp"

namespace varve::snapshot {

namespace {

using schema::Cause;
using schema::OperationKind;

constexpr timestamp way_back = 5'000;

template <class Event>
void add(decision& out, const std::string& id, Event event, status next,
         timestamp now, std::uint32_t attempt = 0) {
  auto entry =
      make_entry(schema::AggregateType::Snapshot, id, std::move(event));
  auto patience = patience_of(next, attempt);
  entry->deadline = patience == 0 ? 0 : now + patience;
  entry->owes = patience != 0;
  out.entries.push_back(std::move(entry));
}

template <class Event>
decision one(const state& s, Event event, status next, timestamp now,
             Cause cause = Cause::Unspecified, std::uint32_t attempt = 0) {
  decision out;
  out.cause = cause;
  add(out, s.id, std::move(event), next, now, attempt);
  return out;
}

schema::SnapshotCreatedT creation(const RegisterSnapshot& c, bool general) {
  schema::SnapshotCreatedT event;
  event.name = c.name;
  event.aliases = c.aliases;
  event.general = general;
  event.image_ref = c.image_ref;
  event.resources = std::make_unique<schema::Resources>(c.resources);
  event.entrypoint = c.entrypoint;
  return event;
}

schema::SnapshotActivatedT activation(const RegisterSnapshot& c) {
  schema::SnapshotActivatedT event;
  event.image_ref = c.image_ref;
  event.size_bytes = c.size_bytes;
  event.aliases = c.aliases;
  event.resources = std::make_unique<schema::Resources>(c.resources);
  event.entrypoint = c.entrypoint;
  return event;
}

bool already_so(const state& s, const RegisterSnapshot& c) {
  return s.at == status::active && s.aliases == c.aliases
         && s.image_ref == c.image_ref && s.resources == c.resources
         && s.entrypoint == c.entrypoint && s.size_bytes == c.size_bytes;
}

result<decision> registered(const state& s, const RegisterSnapshot& c,
                            std::string_view organization_id, timestamp now) {
  decision out;
  if (s.at != status::absent
      && (s.name != c.name || s.organization_id != organization_id))
    return failure(errc::conflict, "Snapshot with this id already exists");
  if (already_so(s, c))
    return out;
  // Active in the same record: nothing waits in between.
  if (s.at == status::absent)
    add(out, c.snapshot_id, creation(c, organization_id.empty()),
        status::active, now);
  add(out, c.snapshot_id, activation(c), status::active, now);
  return out;
}

const schema::OutcomeT* answer_in(const input& what) noexcept {
  const auto* c = std::get_if<sandbox::RunnerAnswered>(&what);
  return c == nullptr ? nullptr : &c->report;
}

decision resolved(const state& s, const schema::OutcomeT& answer,
                  timestamp now) {
  schema::SnapshotResolvedT event;
  event.digest = answer.digest;
  event.size_bytes = answer.size_bytes;
  return one(s, std::move(event), status::pulling, now, Cause::RunnerReport);
}

decision pulled(const state& s, const schema::OutcomeT& answer, timestamp now) {
  schema::SnapshotActivatedT event;
  event.image_ref = answer.image_ref;
  event.size_bytes = answer.size_bytes;
  event.aliases = s.aliases;
  event.user = answer.user;
  event.resources = std::make_unique<schema::Resources>(s.resources);
  event.entrypoint = s.has_own_entrypoint ? s.entrypoint : answer.entrypoint;
  return one(s, std::move(event), status::active, now, Cause::RunnerReport);
}

decision failed(const state& s, const input& what, timestamp now) {
  schema::SnapshotFailedT event;
  const auto* answer = answer_in(what);
  if (answer == nullptr)
    event.reason = "Timeout processing snapshot on initial runner";
  else if (answer->result == schema::Result::Expired)
    event.reason = "The runner was too busy for the snapshot";
  else
    event.reason =
        answer->error.empty() ? "The runner could not do it" : answer->error;
  event.reason = sandbox::shortened(std::move(event.reason));
  return one(s, std::move(event), status::error, now,
             answer == nullptr ? Cause::Deadline : Cause::RunnerReport);
}

decision retried(const state& s, timestamp now) {
  schema::SnapshotRemovalRetriedT event;
  event.attempt = s.attempt + 1;
  return one(s, event, status::removing, now, Cause::Deadline, event.attempt);
}

// As clients call it.
std::string shown(const state& s) {
  if (!s.dockerfile.empty() && s.at == status::pulling)
    return "building";
  if (!s.dockerfile.empty() && s.at == status::error)
    return "build_failed";
  return std::string{name_of(s.at)};
}

result<decision> refusal(const state& s, action to_do) {
  auto wrong = [&](const std::string& why) {
    return failure(errc::wrong_state, "Snapshot " + s.name + why);
  };
  if (to_do == action::refuse_active)
    return wrong(" is already active");
  if (to_do == action::refuse_not_inactive)
    return wrong(" cannot be activated - it is in " + shown(s) + " state");
  if (to_do == action::refuse_removed)
    return wrong(" was removed");
  return failure(errc::not_found, "Snapshot not found");
}

// What needs a runner's answer, or the deadline that stands for one.
result<decision> mark(const state& s, action to_do, const input& what,
                      timestamp now) {
  const auto* answer = answer_in(what);
  if (to_do == action::mark_failed || answer == nullptr)
    return failed(s, what, now);
  if (to_do == action::mark_resolved)
    return resolved(s, *answer, now);
  if (to_do == action::mark_active)
    return pulled(s, *answer, now);
  return one(s, schema::SnapshotRemovedT{}, status::removed, now,
             Cause::RunnerReport);
}

bool is_command(const input& what) noexcept {
  return std::holds_alternative<ActivateSnapshot>(what)
         || std::holds_alternative<DeactivateSnapshot>(what)
         || std::holds_alternative<RemoveSnapshot>(what);
}

// What an organization may do to it.
result<void> check_owner(const state& s, std::string_view organization_id) {
  if (s.at == status::absent || s.organization_id == organization_id)
    return ok();
  if (s.general)
    return failure(errc::forbidden, "A general snapshot cannot be changed");
  return failure(errc::not_found, "Snapshot not found");
}

} // namespace

trigger judge(const state& s, const input& what) noexcept {
  if (std::holds_alternative<RegisterSnapshot>(what))
    return trigger::register_image;
  if (std::holds_alternative<ActivateSnapshot>(what))
    return trigger::activate;
  if (std::holds_alternative<DeactivateSnapshot>(what))
    return trigger::deactivate;
  if (std::holds_alternative<RemoveSnapshot>(what))
    return trigger::remove;
  if (const auto* answer = answer_in(what)) {
    if (s.owed == OperationKind::None || answer->kind != s.owed
        || answer->version != s.operation_version)
      return trigger::stale;
    return answer->result == schema::Result::Done ? trigger::answered_done
                                                  : trigger::answered_failed;
  }
  auto due = std::get<sandbox::DeadlineReached>(what).due;
  return s.deadline == 0 || s.deadline > due ? trigger::stale
                                             : trigger::deadline;
}

result<decision> decide(const state& s, const input& what,
                        std::string_view organization_id, timestamp now) {
  if (is_command(what)) {
    VARVE_CHECK(check_owner(s, organization_id));
  }
  auto to_do = action_for(s.at, judge(s, what));
  switch (to_do) {
  case action::nothing:
    return decision{};
  case action::register_image:
    return registered(s, std::get<RegisterSnapshot>(what), organization_id,
                      now);
  case action::request_activation:
    return one(s, schema::SnapshotActivationRequestedT{}, status::pending, now);
  case action::deactivate:
    return one(s, schema::SnapshotDeactivatedT{}, status::inactive, now);
  case action::request_removal:
    return one(s, schema::SnapshotRemovalRequestedT{}, status::removing, now);
  case action::mark_resolved:
  case action::mark_active:
  case action::mark_failed:
  case action::mark_removed:
    return mark(s, to_do, what, now);
  case action::retry_removal:
    return retried(s, now);
  case action::refuse_unknown:
  case action::refuse_active:
  case action::refuse_not_inactive:
  case action::refuse_removed:
    break;
  }
  return refusal(s, to_do);
}

std::optional<sandbox::operation_owed> owed_operation(const state& s) {
  if (s.owed == OperationKind::None)
    return std::nullopt;
  sandbox::operation_owed owed;
  owed.id =
      uuid{s.operation_record}.str() + "." + std::to_string(s.operation_place);
  owed.kind = s.owed;
  owed.version = s.operation_version;
  owed.image = s.digest;
  auto patience = patience_of(s.at, s.attempt);
  owed.timeout_ms = static_cast<std::uint32_t>(patience * 3 / 4);
  auto reserve = owed.timeout_ms + way_back;
  auto until = s.changed_at + patience;
  owed.queue_until = until > reserve ? until - reserve : 0;
  return owed;
}

} // namespace varve::snapshot
