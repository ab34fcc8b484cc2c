#include "runner/host/supervisor.hpp"

#include <chrono>

#include "runner/host/sandbox.hpp"

namespace varve::runner {

namespace {

constexpr std::chrono::seconds inventory_period{10};
constexpr std::chrono::seconds look_period{2}; // for what must be known in 5 s
constexpr std::uint64_t resend_age_ms = 10'000;

template <class... Ts>
void forward(supervisor_self self, const std::string& id, Ts&&... message) {
  auto& child = self->state.children[id];
  if (!child.actor)
    child.actor = self->spawn<caf::linked>(sandbox, self->state.shared,
                                           supervisor_actor{self}, id);
  ++child.sent;
  self->send(child.actor, std::forward<Ts>(message)...);
}

void retire(supervisor_self self, const std::string& id,
            std::uint64_t received) {
  auto found = self->state.children.find(id);
  // It may not have seen yet what was sent to it since.
  if (found == self->state.children.end() || found->second.sent != received)
    return;
  auto actor = std::move(found->second.actor);
  self->state.children.erase(found);
  self->unlink_from(actor);
  self->send_exit(actor, caf::exit_reason::normal);
}

// Reports first: they know why, the inventory only that.
void send_all(supervisor_self self, std::uint64_t least_age_ms) {
  auto shared = self->state.shared;
  shared->ends->submit([shared, least_age_ms] {
    shared->report_outbox(least_age_ms);
    shared->sink->inventory(shared->book->inventory(shared->host->runner_id));
  });
}

void tick(supervisor_self self) {
  send_all(self, resend_age_ms);
  auto shared = self->state.shared;
  shared->ends->submit([shared] { shared->check_network(); });
  shared->warm->look();
  self->delayed_send(self, inventory_period, tick_atom::value);
}

void look(supervisor_self self) {
  auto shared = self->state.shared;
  shared->ends->submit([shared] { shared->report_oom_kills(); });
  self->delayed_send(self, look_period, look_atom::value);
}

} // namespace

supervisor_actor::behavior_type supervisor(supervisor_self self,
                                           services_ptr shared) {
  self->state.shared = std::move(shared);
  self->delayed_send(self, inventory_period, tick_atom::value);
  self->delayed_send(self, look_period, look_atom::value);
  return {[self](operation_ptr operation, bool resumed) {
            auto id = operation->sandbox_id;
            forward(self, id, std::move(operation), resumed);
          },
          [self](ended_atom, const std::string& id) {
            forward(self, id, ended_atom::value);
          },
          [self](idle_atom, const std::string& id, std::uint64_t received) {
            retire(self, id, received);
          },
          [self](tick_atom) { tick(self); },
          [self](look_atom) { look(self); },
          [self](inventory_atom) { send_all(self, 0); }};
}

} // namespace varve::runner
