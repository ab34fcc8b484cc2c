#include "runner/host/sandbox.hpp"

#include <algorithm>
#include <exception>

#include <caf/send.hpp>

#include "events/base/logging.hpp"

namespace varve::runner {

namespace {

using kind = schema::OperationKind;
using job = sandbox_state::job;

bool starts(const job& j) {
  return j.operation
         && (j.operation->kind == kind::Create
             || j.operation->kind == kind::Start);
}

// Large files may move, which may take long.
bool moves(const job& j) {
  return j.operation
         && (j.operation->kind == kind::Archive
             || j.operation->kind == kind::Restore
             || (j.operation->kind == kind::Create && j.operation->spec
                 && !j.operation->spec->fork_of.empty()));
}

bool ends(const job& j) {
  return j.operation
         && ((j.operation->kind == kind::Stop && j.operation->idle_since == 0)
             || j.operation->kind == kind::Destroy);
}

// On a worker. Whatever happens, the actor hears that it is over.
void work(services& shared, const sandbox_actor& owner, const std::string& id,
          const job& j, int cancel) {
  try {
    if (j.operation)
      shared.execute(*j.operation, j.resumed, cancel);
    else
      shared.examine(id);
  } catch (const std::exception& e) {
    log_failure("runner", id + ": " + e.what());
  }
  caf::anon_send(owner, done_atom::value);
}

void give_to_starts(sandbox_self self, const job& j) {
  auto& state = self->state;
  state.ticket = std::make_shared<start_ticket>();
  if (moves(j)) {
    state.shared->moves->submit([shared = state.shared, id = state.id, j,
                                 owner = sandbox_actor{self},
                                 ticket = state.ticket] {
      if (ticket->take())
        work(*shared, owner, id, j, ticket->cancel());
    });
    return;
  }
  ++state.shared->start_load.waiting;
  state.shared->starts->submit(
      [shared = state.shared, id = state.id, j, owner = sandbox_actor{self},
       ticket = state.ticket, turn = state.shared->warm->start_begins()] {
        if (!ticket->take())
          return;
        auto& load = shared->start_load;
        --load.waiting;
        ++load.working;
        work(*shared, owner, id, j, ticket->cancel());
        --load.working;
      });
}

void give_to_ends(sandbox_self self, const job& j) {
  auto& state = self->state;
  state.shared->ends->submit(
      [shared = state.shared, id = state.id, j, owner = sandbox_actor{self}] {
        work(*shared, owner, id, j, -1);
      });
}

void next(sandbox_self self) {
  auto& state = self->state;
  if (state.is_busy)
    return;
  if (state.waiting.empty()) {
    self->send(state.supervisor, idle_atom::value, state.id, state.received);
    return;
  }
  state.current = std::move(state.waiting.front());
  state.waiting.pop_front();
  state.is_busy = true;
  // An older start is refused by its fence, which needs no worker for starts.
  if ((starts(state.current) || moves(state.current))
      && state.current.operation->version >= state.ended_at)
    give_to_starts(self, state.current);
  else
    give_to_ends(self, state.current);
}

void finished(sandbox_self self) {
  auto& state = self->state;
  state.is_busy = false;
  state.ticket.reset();
  state.current = {};
  next(self);
}

// The start in work, if any, is not wanted any more. Once what ends the
// sandbox is done, its fence answers what was withdrawn.
void make_way(sandbox_state& state) {
  if (!state.ticket)
    return;
  if (!state.ticket->withdraw()) {
    state.ticket->call_off();
    return;
  }
  if (!moves(state.current))
    --state.shared->start_load.waiting;
  state.waiting.push_front(std::move(state.current));
  state.current = {};
  state.ticket.reset();
  state.is_busy = false;
}

void enqueue(sandbox_self self, job j) {
  auto& state = self->state;
  ++state.received;
  if (ends(j)) {
    make_way(state);
    state.ended_at = std::max(state.ended_at, j.operation->version);
    state.waiting.push_front(std::move(j));
  } else {
    // Who wants it back need not wait until it has been put aside.
    if (state.ticket && j.operation && j.operation->kind == kind::Restore
        && state.current.operation->kind == kind::Archive)
      state.ticket->call_off();
    state.waiting.push_back(std::move(j));
  }
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
          [self](done_atom) { finished(self); }};
}

} // namespace varve::runner
