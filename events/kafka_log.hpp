// The log on a Kafka topic.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "events/log.hpp"

namespace varve::log {

struct kafka_options {
  std::string brokers{}; // "host:port,host:port"
  std::string topic = "varve.events";
  // For a topic that is made: copies of each partition; from three on, a
  // write needs two of them. 0: three where there are three brokers, else one.
  std::uint16_t replicas = 0;
  // How long one call may wait for the brokers.
  std::chrono::milliseconds patience{5000};
  // Of librdkafka's, by its names: how brokers are reached.
  std::vector<std::pair<std::string, std::string>> settings{};
  // Whether a topic is made where there is none, and one that is empty begun:
  // not where a log is copied to.
  bool makes_topic = true;
  bool begins = true;
};

// "kafka://host:port[,host:port...]/topic[?name=value&...]"; values may be
// %-encoded. A name is "replicas" or a setting of librdkafka, but none that
// the log's safety rests on. invalid, saying what is wrong.
result<kafka_options> parse_kafka_url(std::string_view url);

// The same settings from a file's text, so that secrets are on no command
// line: "name=value" a line, "#" begins a comment line.
result<void> add_kafka_settings(kafka_options& options, std::string_view text);

// Makes the topic where there is none, and refuses one that would lose
// records: log_diverged, naming the setting. Returns how many copies each
// partition has. log_unavailable.
result<unsigned> prepare_kafka_topic(const kafka_options& options);

// Makes topic and log where there are none, and reads to the end. The log may
// be used by any thread, append() by one at a time. Errors: log_unavailable,
// log_diverged when the topic is not a whole log of ours, log_corrupt.
//
// A record counts for this node once its delivery report bears the offset
// that directly follows the last one known, or once it was read back; in
// doubt append() reads to the end before it answers.
result<std::unique_ptr<event_log>> open_kafka_log(kafka_options options);

} // namespace varve::log
