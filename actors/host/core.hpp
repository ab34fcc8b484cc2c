// What the actors of one host share: ports, the directory and each other.
#pragma once

#include <array>
#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "actors/host/control_host.hpp"
#include "actors/host/directory.hpp"

namespace varve::host {

// The runner that is connected, if any. Any thread.
class runner_place {
 public:
  void set(runner_port* port, std::string runner_id, std::string journal_id);
  std::string runner_id() const;
  std::string journal_id() const;
  // Whether a runner of that id is there and was handed the operation.
  bool submit(std::string_view runner_id, schema::OperationT operation);
  void acknowledge(std::string_view sandbox_id, std::uint64_t sequence);

 private:
  // The port may call back into the host, which asks for the names.
  std::mutex calls_;
  mutable std::mutex names_;
  runner_port* port_ = nullptr;
  std::string runner_id_;
  std::string journal_id_;
};

struct core : std::enable_shared_from_this<core> {
  core(caf::actor_system& system, host_options what);

  host_options options;
  directory aggregates;
  runner_place runner;

  // Set before the first aggregate is spawned, not changed afterwards.
  log_writer_handle log_writer;
  reader_handle reader;
  effects_handle effects;
  timers_handle timers;
  housekeeper_handle housekeeper;

  // The log writer's, see committer::term; 0 = it does not own the log.
  std::atomic<std::uint64_t> term{0};
  // The log writer's epoch in each partition.
  std::array<std::atomic<std::uint64_t>, log::partition_count> epochs{};
  // Makes one for each organization's actor.
  std::atomic<std::uint64_t> next_admission_term{1};
  // The soonest deadline the timers know of; an earlier one is told them.
  std::atomic<timestamp> next_due{0};
  std::atomic<bool> open{true};
};

using core_ptr = std::shared_ptr<core>;

} // namespace varve::host
