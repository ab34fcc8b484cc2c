// Writes records to their partitions of a topic.
#pragma once

#include <array>
#include <chrono>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "events/kafka/fast_path.hpp"
#include "events/kafka/handles.hpp"
#include "events/record.hpp"

namespace varve::log::kafka {

// One thread at a time.
class producer {
 public:
  static result<std::unique_ptr<producer>> open(const kafka_options& options);
  producer(const producer&) = delete;
  producer& operator=(const producer&) = delete;
  ~producer();

  // Writes in this order and waits until everything was reported or given
  // up; what was given up may still arrive.
  std::vector<delivery> write(std::span<const record_ptr> records);

  // Of the brokers it is connected to.
  result<std::string> cluster_id();

  // Whether an earlier write was never reported.
  bool has_unreported(std::uint16_t partition) const noexcept {
    return unreported_[partition] > 0;
  }

 private:
  struct group;
  struct slot {
    group* of = nullptr;
    std::uint16_t partition = 0;
    delivery heard;
  };
  struct group {
    std::vector<slot> slots;
    std::size_t outstanding = 0;
  };

  producer(std::string topic, std::chrono::milliseconds patience);
  static void on_report(rd_kafka_t*, const rd_kafka_message_t* message,
                        void* self);
  void enqueue(const record& r, slot& to);

  std::string topic_;
  std::chrono::milliseconds patience_;
  std::array<std::size_t, partition_count> unreported_{};
  std::vector<std::unique_ptr<group>> groups_;
  client_handle client_; // last: it may report until it is gone
};

} // namespace varve::log::kafka
