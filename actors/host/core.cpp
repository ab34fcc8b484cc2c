#include "actors/host/core.hpp"

#include "actors/host/aggregate.hpp"
#include "actors/host/foreign_thread.hpp"

namespace varve::host {

void runner_place::set(runner_port* port, std::string runner_id,
                       std::string journal_id) {
  // Waits until no call into the old one is under way.
  std::scoped_lock guard{calls_, names_};
  port_ = port;
  runner_id_ = std::move(runner_id);
  journal_id_ = std::move(journal_id);
}

std::string runner_place::runner_id() const {
  std::lock_guard guard{names_};
  return runner_id_;
}

std::string runner_place::journal_id() const {
  std::lock_guard guard{names_};
  return journal_id_;
}

bool runner_place::submit(std::string_view runner_id,
                          schema::OperationT operation) {
  std::lock_guard guard{calls_};
  if (port_ == nullptr || this->runner_id() != runner_id)
    return false;
  port_->submit(std::move(operation));
  return true;
}

void runner_place::acknowledge(std::string_view sandbox_id,
                               std::uint64_t sequence) {
  std::lock_guard guard{calls_};
  if (port_ != nullptr)
    port_->acknowledge(sandbox_id, sequence);
}

core::core(caf::actor_system& system, host_options what)
    : options(std::move(what)),
      aggregates(flight_limits{options.node_limit, options.organization_limit,
                               options.aggregate_limit},
                 [this, &system](const slot_ptr& place,
                                 std::vector<log::record_ptr> stream) {
                   foreign_thread untied;
                   return system.spawn(aggregate, shared_from_this(), place,
                                       std::move(stream));
                 }) {
  // nop
}

} // namespace varve::host
