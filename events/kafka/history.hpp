// Reads records again that lie behind the live reader.
#pragma once

#include <chrono>
#include <memory>
#include <vector>

#include "events/kafka/consumer.hpp"
#include "events/topic_copy.hpp"

namespace varve::log::kafka {

// One thread at a time.
class history {
 public:
  history(std::unique_ptr<consumer> reader, std::chrono::milliseconds patience);

  // Which record lies there; by its frame's claim, unchecked.
  result<digest> record_at(std::uint16_t partition, std::int64_t offset);

  // Up to `limit` records that count from index `from` on.
  result<std::vector<record_ptr>> read(const topic_copy& copy,
                                       std::uint16_t partition,
                                       std::uint64_t from, std::size_t limit);

 private:
  result<fetched> next(std::uint16_t partition, std::int64_t offset);

  std::unique_ptr<consumer> reader_;
  std::chrono::milliseconds patience_;
  consumer::start place_{partition_count, 0}; // where it reads on by itself
};

} // namespace varve::log::kafka
