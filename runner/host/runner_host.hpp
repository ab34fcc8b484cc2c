// The runner as the composition root uses it: in process, one CAF actor per
// sandbox and one that supervises them.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "events/base/result.hpp"
#include "runner/operations/runner_config.hpp"
#include "runner/operations/warm_pool.hpp"
#include "schemas/operation_generated.h"

namespace caf {
class actor_system;
}

namespace varve::runner {

// Called on the runner's threads; must not block.
class report_sink {
 public:
  virtual ~report_sink() = default;
  virtual void outcome(schema::OutcomeT report) = 0;
  virtual void observation(schema::ObservationT report) = 0;
  virtual void inventory(schema::InventoryT report) = 0;
};

// What the machine has in all.
struct capacity {
  std::uint32_t cpu_millis = 0;
  std::uint32_t memory_mib = 0;
  std::uint32_t disk_gib = 0;
};

// Creates and starts: those that no worker has begun, and those in work.
struct start_queue {
  std::size_t waiting = 0;
  std::size_t working = 0;
};

// Whether credentials of registries are of use to it, and the images that they
// may be needed for.
bool needs_logins(schema::OperationKind kind) noexcept;
std::vector<std::string> images_of(const schema::OperationT& operation);

class runner_host {
 public:
  // Prepares the machine, makes journal and kernel agree (see recovery.hpp)
  // and hands over every report nobody has acknowledged, then an inventory.
  // `sink` and `system` must outlive the host.
  static result<std::unique_ptr<runner_host>>
  open(caf::actor_system& system, config settings, report_sink& sink);
  ~runner_host(); // shutdown()

  const std::string& runner_id() const noexcept;
  const std::string& journal_id() const noexcept;
  capacity total() const noexcept;
  start_queue starts() const noexcept; // any thread
  // How disks of new sandboxes are limited: "quota", "image" or "none".
  std::string_view disk_limit() const noexcept;

  // Any thread, does not block. A repeated operation is answered with its
  // first outcome and the present state.
  void submit(schema::OperationT operation);

  // An event for the report counts: it need not be sent again. Any thread.
  void acknowledge(std::string_view sandbox_id, std::uint64_t sequence);

  // After every report that nobody has acknowledged. Comes on its own every
  // ten seconds, too. Any thread.
  void request_inventory();

  // A connected stream to the toolbox, not blocking, owned by the caller.
  // guest_unreachable when the sandbox does not run. Any thread.
  result<int> connect_toolbox(std::string_view sandbox_id) const;

  // What was said while pulling an image for a snapshot or sandbox, from this
  // byte on; not_found when nothing was. Any thread.
  result<std::string> read_image_log(std::string_view id, std::uint64_t from,
                                     std::size_t most) const;

  // It was used from outside, at this time. Any thread.
  void note_use(std::string_view sandbox_id, std::uint64_t at);

  // Which sandboxes organizations want to have waiting, besides those that the
  // runner keeps for what is often created. Nothing is started to wait, or
  // ended, before the first call. Any thread.
  void keep_warm(std::vector<warm_wish> wishes);
  // How many wait for this organization alone (empty: for all). Any thread.
  std::size_t warm_waiting(const std::string& organization_id,
                           const std::string& image_ref) const;

  // Takes no more operations, waits for those in work (each has its own time
  // limit) and leaves sandboxes running. Repeating it is harmless.
  void shutdown();

 private:
  struct impl;
  explicit runner_host(std::unique_ptr<impl> state);

  std::unique_ptr<impl> state_;
};

// For the command line, without a server: too_busy while one has the data
// directory open.

// Stops every sandbox; files stay.
result<void> stop_all(const config& settings);

// Destroys every sandbox and all the runner ever made on this host and in the
// data directory, images and identity excepted, and looks that nothing of it
// is left: the error names what is.
result<void> purge(const config& settings);

} // namespace varve::runner
