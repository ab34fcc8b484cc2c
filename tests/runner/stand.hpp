// A real runner on a data directory of its own, for one test: everything it
// made on the host is gone when the test ends, also when it fails.
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>

#include "runner/host/runner_host.hpp"

namespace varve::runner {

// Keeps every report, in order.
class kept_reports final : public report_sink {
 public:
  void outcome(schema::OutcomeT report) override;
  void observation(schema::ObservationT report) override;
  void inventory(schema::InventoryT report) override;

  // The next outcome of the operation, the next observation of the sandbox,
  // the next inventory: waits, and fails the test past the limit.
  schema::OutcomeT outcome_of(const std::string& operation_id);
  schema::ObservationT observation_of(const std::string& sandbox_id);
  schema::InventoryT next_inventory();
  bool has_outcome(const std::string& operation_id);
  bool has_observation(const std::string& sandbox_id);
  void clear();

 private:
  template <class T>
  T take(std::deque<T>& from, const std::function<bool(const T&)>& fits);

  std::mutex guard_;
  std::condition_variable changed_;
  std::deque<schema::OutcomeT> outcomes_;
  std::deque<schema::ObservationT> observations_;
  std::deque<schema::InventoryT> inventories_;
};

class stand {
 public:
  stand();
  ~stand();

  stand(const stand&) = delete;
  stand& operator=(const stand&) = delete;

  config settings;
  kept_reports reports;

  // Before anything else: the data lies on a disk of its own, this large.
  void use_disk(const std::string& size);

  void open();  // the runner; fails the test when it cannot
  void close(); // as a server that ends well: sandboxes go on
  runner_host& runner() {
    return *runner_;
  }

  // An operation with an id of its own and a version above all before.
  schema::OperationT operation(schema::OperationKind kind,
                               const std::string& sandbox);
  schema::OutcomeT run(schema::OperationT operation);
  schema::OutcomeT run(schema::OperationKind kind, const std::string& sandbox) {
    return run(operation(kind, sandbox));
  }
  // A new sandbox that runs.
  std::string create();

  std::string image = "busybox";
  std::uint32_t memory_mib = 256;
  std::uint32_t cpu_millis = 1000;
  std::uint32_t disk_gib = 3;
  std::map<std::string, std::string> env;

 private:
  std::string root_;
  std::uint64_t version_ = 0;
  caf::actor_system_config caf_settings_;
  caf::actor_system caf_;
  std::unique_ptr<runner_host> runner_;
};

std::string new_id();

// Where the images for tests lie; the test fails when there are none.
std::string images_folder();
// What the base image is called there.
std::string base_image();

struct executed {
  int exit_code = -1;
  std::string output;
};

// A command in the sandbox, through its toolbox.
executed execute(runner_host& runner, const std::string& sandbox,
                 const std::string& command);

// One HTTP request over a connected stream; the body of the answer, whose
// status must be 2xx.
std::string request(int stream, const std::string& method,
                    const std::string& path, const std::string& body);

} // namespace varve::runner
