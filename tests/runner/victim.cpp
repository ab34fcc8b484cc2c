// A server for tests that kill it: opens a runner, executes one operation and
// says on standard output how it ended.
// victim DATA RUN TOOLBOX MONITOR KIND SANDBOX OPERATION VERSION IMAGE [WARM
// [SOURCE]]
// With WARM so many sandboxes are to wait, and it goes on for a while. A create
// with a SOURCE is a fork of that.
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <mutex>

#include <unistd.h>

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>

#include "runner/host/runner_host.hpp"

namespace {

using namespace varve;
using namespace varve::runner;

class one_outcome final : public report_sink {
 public:
  explicit one_outcome(std::string operation)
      : operation_(std::move(operation)) {
    // nop
  }
  void outcome(schema::OutcomeT report) override {
    std::lock_guard lock{guard_};
    if (report.operation_id != operation_)
      return;
    is_known_ = true;
    changed_.notify_all();
  }
  void observation(schema::ObservationT) override {
    // nop
  }
  void inventory(schema::InventoryT) override {
    // nop
  }
  bool wait() {
    std::unique_lock lock{guard_};
    return changed_.wait_for(lock, std::chrono::seconds{30},
                             [this] { return is_known_; });
  }

 private:
  std::string operation_;
  std::mutex guard_;
  std::condition_variable changed_;
  bool is_known_ = false;
};

} // namespace

int main(int argc, char** argv) {
  if (argc < 10 || argc > 12)
    return 2;
  config settings;
  settings.data_dir = argv[1];
  settings.run_dir = argv[2];
  settings.toolbox_path = argv[3];
  settings.monitor_path = argv[4];
  settings.ready_disks = 0; // it lives for one operation
  settings.warm_count = argc > 10 ? std::strtoul(argv[10], nullptr, 10) : 0;
  schema::OperationT operation;
  operation.kind = static_cast<schema::OperationKind>(std::atoi(argv[5]));
  operation.sandbox_id = argv[6];
  operation.id = argv[7];
  operation.version = std::strtoull(argv[8], nullptr, 10);
  operation.spec = std::make_unique<schema::SandboxSpecT>();
  operation.spec->image_ref = argv[9];
  operation.spec->resources =
      std::make_unique<schema::Resources>(1000u, 256u, 3u, 0u);
  if (argc > 11)
    operation.spec->fork_of = argv[11];
  one_outcome sink{operation.id};
  caf::actor_system_config caf_settings;
  caf::actor_system system{caf_settings};
  auto host = runner_host::open(system, settings, sink);
  if (!host) {
    std::fprintf(stderr, "%s\n", host.error().detail.c_str());
    return 3;
  }
  host.value()->keep_warm({});
  host.value()->submit(std::move(operation));
  auto is_done = sink.wait();
  if (settings.warm_count > 0)
    ::sleep(20);
  return is_done ? 0 : 4;
}
