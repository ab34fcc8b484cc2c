// Reads frames of a topic's partitions from offsets it is told.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "events/kafka/handles.hpp"

namespace varve::log::kafka {

struct fetched {
  std::uint16_t partition = 0;
  std::int64_t offset = 0;
  std::vector<std::byte> frame;
  // Set instead of a frame: this partition cannot be read on.
  std::optional<error> fault;
};

// One thread at a time, except where said.
class consumer {
 public:
  static result<std::unique_ptr<consumer>> open(const kafka_options& options);
  consumer(const consumer&) = delete;
  consumer& operator=(const consumer&) = delete;
  ~consumer();

  using start = std::pair<std::uint16_t, std::int64_t>;
  // Reads these partitions, and no others, from these offsets on.
  result<void> assign(const std::vector<start>& from);

  // The next frame of any of them, if one comes in time.
  std::optional<fetched> poll(std::chrono::milliseconds patience);

  // First offset and the one behind the last, asked of the broker.
  struct bounds {
    std::int64_t first = 0;
    std::int64_t end = 0;
  };
  result<bounds> ask_bounds(std::uint16_t partition);

  // Whether a connection was lost since this was last asked. Any thread.
  bool was_disturbed() noexcept {
    return disturbed_.exchange(false);
  }
  void disturb() noexcept {
    disturbed_ = true;
  }

 private:
  consumer(std::string topic, std::chrono::milliseconds patience);
  static void on_error(rd_kafka_t*, int code, const char*, void* self);
  rd_kafka_resp_err_t ask_offset(std::uint16_t partition, std::int64_t which,
                                 std::int64_t& answer);
  std::optional<fetched> unwrap(const rd_kafka_message_t& message);

  std::string topic_;
  std::chrono::milliseconds patience_;
  std::atomic<bool> disturbed_{false};
  client_handle client_;
  // Brokers answer a connection's requests in turn, and a fetch is one that
  // waits; so questions have a connection of their own.
  client_handle questions_;
};

} // namespace varve::log::kafka
