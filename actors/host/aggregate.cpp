#include "actors/host/aggregate.hpp"

#include <caf/exit_reason.hpp>

#include "events/base/logging.hpp"

namespace varve::host {

namespace {

// A delivery that met a stale actor so often is answered instead.
constexpr unsigned most_attempts = 4;

} // namespace

void aggregate_state::begin(aggregate_handle self, core_ptr shared,
                            slot_ptr place,
                            std::vector<log::record_ptr> stream) {
  self_ = std::move(self);
  core_ = std::move(shared);
  slot_ = std::move(place);
  model_ = aggregate_model::make(slot_->key);
  // Before the stream is read: what an epoch after this one changed makes
  // proposals of this term fail.
  term_ = core_->term;
  since_tick_ = core_->aggregates.now();
  if (stream.empty())
    return ask_for_history();
  for (const auto& record : stream)
    if (!fold(record))
      return fail();
  recovered();
}

void aggregate_state::ask_for_history() {
  auto request = std::make_shared<recovery>();
  request->asker = self_;
  request->stream = slot_->key.id;
  request->from_version = model_->version() + 1;
  if (model_->is_organization() && admission_term_ == 0) {
    // By way of the log writer, so that nothing admitted by an earlier actor
    // can be written after the stream was read.
    admission_term_ = core_->next_admission_term++;
    request->admission_term = admission_term_;
    caf::anon_send(core_->log_writer, std::move(request));
  } else {
    caf::anon_send(core_->reader, std::move(request));
  }
}

void aggregate_state::take(const history& part) {
  if (phase_ != phase::recovering)
    return;
  if (!part.records) {
    log_failure("actors", "cannot read the stream of " + slot_->key.id + ": "
                              + part.records.error().detail);
    for (auto& d : std::exchange(waiting_, {}))
      d->answer(part.records.error());
    return fail();
  }
  for (const auto& record : part.records.value())
    if (!fold(record))
      return fail();
  if (!part.complete)
    return ask_for_history();
  for (const auto& record : std::exchange(told_, {}))
    if (!fold(record))
      return fail();
  recovered();
}

void aggregate_state::recovered() {
  phase_ = phase::ready;
  fulfil(true);
  next();
}

bool aggregate_state::fold(const log::record_ptr& record) {
  auto before = model_->version();
  auto folded = model_->fold(*record);
  if (!folded)
    log_failure("actors", folded.error().detail);
  else if (model_->version() != before)
    newest_ = record->at();
  return folded.has_value();
}

void aggregate_state::take(const log::record_ptr& told) {
  if (phase_ == phase::recovering) {
    told_.push_back(told);
    return;
  }
  if (phase_ == phase::ended)
    return;
  if (!fold(told))
    return fail();
  fulfil(false);
}

void aggregate_state::take(const delivery_ptr& d) {
  switch (phase_) {
  case phase::ended:
    return again(d);
  case phase::recovering:
  case phase::deciding:
    waiting_.push_back(d);
    return;
  case phase::ready:
    decide(d);
    return next();
  }
}

void aggregate_state::next() {
  while (phase_ == phase::ready && !waiting_.empty()) {
    auto d = std::move(waiting_.front());
    waiting_.erase(waiting_.begin());
    decide(d);
  }
  if (phase_ == phase::ready)
    leave_if_nobody();
}

void aggregate_state::decide(const delivery_ptr& d) {
  // In another term the log may hold what this actor was never told.
  auto term = core_->term.load();
  if (term != 0 && term != term_) {
    waiting_.insert(waiting_.begin(), d);
    return fail();
  }
  if (std::holds_alternative<Wake>(d->what)) {
    fulfil(true);
    return answer(*d);
  }
  auto runner_id = core_->runner.runner_id();
  auto considered = model_->consider(
      *d, decision_context{core_->options.time->now(), runner_id});
  if (!considered)
    return refused(d, std::move(considered).error());
  if (auto* start = std::get_if<admitted_start>(&considered.value()))
    return forward(d, *start);
  if (std::holds_alternative<granted_fork>(considered.value()))
    return forward_fork(d);
  auto& what = std::get<decision>(considered.value());
  if (!what.entries.empty())
    return propose(d, std::move(what));
  if (what.deferred)
    return d->answer(failure(errc::too_busy, "An operation is under way"));
  if (auto correction = model_->correction(*d)) {
    auto work = std::make_shared<performance>();
    work->what = std::move(*correction);
    caf::anon_send(core_->effects, std::move(work));
  }
  answer(*d);
}

// The delivery goes on to the sandbox; this organization is told when that is
// over, however it ends.
void aggregate_state::forward(const delivery_ptr& d,
                              const admitted_start& start) {
  class promise final : public ticket {
   public:
    promise(aggregate_handle to, std::string sandbox_id)
        : to_(std::move(to)), sandbox_id_(std::move(sandbox_id)) {
      // nop
    }
    ~promise() override {
      caf::anon_send(to_, settled{sandbox_id_});
    }

   private:
    aggregate_handle to_;
    std::string sandbox_id_;
  };
  d->admission_term = admission_term_;
  d->route.push_back(std::make_shared<promise>(self_, start.sandbox_id));
  d->to = {schema::AggregateType::Sandbox, start.sandbox_id};
  core_->aggregates.deliver(d);
}

// From here on it is the creation of another.
void aggregate_state::forward_fork(const delivery_ptr& d) {
  auto child = std::move(std::get<ForkSandbox>(d->what).child);
  d->what = std::move(child);
  d->to = {schema::AggregateType::Organization, d->origin.organization_id};
  core_->aggregates.deliver(d);
}

void aggregate_state::take(const settled& start) {
  model_->settle(start.sandbox_id);
}

void aggregate_state::propose(const delivery_ptr& d, decision what) {
  auto work = std::make_shared<submission>();
  auto& p = work->what;
  p.organization_id = model_->organization_id();
  if (p.organization_id.empty()
      && slot_->key.type == schema::AggregateType::Snapshot)
    p.organization_id = d->origin.organization_id;
  p.principal = d->origin.principal;
  p.command_id = d->origin.command_id;
  p.may_be_known = d->is_command();
  p.request = d->origin.request;
  p.cause =
      what.cause == schema::Cause::Unspecified ? d->origin.cause : what.cause;
  p.term = term_;
  if (model_->is_organization()) {
    p.admission_term = admission_term_;
    const auto& first = *what.entries.front();
    if (first.aggregate != schema::AggregateType::Organization)
      p.stream = first.aggregate_id; // a newborn's: at version 0
  } else {
    p.admission_term = d->admission_term;
    p.stream = slot_->key.id;
    p.version = model_->version();
  }
  p.entries = std::move(what.entries);
  work->proposer = self_;
  phase_ = phase::deciding;
  deciding_ = d;
  since_tick_ = core_->aggregates.now();
  caf::anon_send(core_->log_writer, std::move(work));
}

void aggregate_state::take(const verdict& v) {
  if (phase_ != phase::deciding)
    return;
  auto d = std::exchange(deciding_, nullptr);
  if (!v.outcome) {
    const auto& why = v.outcome.error();
    if (why.code == errc::too_large || why.code == errc::log_full
        || why.code == errc::log_unavailable || why.code == errc::reused) {
      // Nothing was written, so the state is still the log's.
      phase_ = phase::ready;
      d->answer(why);
      return next();
    }
    if (++d->attempts >= most_attempts)
      d->answer(why);
    else
      waiting_.insert(waiting_.begin(), std::move(d));
    return fail();
  }
  const auto& record = v.outcome.value();
  if (!v.known && !fold(record)) {
    d->answer(failure(errc::log_corrupt, "The stream has a gap"));
    return fail();
  }
  phase_ = phase::ready;
  const auto* first = record->view().entries()->Get(0);
  d->answer(command_reply{first->aggregate_id()->str(), first->version(),
                          record->at()});
  d = nullptr;
  fulfil(false);
  next();
}

void aggregate_state::answer(delivery& d) {
  d.answer(command_reply{slot_->key.id, model_->version(), newest_});
}

// A refusal may be the repetition of a command that once succeeded: the reader
// looks and answers.
void aggregate_state::refused(const delivery_ptr& d, error why) {
  if (!d->is_command())
    return d->answer(std::move(why));
  auto question = std::make_shared<inquiry>();
  question->refused = d;
  question->why = std::move(why);
  caf::anon_send(core_->reader, std::move(question));
}

// A start begins with its organization again: what admitted it may be gone.
void aggregate_state::again(const delivery_ptr& d) {
  d->route.clear();
  if (std::holds_alternative<StartSandbox>(d->what)
      || std::holds_alternative<RecoverSandbox>(d->what)
      || std::holds_alternative<ResizeSandbox>(d->what))
    d->to = {schema::AggregateType::Organization, d->origin.organization_id};
  core_->aggregates.deliver(d);
}

// Hands the operation over that is owed, once per operation unless repeated.
void aggregate_state::fulfil(bool repeat) {
  auto operation = model_->owed();
  if (!operation)
    return;
  if (!repeat && operation->operation.version == handed_over_)
    return;
  handed_over_ = operation->operation.version;
  auto work = std::make_shared<performance>();
  work->what = std::move(*operation);
  caf::anon_send(core_->effects, std::move(work));
}

void aggregate_state::fail() {
  if (phase_ == phase::ended)
    return;
  phase_ = phase::ended;
  core_->aggregates.detach(slot_);
  // Behind everything that was sent before it was detached.
  caf::anon_send(self_, signal::end);
  auto left = std::exchange(waiting_, {});
  if (deciding_)
    left.insert(left.begin(), std::exchange(deciding_, nullptr));
  for (const auto& d : left)
    again(d);
}

bool aggregate_state::take(signal what) {
  if (what == signal::end)
    return true;
  if (what == signal::overdue)
    give_up_overdue();
  return false;
}

void aggregate_state::give_up_overdue() {
  auto limit = static_cast<std::uint64_t>(core_->options.command_time.count());
  auto stuck = phase_ == phase::recovering || phase_ == phase::deciding;
  if (!stuck || core_->aggregates.now() - since_tick_ < limit)
    return;
  auto late = [] {
    return failure(errc::timed_out, "No answer in time; it may still happen");
  };
  if (deciding_)
    std::exchange(deciding_, nullptr)->answer(late());
  for (auto& d : waiting_)
    if (core_->aggregates.now() - d->begun_tick >= limit)
      d->answer(late());
  std::erase_if(waiting_, [&](const auto& d) {
    return core_->aggregates.now() - d->begun_tick >= limit;
  });
  fail();
}

// One that no event made is not kept: anybody may ask for any id.
void aggregate_state::leave_if_nobody() {
  if (model_->version() == 0 && !model_->is_organization())
    fail();
}

aggregate_handle::behavior_type
aggregate(aggregate_handle::stateful_pointer<aggregate_state> self,
          core_ptr shared, slot_ptr place,
          std::vector<log::record_ptr> stream) {
  self->set_exception_handler([self](std::exception_ptr&) -> caf::error {
    log_failure("actors", "an aggregate's handler threw");
    self->state.fail();
    return caf::exit_reason::unhandled_exception;
  });
  self->state.begin(self, std::move(shared), std::move(place),
                    std::move(stream));
  return {
      [self](const delivery_ptr& d) { self->state.take(d); },
      [self](const history_ptr& part) { self->state.take(*part); },
      [self](const verdict_ptr& v) { self->state.take(*v); },
      [self](const log::record_ptr& told) { self->state.take(told); },
      [self](const settled& start) { self->state.take(start); },
      [self](signal what) {
        if (self->state.take(what))
          self->quit();
      },
  };
}

} // namespace varve::host
