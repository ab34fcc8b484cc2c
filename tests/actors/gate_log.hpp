// A log that does what a test wants of the next appends.
#pragma once

#include <vector>

#include "events/log.hpp"

namespace varve {

class gate_log final : public log::event_log {
 public:
  enum class mood {
    works,
    loses,   // unknown to the caller, and not written
    keeps,   // unknown to the caller, and written
    full,    // refused
    severed, // the process died: nothing is written any more
  };

  explicit gate_log(log::event_log& inner) : inner_(inner) {
    // nop
  }

  mood next = mood::works; // for one append, except severed
  log::disk_state room = log::disk_state::ample;
  std::vector<std::size_t> batches;

  const std::string& log_id() const noexcept override {
    return inner_.log_id();
  }

  result<void> append(std::span<const log::record_ptr> batch) override {
    auto now = next;
    if (now == mood::severed) // quietly: nobody is there to hear
      return failure(errc::log_full, "severed");
    next = mood::works;
    batches.push_back(batch.size());
    if (now == mood::full)
      return failure(errc::log_full, "full");
    if (now == mood::loses)
      return failure(errc::log_doubt, "lost");
    auto done = inner_.append(batch);
    if (now == mood::keeps && done)
      return failure(errc::log_doubt, "kept");
    return done;
  }

  log::disk_state disk() override {
    return room;
  }
  result<log::chain_head> head(std::uint16_t partition) override {
    return inner_.head(partition);
  }
  result<std::vector<log::record_ptr>> read(std::uint16_t partition,
                                            std::uint64_t from,
                                            std::size_t limit) override {
    return inner_.read(partition, from, limit);
  }
  result<std::vector<log::record_ptr>>
  tail(std::chrono::milliseconds patience) override {
    return inner_.tail(patience);
  }

 private:
  log::event_log& inner_;
};

} // namespace varve
