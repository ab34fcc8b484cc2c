#include "runner/operations/executor.hpp"

#include <algorithm>
#include <csignal>

#include "events/base/clock.hpp"
#include "events/base/logging.hpp"
#include "runner/kernel/files.hpp"
#include "runner/operations/claim_steps.hpp"
#include "runner/operations/crash_point.hpp"
#include "runner/operations/file_steps.hpp"
#include "runner/operations/outcomes.hpp"
#include "runner/sandbox/freezer.hpp"
#include "runner/sandbox/sandbox_files.hpp"
#include "runner/sandbox/toolbox_socket.hpp"

namespace varve::runner {

namespace {

using kind = schema::OperationKind;
using present = schema::Present;
using verdict = schema::Result;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds default_timeout{60'000};
// How long a toolbox that should already run may take to answer.
constexpr milliseconds known_toolbox_limit{2000};

bool is_well_formed(const schema::OperationT& operation) {
  auto starts = operation.kind == kind::Create || operation.kind == kind::Start
                || operation.kind == kind::Adjust
                || operation.kind == kind::Restore;
  auto source = operation.spec ? operation.spec->fork_of : std::string{};
  return !operation.id.empty() && operation.id.size() <= 128
         && operation.id.find('/') == std::string::npos
         && is_safe_id(operation.sandbox_id) && operation.kind != kind::None
         && (!starts || operation.spec != nullptr)
         && (source.empty() || is_safe_id(source));
}

schema::Cause cause_of(const sandbox_end& end) {
  if (end.out_of_memory)
    return schema::Cause::OutOfMemory;
  if (end.exit && !end.exit->signalled)
    return schema::Cause::Exited;
  return schema::Cause::ToolboxDied;
}

std::string detail_of(const sandbox_end& end) {
  if (end.out_of_memory)
    return "PID 1 ended: out of memory";
  if (!end.exit)
    return "PID 1 is gone";
  auto what = end.exit->signalled ? "signal " : "exit code ";
  return std::string{"PID 1 ended: "} + what + std::to_string(end.exit->code)
         + last_words(end);
}

// Whether the sandbox runs already and its toolbox is well.
bool answers(execution& e) {
  if (!find_running(e.host.where, e.id(), e.host.means.boot_id))
    return false;
  auto version =
      ask_toolbox_version(e.host.where.run_sandbox(e.id()),
                          steady_clock::now() + known_toolbox_limit, e.cancel);
  if (version)
    e.toolbox_version = version.value();
  return version.has_value();
}

bool brings_up(kind k) noexcept {
  return k == kind::Create || k == kind::Start || k == kind::Restore;
}

// What it holds is older than the files of one that runs.
void drop_old_archive(execution& e) {
  if (!is_archived(e))
    return;
  if (auto removed = e.host.archives->remove(e.id()); !removed)
    log_warning("runner", "the archive of " + e.id()
                              + " stays: " + removed.error().detail);
}

} // namespace

result<schema::OutcomeT> executor::execute(const schema::OperationT& operation,
                                           bool resumed, int cancel) {
  if (!is_well_formed(operation))
    return failure(errc::malformed, "an operation that makes no sense");
  auto name = name_of(operation);
  crash_point(name, "admitted");
  VARVE_TRY(auto decision, admit(operation, resumed));
  if (auto* known = std::get_if<ledger::answered>(&decision))
    return std::move(known->outcome);
  crash_point(name, "begun");
  auto& begun = std::get<ledger::go_on>(decision);
  milliseconds limit{operation.timeout_ms};
  execution e{.host = host_,
              .operation = operation,
              .slot = begun.slot,
              .image_ref = begun.image_ref,
              .deadline = steady_clock::now()
                          + (limit.count() > 0 ? limit : default_timeout)};
  e.cancel = cancel;
  e.network = network_;
  e.claims = begun.entry.claims;
  if (resumed) {
    VARVE_CHECK(resume_start(e, begun.entry));
  }
  if (operation.kind == kind::Destroy)
    host_.locks->call_off(operation.sandbox_id);
  auto held = host_.locks->take(operation.sandbox_id, e.deadline);
  auto outcome =
      held ? perform(e) : failed(e, held.error(), present_of(e), true);
  VARVE_TRY(auto finished,
            book_.finish(std::move(begun.entry), std::move(outcome)));
  crash_point(name, "finished");
  return finished;
}

result<std::variant<ledger::go_on, ledger::answered>>
executor::admit(const schema::OperationT& operation, bool resumed) {
  auto may_take = waiting_ != nullptr && !resumed
                  && operation.kind == kind::Create
                  && operation.spec->fork_of.empty();
  auto waiting = may_take ? waiting_->take(*operation.spec) : std::nullopt;
  if (!waiting)
    return book_.admit(operation, resumed);
  auto decision = book_.admit(operation, resumed, waiting->id);
  auto* begun =
      decision ? std::get_if<ledger::go_on>(&decision.value()) : nullptr;
  if (begun == nullptr || begun->entry.claims.empty())
    waiting_->put(std::move(*waiting)); // not needed, or not journalled
  return decision;
}

std::optional<schema::OutcomeT> executor::take_waiting(execution& e) {
  auto taken = claim(e);
  if (taken)
    return done(e, present::Running);
  log_warning("runner", e.id() + " takes no sandbox that waited: "
                            + taken.error().detail);
  auto removed = remove_waiting(host_, e.claims, e.slot);
  if (!removed)
    log_failure("runner", removed.error().detail);
  e.claims.clear();
  return std::nullopt;
}

result<void> executor::resume_start(execution& e,
                                    const schema::JournalEntryT& begun) {
  if (!brings_up(e.operation.kind))
    return ok();
  if (answers(e))
    return ok();
  VARVE_CHECK(run_steps(e, end_steps(), "clean"));
  VARVE_CHECK(book_.set_present(e.id(), resting(e)));
  VARVE_CHECK(book_.forget(begun));
  return failure(errc::runner_failed, "an interrupted start was undone");
}

schema::OutcomeT executor::perform(execution& e) {
  switch (e.operation.kind) {
  case kind::Create:
  case kind::Start:
  case kind::Restore:
    return bring_up(e);
  case kind::Stop:
    return stop(e);
  case kind::Destroy:
    return destroy(e);
  case kind::Pause:
    return pause(e);
  case kind::Resume:
    return resume(e);
  case kind::Adjust:
    return adjust(e);
  case kind::Archive:
    return archive(e);
  case kind::Resolve:
  case kind::Pull:
  case kind::Build:
  case kind::Release:
  case kind::None:
    break;
  }
  return make_outcome(e.operation, verdict::Refused, "no such operation");
}

schema::OutcomeT executor::bring_up(execution& e) {
  if (!e.claims.empty() && !has_files(e))
    if (auto taken = take_waiting(e))
      return std::move(*taken);
  if (auto without = ensure_files(e))
    return std::move(*without);
  auto name = name_of(e.operation);
  if (answers(e)) {
    drop_old_archive(e);
    return done(e, present::Running);
  }
  // Files may take their time, the start of what is here may not.
  e.deadline = std::min(e.deadline, steady_clock::now() + default_timeout);
  // What an interrupted start left; usually nothing.
  auto clean = run_steps(e, end_steps(), "clean");
  if (!clean)
    return failed(e, clean.error(), present::Unclear, true);
  auto started = run_steps(e, start_steps(), name);
  if (started) {
    drop_old_archive(e);
    crash_point(name, "dropped");
    return done(e, present::Running);
  }
  if (e.start)
    e.start->abandon();
  e.start.reset();
  e.layer.reset();
  auto ended = run_steps(e, end_steps(), "clean");
  if (!ended)
    log_failure("runner",
                "cleaning up " + e.id() + ": " + ended.error().detail);
  return failed(e, started.error(), ended ? present::Stopped : present::Unclear,
                true);
}

// What runs inside and was started by a caller counts as use, too. A toolbox
// that does not say is not idle.
std::optional<schema::OutcomeT> executor::refuse_if_used(execution& e) {
  auto since = e.operation.idle_since;
  if (since == 0 || present_of(e) != present::Running)
    return std::nullopt;
  auto now = system_clock{}.now();
  auto used = uses_ == nullptr ? now : uses_->last(e.id());
  if (used <= since) {
    auto works = ask_toolbox_works(e.host.where.run_sandbox(e.id()),
                                   steady_clock::now() + known_toolbox_limit);
    if (works && !works.value())
      return std::nullopt;
    used = now;
  }
  auto out = make_outcome(e.operation, verdict::Busy, "");
  out.present = present::Running;
  out.last_used = used;
  return out;
}

schema::OutcomeT executor::pause(execution& e) {
  if (auto used = refuse_if_used(e))
    return std::move(*used);
  auto now = present_of(e);
  if (now != present::Running && now != present::Paused)
    return failed(e, {errc::wrong_state, "the sandbox does not run"}, now,
                  true);
  auto frozen = run_steps(e, steps_of(kind::Pause), name_of(kind::Pause));
  if (!frozen)
    return failed(e, frozen.error(), present_of(e), true);
  return done(e, present::Paused);
}

schema::OutcomeT executor::resume(execution& e) {
  auto thawed = run_steps(e, steps_of(kind::Resume), name_of(kind::Resume));
  auto now = present_of(e);
  if (!thawed)
    return failed(e, thawed.error(), now, true);
  if (now != present::Running)
    return failed(e, {errc::wrong_state, "the sandbox does not run"}, now,
                  true);
  return done(e, now);
}

schema::OutcomeT executor::adjust(execution& e) {
  auto now = present_of(e);
  if (now != present::Running)
    return failed(e, {errc::wrong_state, "the sandbox does not run"}, now,
                  true);
  auto set = run_steps(e, steps_of(kind::Adjust), name_of(kind::Adjust));
  if (!set)
    return failed(e, set.error(), now, true);
  return done(e, now);
}

schema::OutcomeT executor::stop(execution& e) {
  if (auto used = refuse_if_used(e))
    return std::move(*used);
  auto ended = run_steps(e, end_steps(), name_of(e.operation.kind));
  if (!ended)
    return failed(e, ended.error(), present::Unclear, true);
  auto now = resting(e);
  if (now == present::Absent)
    return failed(e, {errc::not_found, "the sandbox has no files here"}, now,
                  false);
  return done(e, now);
}

schema::OutcomeT executor::destroy(execution& e) {
  auto gone = run_steps(e, steps_of(kind::Destroy), name_of(kind::Destroy));
  if (!gone)
    return failed(e, gone.error(), present::Unclear, false);
  return done(e, present::Absent);
}

result<std::optional<schema::ObservationT>>
executor::examine(const std::string& sandbox_id) {
  std::optional<schema::ObservationT> nothing;
  auto known = book_.find(sandbox_id);
  if (!known
      || (known->present != present::Running
          && known->present != present::Paused)
      || find_running(host_.where, sandbox_id, host_.means.boot_id))
    return nothing;
  schema::OperationT cleaning;
  cleaning.sandbox_id = sandbox_id;
  execution e{.host = host_, .operation = cleaning, .slot = known->slot};
  VARVE_CHECK(run_steps(e, end_steps(), "clean"));
  schema::ObservationT seen;
  seen.sandbox_id = sandbox_id;
  seen.present = resting(e);
  auto restarted = known->boot_id != host_.means.boot_id;
  seen.cause = restarted ? schema::Cause::HostRestarted : cause_of(e.end);
  seen.detail = restarted ? "the machine was restarted" : detail_of(e.end);
  seen.exit_code = restarted ? -1 : exit_code(e.end);
  return book_.observe(std::move(seen));
}

} // namespace varve::runner
