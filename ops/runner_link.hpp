// The one-binary mode's control connection: joins the actors' port to the
// runner in this process, in both directions, and opens streams to guests.
#pragma once

#include <atomic>
#include <memory>

#include "actors/runner_port.hpp"
#include "events/vault.hpp"
#include "gateway/guest.hpp"
#include "ops/warm_wishes.hpp"
#include "runner/host/runner_host.hpp"

namespace varve::ops {

class runner_link final : public runner_port,
                          public runner::report_sink,
                          public guest,
                          public warm_wishes {
 public:
  // Where reports go, what is asked for pools and registries, what opens their
  // passwords, and how many may wait; the
  // first three outlive the link.
  runner_link(runner_reports& reports, projections::queries& reads,
              vault& secrets, std::size_t most_waiting)
      : warm_wishes(reads, most_waiting), reports_(reports), reads_(reads),
        secrets_(secrets) {
    // nop
  }

  void set(runner::runner_host* host) noexcept {
    host_ = host;
    keep_with(host);
  }

  // "quota", "image" or "none"; empty while the runner starts.
  std::string_view disk_limit() const noexcept;

  // From here on reports are passed on. Before the actors know the runner
  // they would refuse what it says; it says everything again when asked for
  // its inventory.
  void hear() noexcept {
    hears_ = true;
  }

  void submit(schema::OperationT operation) override;
  void acknowledge(std::string_view sandbox_id,
                   std::uint64_t sequence) override;

  void outcome(schema::OutcomeT report) override;
  void observation(schema::ObservationT report) override;
  void inventory(schema::InventoryT report) override;

  result<int> connect_toolbox(std::string_view sandbox_id) override;
  void note_use(std::string_view sandbox_id, timestamp at) override;
  // Nothing while the runner is starting. Any thread.
  runner::start_queue starts() const noexcept;

  result<std::string> read_image_log(std::string_view id, std::uint64_t from,
                                     std::size_t most) override;

 private:
  void add_logins(schema::OperationT& operation);

  runner_reports& reports_;
  projections::queries& reads_;
  vault& secrets_;
  std::atomic<runner::runner_host*> host_{nullptr};
  std::atomic<bool> hears_{false};
};

} // namespace varve::ops
