// A model of several nodes that all may believe they own one partition.
#pragma once

#include <cstdint>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "events/topic_copy.hpp"
#include "tests/contract/log/raw_topic.hpp"

namespace varve::log::contract {

// One node: reads the topic at its own pace, begins epochs on the heads it has
// read, writes ahead of what it has read back, and acknowledges what it has
// read back. It gives its epoch up when one of its records is dead or too long
// unknown, or when another epoch counts.
class model_node {
 public:
  model_node(std::string name, std::shared_ptr<raw_topic> topic);

  // Takes up to `most` frames; first compares with the topic when the
  // connection is another one.
  void read(std::size_t most);
  void reconnect();
  void begin_epoch();
  // Decides one command on everything it believes to count.
  void write_ahead();
  // Doubt: whatever is not read back by now is given up.
  void give_up();

  bool owns() const noexcept {
    return owning_;
  }
  const topic_copy& copy() const noexcept {
    return copy_;
  }
  const std::vector<digest>& acknowledged() const noexcept {
    return acknowledged_;
  }
  const std::vector<record_ptr>& counting() const noexcept {
    return counting_;
  }

 private:
  void learn(record_ptr counting);
  std::size_t unread() const;
  record_ptr decide();

  std::string name_;
  std::shared_ptr<raw_topic> topic_;
  topic_copy copy_{0};
  std::vector<record_ptr> counting_;
  std::vector<digest> acknowledged_;
  std::set<digest> in_flight_;
  chain_head ahead_; // with everything in flight
  std::uint64_t commands_ahead_ = 0;
  std::uint64_t commands_ = 0;
  std::size_t connection_ = 0;
  bool claiming_ = false;
  bool owning_ = false;
};

struct model_options {
  std::size_t nodes = 4;
  std::size_t steps = 300;
  // Chances in a thousand writes.
  unsigned lost = 60;
  unsigned late = 100;
  unsigned twice = 60;
  unsigned unsaid = 60;
};

// A run with one seed. What its end breaks, in words; empty = nothing.
class owner_model {
 public:
  owner_model(std::uint64_t seed, model_options options);

  void run(std::size_t steps);
  // Lets everything arrive and everybody read to the end.
  void settle();
  // Nothing acknowledged is lost or there twice; what counts was decided on
  // exactly what counts before it; everybody agrees.
  std::vector<std::string> broken_promises();
  // Nobody who read the topic before it was damaged believes to be current
  // with it and is not.
  std::vector<std::string> unnoticed_divergence();

  std::size_t acknowledged() const;
  std::size_t epochs() const;
  raw_topic& topic() noexcept {
    return *topic_;
  }
  std::uint64_t draw(std::uint64_t below);

 private:
  void step();
  write_fate fate();

  std::mt19937_64 random_;
  model_options options_;
  std::shared_ptr<raw_topic> topic_ = std::make_shared<raw_topic>();
  std::vector<model_node> nodes_;
};

} // namespace varve::log::contract
