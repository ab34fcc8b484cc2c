#include "actors/sandbox/marks.hpp"

#include <algorithm>

#include "actors/sandbox/faults.hpp"
#include "actors/sandbox/one_event.hpp"

namespace varve::sandbox {

namespace {

using schema::Cause;

// One that is in use is not asked about again sooner than this, in ms.
constexpr timestamp least_pause = 10'000;

// What the exit code of one that a signal ended begins with.
constexpr std::int32_t signalled = 128;

const schema::OutcomeT* answer_in(const input& what) noexcept {
  const auto* c = std::get_if<RunnerAnswered>(&what);
  return c == nullptr ? nullptr : &c->report;
}

// Why it is not running any more, when nobody asked for that by name.
Cause cause_of(const state& s, const input& what) noexcept {
  if (const auto* o = std::get_if<RunnerObserved>(&what))
    return o->report.cause;
  if (answer_in(what) == nullptr)
    return Cause::Inventory;
  if (s.at != status::probing)
    return Cause::RunnerReport;
  return s.owed == schema::OperationKind::Pause ? Cause::AutoPause
                                                : Cause::AutoStop;
}

std::unique_ptr<schema::NetworkT> stored(const network_rules& network) {
  auto out = std::make_unique<schema::NetworkT>();
  out->block_all = network.block_all;
  out->allow_list = network.allow_list;
  return out;
}

} // namespace

decision resolved(const state& s, const input& what,
                  const decision_context& context) {
  schema::SandboxImageResolvedT event;
  if (const auto* answer = answer_in(what)) {
    event.digest = answer->digest;
    event.size_bytes = answer->size_bytes;
  }
  return one_event(s, std::move(event), status::pulling, context.now,
                   Cause::RunnerReport);
}

decision pulled(const state& s, const input& what,
                const decision_context& context) {
  schema::SandboxImagePulledT event;
  if (const auto* answer = answer_in(what)) {
    event.image_ref = answer->image_ref;
    event.user = answer->user;
  }
  return one_event(s, std::move(event), status::creating, context.now,
                   Cause::RunnerReport);
}

decision started(const state& s, const input& what,
                 const decision_context& context) {
  schema::SandboxStartedT event;
  if (const auto* answer = answer_in(what)) {
    event.toolbox_version = answer->toolbox_version;
    event.warm = answer->warm;
  }
  event.report = report_of(what);
  return one_event(s, std::move(event), status::started, context.now,
                   Cause::RunnerReport);
}

// Nobody could say: as if it were used just now.
decision found_busy(const state& s, const input& what,
                    const decision_context& context) {
  schema::SandboxFoundBusyT event;
  const auto* answer = answer_in(what);
  auto known = answer != nullptr && answer->result == schema::Result::Busy;
  event.last_used =
      known ? std::min(answer->last_used, context.now) : context.now;
  event.report = report_of(what);
  auto since = event.last_used;
  auto soonest = context.now + least_pause;
  if (auto idle = idle_time(s.times); since + idle < soonest)
    since = soonest - std::min(idle, soonest);
  return one_event(s, std::move(event), status::started, since,
                   answer == nullptr ? Cause::Deadline : Cause::RunnerReport);
}

decision stopped(const state& s, const input& what,
                 const decision_context& context) {
  schema::SandboxStoppedT event;
  if (const auto* answer = answer_in(what)) {
    event.exit_code = answer->exit_code;
    event.detail = shortened(answer->error);
  } else if (const auto* o = std::get_if<RunnerObserved>(&what)) {
    event.exit_code = o->report.exit_code;
    event.detail = shortened(o->report.detail);
  }
  event.report = report_of(what);
  return one_event(s, std::move(event), status::stopped, context.now,
                   cause_of(s, what));
}

decision paused(const state& s, const input& what,
                const decision_context& context) {
  schema::SandboxPausedT event;
  event.report = report_of(what);
  return one_event(s, std::move(event), status::paused, context.now,
                   cause_of(s, what));
}

decision resumed(const state& s, const input& what,
                 const decision_context& context) {
  schema::SandboxResumedT event;
  if (const auto* answer = answer_in(what))
    event.detail = shortened(answer->error);
  event.report = report_of(what);
  return one_event(s, std::move(event), status::started, context.now,
                   cause_of(s, what));
}

decision archived(const state& s, const input& what, const decision_context&) {
  schema::SandboxArchivedT event;
  if (const auto* answer = answer_in(what); answer && answer->archive)
    event.archive = std::make_unique<schema::ArchiveT>(*answer->archive);
  event.report = report_of(what);
  return one_event(s, std::move(event), status::archived, s.stopped_at,
                   cause_of(s, what));
}

// Without a runner's word that it was done, it has what it had.
decision adjusted(const state& s, const input& what,
                  const decision_context& context) {
  const auto* answer = answer_in(what);
  auto done = answer != nullptr && answer->result == schema::Result::Done;
  const auto& is = done ? s.has : s.had;
  schema::SandboxAdjustedT event;
  event.resources = std::make_unique<schema::Resources>(is.resources);
  event.network = stored(is.network);
  if (!done)
    event.reason = shortened(fault_of(s, what).reason);
  event.report = report_of(what);
  return one_event(s, std::move(event), status::started, context.now,
                   answer == nullptr ? Cause::Deadline : Cause::RunnerReport);
}

decision failed(const state& s, const input& what,
                const decision_context& context) {
  auto why = fault_of(s, what);
  schema::SandboxFailedT event;
  event.reason = shortened(std::move(why.reason));
  event.recoverable = why.recoverable;
  event.report = report_of(what);
  return one_event(s, std::move(event), status::error, context.now, why.cause);
}

decision oom_killed(const state& s, const input& what) {
  schema::SandboxOutOfMemoryT event;
  const auto& seen = std::get<RunnerObserved>(what).report;
  event.process = shortened(seen.detail);
  event.signal = seen.exit_code - signalled;
  event.report = report_of(what);
  auto out = aside(s, std::move(event), s.deadline);
  out.cause = Cause::OutOfMemory;
  return out;
}

decision destroyed(const state& s, const input& what,
                   const decision_context& context) {
  schema::SandboxDestroyedT event;
  event.report = report_of(what);
  return one_event(s, std::move(event), status::destroyed, context.now,
                   Cause::RunnerReport);
}

} // namespace varve::sandbox
