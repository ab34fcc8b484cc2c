// Keeps the read models up with the log: one thread that folds what was
// committed, reading from the store whatever it was not told in order.
#pragma once

#include <memory>
#include <span>

#include "events/local_store.hpp"
#include "projections/queries.hpp"

namespace varve::projections {

// The store outlives it. It does not outlive those who ask.
class projector {
 public:
  // Goes on where the read models are, or builds them anew where they are not
  // of this log. Returns at once: see head_reached().
  static result<std::unique_ptr<projector>> open(log::local_store& store);
  virtual ~projector() = default;

  // Records that count, as they are committed; from the thread that commits
  // them. Only notes them: what does not fit into memory is read from the
  // store later.
  virtual void publish(std::span<const log::record_ptr> committed) = 0;

  // True once everything that was on the log at open is applied. Until then
  // answers are older than the log. Any thread.
  virtual bool head_reached() const noexcept = 0;
  // Any thread, until it ends. Everybody who still waits then is told no.
  virtual queries& answers() noexcept = 0;

  // Builds all read models from the first record beside those that serve, and
  // puts them in their place. Blocks for as long as that takes; for any thread
  // but one that gets callbacks. too_busy while another runs, log_full
  // when the disk is not ample, shutting_down; on any error those that serve
  // stay.
  virtual result<void> rebuild() = 0;

  // What is applied lies on disk, for whoever opens the store to read. Any
  // thread.
  virtual result<void> flush() = 0;

  // Every row that serves, by key, without positions: for comparing.
  using rows = std::vector<std::pair<std::string, std::string>>;
  virtual result<rows> dump() const = 0;
};

} // namespace varve::projections
