// The Log port over a topic in memory. Several of them may share a topic: each
// is the log as one node sees it.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "events/log.hpp"
#include "events/topic_copy.hpp"
#include "tests/contract/log/raw_topic.hpp"

namespace varve::log::contract {

// Any thread.
class memory_log final : public event_log {
 public:
  // Makes the log when the topic is empty; reads to the end otherwise.
  static result<std::unique_ptr<memory_log>>
  open(std::shared_ptr<raw_topic> topic);

  const std::string& log_id() const noexcept override {
    return log_id_;
  }
  result<void> append(std::span<const record_ptr> batch) override;
  result<chain_head> head(std::uint16_t partition) override;
  result<std::vector<record_ptr>>
  read(std::uint16_t partition, std::uint64_t from, std::size_t limit) override;
  result<std::vector<record_ptr>>
  tail(std::chrono::milliseconds patience) override;

 private:
  explicit memory_log(std::shared_ptr<raw_topic> topic);

  result<void> make();
  result<void> catch_up(std::uint16_t partition);
  result<void> check_copy(std::uint16_t partition);
  result<void> check_proposals(std::span<const record_ptr> batch) const;
  result<void> judge(std::span<const record_ptr> batch);

  std::mutex mutex_;
  std::shared_ptr<raw_topic> topic_;
  std::string log_id_;
  std::vector<topic_copy> copies_;
  std::vector<record_ptr> untailed_;
};

} // namespace varve::log::contract
