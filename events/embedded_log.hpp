// The log of a platform of one machine: the store's records are the log.
#pragma once

#include <array>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>

#include "events/base/clock.hpp"
#include "events/local_store.hpp"
#include "events/log.hpp"

namespace varve::log {

// One commit and one fsync for everything a call of append() holds, for all
// partitions at once, together with the store's indexes. This process is the
// only writer, so a record that does not name the head is refused before it
// is written: then nothing of the batch counts.
class embedded_log final : public event_log {
 public:
  // Makes the log when the store is empty: LogCreated in every partition. The
  // store outlives the log. `place`: see event_log::place.
  static result<std::unique_ptr<embedded_log>>
  open(local_store& store, const clock& time, std::string place = {});

  const std::string& log_id() const noexcept override {
    return log_id_;
  }
  std::string place() const override {
    return place_;
  }
  // After log_doubt every further call is log_doubt: the process must open
  // the store again.
  result<void> append(std::span<const record_ptr> batch) override;
  disk_state disk() override;
  result<chain_head> head(std::uint16_t partition) override;
  result<std::vector<record_ptr>>
  read(std::uint16_t partition, std::uint64_t from, std::size_t limit) override;
  result<std::vector<record_ptr>>
  tail(std::chrono::milliseconds patience) override;

 private:
  embedded_log(local_store& store, std::string log_id, std::string place);

  result<void> skip_what_is_there();
  result<std::vector<record_ptr>> unread();

  local_store& store_;
  std::string log_id_;
  std::string place_;
  bool in_doubt_ = false; // of the appending thread only

  std::mutex mutex_;
  std::condition_variable grown_;
  std::uint64_t commits_ = 0;
  // Of the tailing thread only.
  std::uint64_t commits_seen_ = 0;
  std::array<std::uint64_t, partition_count> next_{};
};

} // namespace varve::log
