#include "actors/sandbox/decide.hpp"

#include <algorithm>

namespace varve::sandbox {

namespace {

constexpr std::size_t longest_reason = 1024;

std::string shortened(std::string text) {
  if (text.size() > longest_reason)
    text.resize(longest_reason);
  return text;
}

// Adds an event that changes nothing it waits for.
template <class Event>
decision meanwhile(const state& s, Event event) {
  decision out;
  auto entry =
      make_entry(schema::AggregateType::Sandbox, s.id, std::move(event));
  entry->deadline = s.deadline;
  entry->owes = s.owed != schema::OperationKind::None;
  out.entries.push_back(std::move(entry));
  return out;
}

// Adds an event after which the sandbox is in `next`. The deadline of that
// state starts at the decision's time.
template <class Event>
decision one(const state& s, Event event, status next,
             const decision_context& context, schema::Cause cause,
             std::uint32_t attempt = 0) {
  decision out;
  out.cause = cause;
  auto entry =
      make_entry(schema::AggregateType::Sandbox, s.id, std::move(event));
  auto patience = patience_of(next, attempt);
  entry->deadline = patience == 0 ? 0 : context.now + patience;
  entry->owes = patience != 0; // what is transitional waits for a runner
  out.entries.push_back(std::move(entry));
  return out;
}

decision relabelled(const state& s, const ReplaceLabels& c) {
  if (std::equal(s.labels.begin(), s.labels.end(), c.labels.begin(),
                 c.labels.end(), [](const auto& a, const auto& b) {
                   return a.first == b.first && a.second == b.second;
                 }))
    return {};
  schema::SandboxLabelsReplacedT event;
  for (const auto& [key, value] : c.labels) {
    auto pair = std::make_unique<schema::PairT>();
    pair->key = key;
    pair->value = value;
    event.labels.push_back(std::move(pair));
  }
  return meanwhile(s, std::move(event));
}

decision rotated(const state& s, const RotateSigningKey& c) {
  if (c.replaces != s.signing_key_version)
    return {};
  return meanwhile(s, schema::SandboxSigningKeyRotatedT{});
}

// Why it is in error, how it came about and whether a start may help.
struct fault {
  std::string reason;
  bool recoverable = false;
  schema::Cause cause = schema::Cause::Unspecified;
};

std::string_view doing(const state& s) {
  switch (s.at) {
  case status::creating:
    return "creating";
  case status::starting:
    return "starting";
  case status::stopping:
    return "stopping";
  case status::destroying:
    return "destroying";
  case status::absent:
  case status::started:
  case status::stopped:
  case status::error:
  case status::destroyed:
    return "changing";
  }
  return "changing";
}

fault fault_of_answer(const state& s, const schema::OutcomeT& r) {
  auto cause = s.at == status::stopping ? schema::Cause::RunnerReport
                                        : schema::Cause::StartFailed;
  auto reason = r.error.empty() ? "The runner failed " + std::string{doing(s)}
                                      + " the sandbox"
                                : r.error;
  switch (r.result) {
  case schema::Result::Expired:
    return {"The runner was too busy for " + std::string{doing(s)}
                + " the sandbox",
            true, cause};
  case schema::Result::Refused:
    return {"The runner refused: " + reason, true, cause};
  case schema::Result::Done:
    return {reason, r.present != schema::Present::Absent, cause};
  case schema::Result::Failed:
  case schema::Result::None:
    break;
  }
  return {reason, r.recoverable, cause};
}

fault fault_of(const state& s, const input& what) {
  if (const auto* c = std::get_if<RunnerAnswered>(&what))
    return fault_of_answer(s, c->report);
  if (const auto* c = std::get_if<RunnerObserved>(&what)) {
    const auto& r = c->report;
    auto absent = r.present == schema::Present::Absent;
    return {r.detail.empty() ? "The sandbox ended unexpectedly" : r.detail,
            !absent, r.cause};
  }
  if (std::holds_alternative<RunnerListed>(what))
    return {"The runner does not have the sandbox any more", false,
            schema::Cause::Inventory};
  return {"Timeout while " + std::string{doing(s)} + " sandbox", true,
          schema::Cause::Deadline};
}

decision started(const state& s, const input& what,
                 const decision_context& context) {
  schema::SandboxStartedT event;
  if (const auto* c = std::get_if<RunnerAnswered>(&what))
    event.toolbox_version = c->report.toolbox_version;
  event.report = report_of(what);
  return one(s, std::move(event), status::started, context,
             schema::Cause::RunnerReport);
}

decision stopped(const state& s, const input& what,
                 const decision_context& context) {
  schema::SandboxStoppedT event;
  auto cause = schema::Cause::Inventory;
  if (const auto* c = std::get_if<RunnerAnswered>(&what)) {
    event.exit_code = c->report.exit_code;
    event.detail = shortened(c->report.error);
    cause = schema::Cause::RunnerReport;
  } else if (const auto* o = std::get_if<RunnerObserved>(&what)) {
    event.exit_code = o->report.exit_code;
    event.detail = shortened(o->report.detail);
    cause = o->report.cause;
  }
  event.report = report_of(what);
  return one(s, std::move(event), status::stopped, context, cause);
}

decision failed(const state& s, const input& what,
                const decision_context& context) {
  auto why = fault_of(s, what);
  schema::SandboxFailedT event;
  event.reason = shortened(std::move(why.reason));
  event.recoverable = why.recoverable;
  event.report = report_of(what);
  return one(s, std::move(event), status::error, context, why.cause);
}

decision destroyed(const state& s, const input& what,
                   const decision_context& context) {
  schema::SandboxDestroyedT event;
  event.report = report_of(what);
  return one(s, std::move(event), status::destroyed, context,
             schema::Cause::RunnerReport);
}

decision destroy_again(const state& s, const decision_context& context) {
  schema::SandboxDestroyRetriedT event;
  event.attempt = s.attempt + 1;
  return one(s, event, status::destroying, context, schema::Cause::Deadline,
             event.attempt);
}

result<decision> refusal(action what) {
  switch (what) {
  case action::refuse_unknown:
    return failure(errc::not_found, "Sandbox not found");
  case action::refuse_changing:
    return failure(errc::conflict, "Sandbox state change in progress");
  case action::refuse_errored:
    return failure(errc::wrong_state, "Sandbox is in an errored state");
  case action::refuse_not_stoppable:
    return failure(errc::wrong_state, "Sandbox is not in a stoppable state");
  case action::refuse_not_errored:
    return failure(errc::wrong_state,
                   "Sandbox must be in error state to recover");
  case action::nothing:
  case action::defer:
  case action::request_start:
  case action::request_stop:
  case action::request_recovery:
  case action::request_destroy:
  case action::set_labels:
  case action::rotate_key:
  case action::mark_started:
  case action::mark_stopped:
  case action::mark_failed:
  case action::mark_destroyed:
  case action::retry_destroy:
    break;
  }
  return failure(errc::invalid, "Sandbox is not in valid state");
}

result<decision> recovery(const state& s, const decision_context& context) {
  if (!s.recoverable)
    return failure(errc::wrong_state, "Sandbox is not in a recoverable state");
  return one(s, schema::SandboxRecoveryRequestedT{}, status::starting, context,
             schema::Cause::Unspecified);
}

result<decision> act(const state& s, action to_do, const input& what,
                     const decision_context& context) {
  constexpr auto as_asked = schema::Cause::Unspecified;
  switch (to_do) {
  case action::nothing:
    return decision{};
  case action::defer: {
    decision out;
    out.deferred = true;
    return out;
  }
  case action::request_start:
    return one(s, schema::SandboxStartRequestedT{}, status::starting, context,
               as_asked);
  case action::request_stop: {
    schema::SandboxStopRequestedT event;
    event.force = std::get<StopSandbox>(what).force;
    return one(s, event, status::stopping, context, as_asked);
  }
  case action::request_recovery:
    return recovery(s, context);
  case action::request_destroy:
    return one(s, schema::SandboxDestroyRequestedT{}, status::destroying,
               context, as_asked);
  case action::set_labels:
    return relabelled(s, std::get<ReplaceLabels>(what));
  case action::rotate_key:
    return rotated(s, std::get<RotateSigningKey>(what));
  case action::mark_started:
    return started(s, what, context);
  case action::mark_stopped:
    return stopped(s, what, context);
  case action::mark_failed:
    return failed(s, what, context);
  case action::mark_destroyed:
    return destroyed(s, what, context);
  case action::retry_destroy:
    return destroy_again(s, context);
  case action::refuse_unknown:
  case action::refuse_changing:
  case action::refuse_errored:
  case action::refuse_not_stoppable:
  case action::refuse_not_errored:
    return refusal(to_do);
  }
  return refusal(to_do);
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
