#include "actors/host/delivery.hpp"

#include <utility>

namespace varve::host {

delivery::delivery(aggregate_key key, aggregate_input input,
                   command_origin from, answer_function done)
    : to(std::move(key)), what(std::move(input)), origin(std::move(from)),
      done_(std::move(done)) {
  // nop
}

delivery::~delivery() {
  answer(failure(errc::too_busy, "The command was dropped, try again"));
}

void delivery::answer(result<command_reply> reply) {
  if (auto done = std::exchange(done_, nullptr))
    done(std::move(reply));
}

bool delivery::is_command() const noexcept {
  return !origin.command_id.empty() && !std::holds_alternative<Wake>(what)
         && !std::holds_alternative<sandbox::RunnerAnswered>(what)
         && !std::holds_alternative<sandbox::RunnerObserved>(what)
         && !std::holds_alternative<sandbox::RunnerListed>(what)
         && !std::holds_alternative<sandbox::DeadlineReached>(what);
}

} // namespace varve::host
