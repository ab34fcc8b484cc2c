#include "actors/host/log_writer.hpp"

#include <chrono>

#include "events/base/logging.hpp"

namespace varve::host {

namespace {

// One append holds at most so many records.
constexpr std::size_t largest_group = 4096;
constexpr std::chrono::milliseconds retry_pause{500};

} // namespace

void show_term(core& shared, const committer& commits) {
  for (std::uint16_t p = 0; p < log::partition_count; ++p)
    shared.epochs[p] = commits.epoch_of(p);
  shared.term = commits.owns() ? commits.term() : 0;
}

void log_writer_state::begin(log_writer_handle self, core_ptr shared,
                             std::shared_ptr<committer> commits) {
  self_ = std::move(self);
  core_ = std::move(shared);
  commits_ = std::move(commits);
}

void log_writer_state::take(const submission_ptr& what) {
  gathered_.push_back(what);
  if (std::exchange(flush_pending_, true))
    return;
  // Behind everything that waits in the mailbox by now.
  caf::anon_send(self_, signal::flush);
}

void log_writer_state::take(const recovery_ptr& admitter) {
  commits_->admit_only(admitter->stream, admitter->admission_term);
  caf::anon_send(core_->reader, admitter);
}

bool log_writer_state::take(signal what) {
  if (what == signal::flush)
    flush();
  if (what == signal::retry)
    regain();
  return what == signal::end;
}

void log_writer_state::flush() {
  flush_pending_ = false;
  group now;
  if (gathered_.size() <= largest_group) {
    now = std::exchange(gathered_, {});
  } else {
    auto cut = gathered_.begin() + largest_group;
    now.assign(gathered_.begin(), cut);
    gathered_.erase(gathered_.begin(), cut);
    flush_pending_ = true;
    caf::anon_send(self_, signal::flush);
  }
  std::vector<proposal*> proposals;
  proposals.reserve(now.size());
  for (const auto& s : now)
    proposals.push_back(&s->what);
  auto verdicts = commits_->commit(proposals);
  if (commits_->has_doubts() && !commits_->owns() && verdicts.empty()) {
    doubtful_ = std::move(now);
    show_term(*core_, *commits_);
    return regain();
  }
  publish(now, std::move(verdicts));
}

// Begins an epoch on the heads that are there, then tells what became of the
// commit in doubt. Until it succeeds proposals are answered log_unavailable.
void log_writer_state::regain() {
  if (!commits_->owns()) {
    auto epoch = commits_->begin_epoch();
    if (!epoch)
      return try_again(epoch.error());
    epoch_records_ = std::move(epoch).value();
    show_term(*core_, *commits_);
    log_info("log", "began a new epoch after a doubt");
  }
  if (commits_->has_doubts()) {
    auto verdicts = commits_->resolve();
    if (!verdicts)
      return try_again(verdicts.error());
    publish(std::exchange(doubtful_, {}), std::move(verdicts).value());
  }
  announce(std::exchange(epoch_records_, {}));
  complaint_.clear();
}

// Says once what is wrong, not at every try.
void log_writer_state::try_again(const error& why) {
  const auto& options = core_->options;
  if (complaint_ != why.detail) {
    log_failure("log", "cannot own the log: " + why.detail);
    auto passes =
        options.log_is_elsewhere
        && (why.code == errc::log_unavailable || why.code == errc::log_doubt
            || why.code == errc::log_void);
    if (options.on_unusable && !passes && !std::exchange(gave_up_, true))
      options.on_unusable(why);
  }
  complaint_ = why.detail;
  caf::delayed_anon_send(self_, retry_pause, signal::retry);
}

void log_writer_state::publish(const group& proposed,
                               std::vector<verdict> verdicts) {
  std::vector<log::record_ptr> records;
  for (const auto& v : verdicts)
    if (v.outcome && !v.known)
      records.push_back(v.outcome.value());
  announce(records);
  for (std::size_t i = 0; i < verdicts.size(); ++i)
    caf::anon_send(proposed[i]->proposer,
                   std::make_shared<verdict>(std::move(verdicts[i])));
}

void log_writer_state::announce(const std::vector<log::record_ptr>& records) {
  if (records.empty())
    return;
  if (core_->options.on_committed)
    core_->options.on_committed(records);
  for (const auto& r : records)
    announce(*r, r);
}

void log_writer_state::announce(const log::record& r,
                                const log::record_ptr& shared) {
  auto of_organization = false;
  for (const auto* entry : *r.view().entries()) {
    of_organization = of_organization || entry->organization_version() != 0;
    // What its organization admitted has no actor yet.
    if (entry->version() == 1 && entry->organization_version() != 0
        && entry->aggregate() != schema::AggregateType::Organization)
      core_->aggregates.adopt(
          {entry->aggregate(), entry->aggregate_id()->str()}, shared);
    auto due = entry->deadline();
    if (due != 0 && due < core_->next_due)
      caf::anon_send(core_->timers, signal::rearm);
  }
  if (of_organization)
    core_->aggregates.tell({schema::AggregateType::Organization,
                            r.view().organization_id()->str()},
                           shared);
}

log_writer_handle::behavior_type
log_writer(log_writer_handle::stateful_pointer<log_writer_state> self,
           core_ptr shared, std::shared_ptr<committer> commits) {
  self->state.begin(self, std::move(shared), std::move(commits));
  return {
      [self](const submission_ptr& what) { self->state.take(what); },
      [self](const recovery_ptr& admitter) { self->state.take(admitter); },
      [self](signal what) {
        if (self->state.take(what))
          self->quit();
      },
  };
}

} // namespace varve::host
