#include "actors/host/timers.hpp"

#include <algorithm>
#include <chrono>
#include <limits>

#include "events/base/logging.hpp"

namespace varve::host {

namespace {

using std::chrono::milliseconds;

// Told at once; the rest a second later.
constexpr std::size_t most_at_once = 4096;
// The wall clock may have been set meanwhile: never sleep longer.
constexpr milliseconds longest_sleep{10'000};
// What is told stays due until its event is on the log.
constexpr milliseconds pause_after_telling{1'000};
constexpr auto never = std::numeric_limits<timestamp>::max();

} // namespace

void timers_state::begin(timers_handle self, core_ptr shared) {
  self_ = std::move(self);
  core_ = std::move(shared);
  rearm();
}

void timers_state::rearm() {
  sleep(milliseconds{0});
}

void timers_state::sleep(milliseconds at_least) {
  // Until the store was read, any deadline that is written counts as earlier.
  core_->next_due = never;
  auto due = core_->options.store->next_due();
  if (!due)
    log_failure("timers", due.error().detail);
  auto pause = longest_sleep;
  if (due && due.value()) {
    core_->next_due = *due.value();
    auto now = core_->options.time->now();
    auto left = *due.value() > now ? *due.value() - now : 0;
    pause = std::min(pause, milliseconds{static_cast<std::int64_t>(
                                std::min<timestamp>(left, 3'600'000))});
  }
  caf::delayed_anon_send(self_, std::max(pause, at_least),
                         alarm{++generation_});
}

void timers_state::take(const alarm& rung) {
  if (rung.generation != generation_)
    return;
  auto now = core_->options.time->now();
  auto due = core_->options.store->due(now, most_at_once);
  if (!due) {
    log_failure("timers", due.error().detail);
    return sleep(pause_after_telling);
  }
  for (const auto& it : due.value()) {
    command_origin origin;
    origin.principal = "timer";
    origin.cause = schema::Cause::Deadline;
    core_->aggregates.deliver(std::make_shared<delivery>(
        aggregate_key{it.aggregate, it.id}, sandbox::DeadlineReached{it.due},
        std::move(origin), nullptr));
  }
  sleep(due.value().empty() ? milliseconds{0} : pause_after_telling);
}

timers_handle::behavior_type
timers(timers_handle::stateful_pointer<timers_state> self, core_ptr shared) {
  self->state.begin(self, std::move(shared));
  return {
      [self](const alarm& rung) { self->state.take(rung); },
      [self](signal what) {
        if (what == signal::rearm)
          self->state.rearm();
        if (what == signal::end)
          self->quit();
      },
  };
}

void housekeeper_state::begin(housekeeper_handle self, core_ptr shared) {
  self_ = std::move(self);
  core_ = std::move(shared);
  now_ = core_->aggregates.now();
  caf::delayed_anon_send(self_, std::chrono::seconds{1}, signal::tick);
}

void housekeeper_state::tick() {
  ++now_;
  auto idle = static_cast<std::uint64_t>(core_->options.idle.count());
  core_->aggregates.sweep(now_, now_ > idle ? now_ - idle : 0);
  auto resend = static_cast<std::uint64_t>(core_->options.resend.count());
  if (resend != 0 && now_ % resend == 0)
    caf::anon_send(core_->effects, signal::resend);
  caf::delayed_anon_send(self_, std::chrono::seconds{1}, signal::tick);
}

housekeeper_handle::behavior_type
housekeeper(housekeeper_handle::stateful_pointer<housekeeper_state> self,
            core_ptr shared) {
  self->state.begin(self, std::move(shared));
  return {
      [self](signal what) {
        if (what == signal::tick)
          self->state.tick();
        if (what == signal::end)
          self->quit();
      },
  };
}

} // namespace varve::host
