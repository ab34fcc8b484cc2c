// The log on a Kafka topic.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "events/log.hpp"

namespace varve::log {

struct kafka_options {
  std::string brokers{}; // "host:port,host:port"
  std::string topic = "varve.events";
  // For a topic that is made: copies of each partition; from three on, a
  // write needs two of them.
  std::uint16_t replicas = 1;
  // How long one call may wait for the brokers.
  std::chrono::milliseconds patience{5000};
};

// Makes topic and log where there are none, and reads to the end. The log may
// be used by any thread, append() by one at a time. Errors: log_unavailable,
// log_diverged when the topic is not a whole log of ours, log_corrupt.
//
// A record counts for this node once its delivery report bears the offset
// that directly follows the last one known, or once it was read back; in
// doubt append() reads to the end before it answers.
result<std::unique_ptr<event_log>> open_kafka_log(kafka_options options);

} // namespace varve::log
