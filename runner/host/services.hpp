// What the actors of one host share.
#pragma once

#include <atomic>
#include <memory>

#include "runner/host/image_desk.hpp"
#include "runner/host/runner_host.hpp"
#include "runner/host/warm_keeper.hpp"
#include "runner/host/watcher.hpp"
#include "runner/host/worker_pool.hpp"
#include "runner/operations/executor.hpp"
#include "runner/operations/ledger.hpp"
#include "runner/operations/machine.hpp"
#include "runner/operations/network_guard.hpp"
#include "runner/operations/oom_kills.hpp"

namespace varve::runner {

// Of the pool for starts.
struct start_counts {
  std::atomic<std::size_t> waiting{0};
  std::atomic<std::size_t> working{0};
};

// Lives as long as any actor or worker that may still use it.
struct services {
  std::unique_ptr<machine> host;
  std::unique_ptr<ledger> book;
  std::unique_ptr<network_guard> network;
  std::unique_ptr<use_book> uses;
  std::unique_ptr<oom_kills> starved;
  report_sink* sink = nullptr;
  std::unique_ptr<watcher> watch;
  std::unique_ptr<warm_keeper> warm; // once open
  std::unique_ptr<image_desk> images;
  std::unique_ptr<worker_pool> starts; // create, start
  start_counts start_load;
  std::unique_ptr<worker_pool> ends;  // stop, destroy, and what is short
  std::unique_ptr<worker_pool> moves; // archive, restore, fork: may be long

  // Executes, reports, and watches what runs then. Blocks; on a worker.
  // `cancel` as the executor has it.
  void execute(const schema::OperationT& operation, bool resumed, int cancel);
  // Looks at a sandbox whose PID 1 ended. Blocks; on a worker.
  void examine(const std::string& sandbox_id);
  // Everything in the outbox that is older than `least_age_ms`.
  void report_outbox(std::uint64_t least_age_ms);
  void check_network();
  void note_create(const schema::OperationT& operation,
                   const schema::OutcomeT& outcome);
  void report_oom_kills();
  void watch_running(const std::string& sandbox_id);
};

using services_ptr = std::shared_ptr<services>;

} // namespace varve::runner
