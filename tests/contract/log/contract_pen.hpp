// Writes records for the contract's cases.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "events/log.hpp"
#include "tests/events/sample_records.hpp"

namespace varve::log::contract {

// Follows one partition of one log, one stream of its own.
class contract_pen {
 public:
  contract_pen(event_log& log, std::uint16_t partition)
      : log_(log), partition_(partition),
        stream_("contract-" + std::to_string(partition)) {
    look();
  }

  std::uint16_t partition() const noexcept {
    return partition_;
  }
  chain_head head;
  std::uint64_t version = 0;

  // Forgets what it wrote ahead.
  void look() {
    auto found = log_.head(partition_);
    head = found ? found.value() : chain_head{};
  }

  // The next record on the pen's head, which then moves on.
  record_ptr next(std::string value = "x") {
    auto out = samples::label_record(head, partition_, stream_, ++version,
                                     std::move(value));
    head = head_after(*out);
    return out;
  }
  record_ptr epoch(std::string node = "node") {
    auto out = samples::sealed(
        epoch_started(head, partition_, node, "", samples::epoch_2026));
    head = head_after(*out);
    return out;
  }

  result<void> append(std::vector<record_ptr> batch) {
    return log_.append(batch);
  }
  // All records from index `from` on, read in small steps.
  result<std::vector<record_ptr>> read_all(std::uint64_t from = 0) {
    std::vector<record_ptr> out;
    for (;;) {
      VARVE_TRY(auto more, log_.read(partition_, from + out.size(), 61));
      if (more.empty())
        return out;
      out.insert(out.end(), more.begin(), more.end());
    }
  }

 private:
  event_log& log_;
  std::uint16_t partition_;
  std::string stream_;
};

inline bool same_records(const std::vector<record_ptr>& a,
                         const std::vector<record_ptr>& b) {
  auto same = [](const record_ptr& x, const record_ptr& y) {
    return std::equal(x->frame().begin(), x->frame().end(), y->frame().begin(),
                      y->frame().end());
  };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), same);
}

} // namespace varve::log::contract
