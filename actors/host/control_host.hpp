// The control plane of one node: takes commands and runners' reports, decides
// them in actors, writes the log and hands operations to the runner.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "actors/control.hpp"
#include "actors/runner_port.hpp"
#include "actors/sandbox/transitions.hpp"
#include "events/local_store.hpp"
#include "events/log.hpp"
#include "events/vault.hpp"

namespace caf {
class actor_system;
class actor_system_config;
} // namespace caf

namespace varve::host {

struct placed_sandbox {
  std::string id;
  sandbox::status at = sandbox::status::absent;
};

struct host_options {
  // The ports outlive the host.
  log::event_log* log = nullptr;
  log::local_store* store = nullptr;
  vault* secrets = nullptr;
  const clock* time = nullptr;
  std::string node;
  std::string address;

  // Every record that counts, in order, right after it is durable and before
  // its command is answered. On the log writer's thread: must be quick.
  std::function<void(std::span<const log::record_ptr>)> on_committed;
  // The sandboxes the log places on a runner that are not destroyed, as a
  // projection knows them; what it does not know yet is judged next time.
  // Absent: inventories are checked for unknown sandboxes only. May block.
  std::function<result<std::vector<placed_sandbox>>(std::string_view)>
      placed_on;
  // The log may be out of reach for a while and come back by itself: then
  // this process goes on trying.
  bool log_is_elsewhere = false;
  // The log cannot be written any more by this process: it should end and
  // start again. Called once.
  std::function<void(const error&)> on_unusable;

  // Commands in flight before new ones are too_busy.
  std::size_t node_limit = 8192;
  std::size_t organization_limit = 4096;
  std::size_t aggregate_limit = 64;
  // An aggregate not used for so long leaves memory.
  std::chrono::seconds idle{300};
  // A command without an answer for so long is answered timed_out.
  std::chrono::seconds command_time{10};
  // An operation that is owed is handed over again so often.
  std::chrono::seconds resend{10};
  // Whether what blocks has threads of its own. Tests say no, and then
  // everything runs on the system's scheduler in an order of their choice.
  bool own_threads = true;
};

struct core;

class control_host final : public control, public runner_reports {
 public:
  // Begins an epoch in every partition, then takes commands. Blocks on the
  // log. Errors of the log: it cannot be owned.
  static result<std::unique_ptr<control_host>> start(caf::actor_system& system,
                                                     host_options options);
  // As stop() with no patience, where that was not called.
  ~control_host() override;

  // The runner that new sandboxes are placed on; its id must stay the same
  // for as long as its data lives. Hands over what is owed. Null takes it
  // away: when it returns the old one is not called any more.
  void set_runner(runner_port* port, std::string runner_id,
                  std::string journal_id);

  void submit(command what, command_origin origin,
              std::function<void(result<command_reply>)> done) override;
  void outcome(schema::OutcomeT report) override;
  void observation(schema::ObservationT report) override;
  void inventory(schema::InventoryT report) override;

  // Takes no more commands, waits until those in flight are answered, at most
  // so long, then ends the actors. What is left is answered shutting_down or
  // too_busy. Not from a thread of the actors.
  void stop(std::chrono::milliseconds patience);
  // The parts of stop() for tests without threads: close, run the scheduler,
  // end, run it again.
  void close();
  void end();

  std::size_t in_flight() const;
  std::size_t aggregates_in_memory() const;

 private:
  control_host(caf::actor_system& system, std::shared_ptr<core> shared);

  caf::actor_system& system_;
  std::shared_ptr<core> core_;
  bool ended_ = false;
};

// Two threads that share one queue: what a small machine wants.
std::unique_ptr<caf::actor_system_config> make_system_config();

} // namespace varve::host
