#pragma once

#include <memory>
#include <vector>

#include "actors/host/committer.hpp"
#include "actors/host/core.hpp"

namespace varve::host {

// Group commit: everything that is in the mailbox when a commit begins goes
// into it. Publishes what counts, in this order: the callback, organizations,
// newborn aggregates, verdicts, timers.
class log_writer_state {
 public:
  static inline const char* name = "log_writer";

  void begin(log_writer_handle self, core_ptr shared,
             std::shared_ptr<committer> commits);

  void take(const submission_ptr& what);
  void take(const recovery_ptr& admitter);
  // Whether it is to leave.
  bool take(signal what);

 private:
  using group = std::vector<submission_ptr>;

  void flush();
  void regain();
  void try_again(const error& why);
  void publish(const group& proposed, std::vector<verdict> verdicts);
  void announce(const std::vector<log::record_ptr>& records);
  void announce(const log::record& r, const log::record_ptr& shared);

  log_writer_handle self_;
  core_ptr core_;
  std::shared_ptr<committer> commits_;
  group gathered_;
  group doubtful_;
  std::vector<log::record_ptr> epoch_records_; // not announced yet
  bool flush_pending_ = false;
  std::string complaint_; // about not owning the log; empty while it does
  bool gave_up_ = false;  // on_unusable was called
};

// Blocks on the log: spawn it detached.
log_writer_handle::behavior_type
log_writer(log_writer_handle::stateful_pointer<log_writer_state> self,
           core_ptr shared, std::shared_ptr<committer> commits);

// Makes the writer's term and epochs known to everybody.
void show_term(core& shared, const committer& commits);

} // namespace varve::host
