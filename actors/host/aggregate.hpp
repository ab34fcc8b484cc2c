#pragma once

#include <memory>
#include <vector>

#include "actors/host/core.hpp"

namespace varve::host {

// Recovers its model from the log, then decides one delivery at a time: the
// next one waits until the verdict on the last is folded. Ends, so that the
// next delivery builds another from the log, as soon as it cannot be sure
// that its state is the log's.
class aggregate_state {
 public:
  static inline const char* name = "aggregate";

  // With records, they are its whole stream. Otherwise it is read.
  void begin(aggregate_handle self, core_ptr shared, slot_ptr place,
             std::vector<log::record_ptr> stream);

  void take(const delivery_ptr& d);
  void take(const history& part);
  void take(const verdict& v);
  void take(const log::record_ptr& told);
  void take(const settled& start);
  // Whether it is to leave.
  bool take(signal what);

  // Gives up: every delivery goes to a new actor.
  void fail();

 private:
  enum class phase : std::uint8_t { recovering, ready, deciding, ended };

  void ask_for_history();
  void recovered();
  bool fold(const log::record_ptr& record);
  void next();
  void decide(const delivery_ptr& d);
  void forward(const delivery_ptr& d, const admitted_start& start);
  void forward_fork(const delivery_ptr& d);
  void propose(const delivery_ptr& d, decision what);
  void answer(delivery& d);
  void refused(const delivery_ptr& d, error why);
  void again(const delivery_ptr& d);
  void fulfil(bool repeat);
  void give_up_overdue();
  void leave_if_nobody();

  aggregate_handle self_;
  core_ptr core_;
  slot_ptr slot_;
  std::unique_ptr<aggregate_model> model_;
  std::vector<delivery_ptr> waiting_;
  std::vector<log::record_ptr> told_; // while recovering
  delivery_ptr deciding_;
  log::position newest_; // record of the stream
  std::uint64_t term_ = 0;
  std::uint64_t admission_term_ = 0;
  std::uint64_t since_tick_ = 0;  // of the recovery or the proposal
  std::uint64_t handed_over_ = 0; // version of the operation last sent
  phase phase_ = phase::recovering;
};

aggregate_handle::behavior_type
aggregate(aggregate_handle::stateful_pointer<aggregate_state> self,
          core_ptr shared, slot_ptr place, std::vector<log::record_ptr> stream);

} // namespace varve::host
