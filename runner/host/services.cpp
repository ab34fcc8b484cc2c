#include "runner/host/services.hpp"

#include "events/base/clock.hpp"
#include "events/base/logging.hpp"

namespace varve::runner {

namespace {

// The answer to what could not be journalled: nothing was done.
schema::OutcomeT unjournalled(ledger& book, const schema::OperationT& operation,
                              const error& why) {
  auto out = make_outcome(operation, schema::Result::Failed, why.detail);
  auto known = book.find(operation.sandbox_id);
  out.present = known ? known->present : schema::Present::Absent;
  out.journal_id = book.journal_id();
  out.sequence = book.next_sequence();
  out.recoverable = out.present != schema::Present::Absent;
  return out;
}

} // namespace

void services::execute(const schema::OperationT& operation, bool resumed,
                       int cancel) {
  auto outcome =
      executor{*host, *book, uses.get(), network.get(), &warm->pool()}.execute(
          operation, resumed, cancel);
  if (!outcome) {
    auto text = operation.sandbox_id + ": " + outcome.error().detail;
    resumed ? log_info("runner", text) : log_failure("runner", text);
    // Without a journal nothing may be said: it is sent again, or found begun.
    if (!resumed && outcome.error().code != errc::store_failed)
      sink->outcome(unjournalled(*book, operation, outcome.error()));
    return;
  }
  auto present = outcome.value().present;
  if (present == schema::Present::Running)
    watch_running(operation.sandbox_id);
  else if (present != schema::Present::Paused)
    uses->forget(operation.sandbox_id);
  note_create(operation, outcome.value());
  sink->outcome(std::move(outcome.value()));
}

void services::note_create(const schema::OperationT& operation,
                           const schema::OutcomeT& outcome) {
  if (operation.kind == schema::OperationKind::Create
      && outcome.result == schema::Result::Done)
    warm->created(*operation.spec);
}

void services::examine(const std::string& sandbox_id) {
  auto seen = executor{*host, *book}.examine(sandbox_id);
  if (!seen)
    log_failure("runner", sandbox_id + ": " + seen.error().detail);
  else if (seen.value())
    sink->observation(std::move(*seen.value()));
}

void services::report_outbox(std::uint64_t least_age_ms) {
  auto reports = book->outbox();
  if (!reports) {
    log_failure("runner", reports.error().detail);
    return;
  }
  auto newest = (system_clock{}.now() - least_age_ms) * 1000;
  for (auto& report : reports.value())
    if (report.outcome && report.outcome->sequence <= newest)
      sink->outcome(std::move(*report.outcome));
    else if (report.observation && report.observation->sequence <= newest)
      sink->observation(std::move(*report.observation));
}

void services::check_network() {
  if (auto checked = network->check(); !checked)
    log_failure("runner", checked.error().detail);
}

void services::report_oom_kills() {
  for (auto& seen : starved->look())
    sink->observation(std::move(seen));
}

void services::watch_running(const std::string& sandbox_id) {
  auto running = find_running(host->where, sandbox_id, host->means.boot_id);
  if (running) {
    auto watched = watch->watch(sandbox_id, std::move(running->pidfd));
    if (watched)
      return;
    log_failure("runner", watched.error().detail);
  }
  ends->submit([this, sandbox_id] { examine(sandbox_id); });
}

} // namespace varve::runner
