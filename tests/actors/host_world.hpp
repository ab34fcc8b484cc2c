// A control plane on one thread with virtual time, a store that survives its
// crashes, and a fake runner. Holds no CAF, so that tests of it compile fast.
#pragma once

#include <catch2/catch.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "actors/host/control_host.hpp"
#include "actors/organization/state.hpp"
#include "actors/sandbox/state.hpp"
#include "tests/actors/fake_runner.hpp"
#include "tests/actors/gate_log.hpp"
#include "tests/actors/given.hpp"

namespace varve {

using answer_place = std::shared_ptr<std::optional<result<command_reply>>>;

class host_world {
 public:
  explicit host_world(std::function<void(host::host_options&)> adapt = {});
  ~host_world();

  // Submits and returns where the answer will be.
  answer_place submit(command what, std::string command_id = {});
  // Submits, runs everything and returns the answer, which must be there.
  result<command_reply> ask(command what, std::string command_id = {});
  // As ask, and it must have succeeded.
  command_reply must(command what, std::string command_id = {});

  // Runs actors and runner until nothing moves.
  void run();
  // One step of the scheduler, chosen by the dice; false when nothing moves.
  bool step(std::uint64_t dice);
  // Runs while time passes, a second at a time.
  void advance(std::chrono::milliseconds time);

  // Nothing is written from this instant on; the store stays.
  void crash();
  // Opens the store again, as a new process would.
  void restart();

  // Folded from the store, as recovery would.
  sandbox::state sandbox(const std::string& id);
  organization::state organization();
  std::vector<log::record_ptr> stream(const std::string& id);

  // With the organization and the runner there.
  void found();

  host::control_host& host();
  log::local_store& store();
  gate_log& log();
  fake_runner runner;
  std::vector<log::record_ptr> committed; // in the order of the callback
  timestamp now() const;
  // Whose data keys were erased since the last start.
  const std::vector<std::string>& erased_keys() const;

 private:
  struct process;
  struct virtual_clock;

  std::function<void(host::host_options&)> adapt_;
  std::unique_ptr<virtual_clock> clock_;
  struct disk;
  std::unique_ptr<disk> disk_;
  std::unique_ptr<process> process_;
  unsigned commands_ = 0;
};

} // namespace varve
