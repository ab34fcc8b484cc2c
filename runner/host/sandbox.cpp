#include "runner/host/sandbox.hpp"

#include <exception>

#include <caf/send.hpp>

#include "events/base/logging.hpp"

namespace varve::runner {

namespace {

using kind = schema::OperationKind;

bool is_start(const sandbox_state::job& job) {
  return job.operation
         && (job.operation->kind == kind::Create
             || job.operation->kind == kind::Start);
}

// On a worker. Whatever happens, the actor hears that it is over.
void work(const services_ptr& shared, const sandbox_actor& owner,
          const std::string& id, const sandbox_state::job& job) {
  try {
    if (job.operation)
      shared->execute(*job.operation, job.resumed);
    else
      shared->examine(id);
  } catch (const std::exception& e) {
    log_failure("runner", id + ": " + e.what());
  }
  caf::anon_send(owner, done_atom::value);
}

void next(sandbox_self self) {
  auto& state = self->state;
  if (state.is_busy)
    return;
  if (state.waiting.empty()) {
    self->send(state.supervisor, idle_atom::value, state.id, state.received);
    return;
  }
  auto job = std::move(state.waiting.front());
  state.waiting.pop_front();
  state.is_busy = true;
  auto& pool = is_start(job) ? *state.shared->starts : *state.shared->ends;
  pool.submit([shared = state.shared, owner = sandbox_actor{self},
               id = state.id,
               job = std::move(job)] { work(shared, owner, id, job); });
}

void enqueue(sandbox_self self, sandbox_state::job job) {
  ++self->state.received;
  self->state.waiting.push_back(std::move(job));
  next(self);
}

} // namespace

sandbox_actor::behavior_type sandbox(sandbox_self self, services_ptr shared,
                                     supervisor_actor supervisor,
                                     std::string id) {
  self->state.shared = std::move(shared);
  self->state.supervisor = std::move(supervisor);
  self->state.id = std::move(id);
  return {[self](operation_ptr operation, bool resumed) {
            enqueue(self, {std::move(operation), resumed});
          },
          [self](ended_atom) { enqueue(self, {}); },
          [self](done_atom) {
            self->state.is_busy = false;
            next(self);
          }};
}

} // namespace varve::runner
