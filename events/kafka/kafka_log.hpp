// event_log over a producer and two consumers.
#pragma once

#include <array>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "events/kafka/consumer.hpp"
#include "events/kafka/history.hpp"
#include "events/kafka/producer.hpp"
#include "events/kafka_log.hpp"
#include "events/topic_copy.hpp"

namespace varve::log::kafka {

class kafka_log final : public event_log {
 public:
  static result<std::unique_ptr<kafka_log>> open(kafka_options options);

  const std::string& log_id() const noexcept override {
    return log_id_;
  }
  std::string place() const override {
    return place_;
  }
  result<void> append(std::span<const record_ptr> batch) override;
  result<chain_head> head(std::uint16_t partition) override;
  result<std::vector<record_ptr>>
  read(std::uint16_t partition, std::uint64_t from, std::size_t limit) override;
  result<std::vector<record_ptr>>
  tail(std::chrono::milliseconds patience) override;

 private:
  using milliseconds = std::chrono::milliseconds;

  explicit kafka_log(kafka_options options);

  // All of these with the mutex held.
  result<void> connect();
  result<void> begin_log();
  result<void> begin_partitions(std::uint16_t first, std::uint16_t end);
  result<void> check_ids();
  result<void> catch_up(std::uint16_t partition);
  result<void> compare_all();
  result<void> compare(std::uint16_t partition);
  result<void> assign_all();
  void pump(milliseconds patience);
  void publish(record_ptr counting);
  result<void> begin_tailing();
  result<void> check_proposals(std::span<const record_ptr> batch);
  result<void> judge(std::span<const record_ptr> batch,
                     std::span<const delivery> reports);
  result<void> judge_partition(std::span<const record_ptr> records,
                               std::span<const delivery> reports);
  result<void> take_reported(std::span<const record_ptr> records,
                             std::span<const delivery> reports);

  kafka_options options_;
  std::string log_id_;
  std::string place_;
  std::unique_ptr<producer> producer_; // of the appending thread

  std::mutex mutex_;
  std::unique_ptr<consumer> live_;
  std::unique_ptr<history> history_;
  std::vector<topic_copy> copies_;
  std::array<std::string, partition_count> ids_; // that each begins with
  std::array<std::uint64_t, partition_count> tailed_{};
  bool tailing_ = false;
  std::vector<record_ptr> untailed_;
};

} // namespace varve::log::kafka
