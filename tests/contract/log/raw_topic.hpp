// A topic in memory that does to its writers what networks and brokers do.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <mutex>
#include <utility>
#include <vector>

#include "events/topic_copy.hpp"

namespace varve::log::contract {

using frame = std::vector<std::byte>;

// What becomes of one write, and what its writer is told.
enum class write_fate : std::uint8_t {
  arrives,
  arrives_twice,
  arrives_late,   // when the topic is told to deliver
  arrives_unsaid, // but the writer hears nothing
  is_lost,
  is_acknowledged_and_lost,
};

// The order within a partition is total and the same for every reader; that
// much every back end promises. Any thread.
class raw_topic {
 public:
  using judge = std::function<write_fate()>;

  // Whether the writer is told that it arrived.
  bool write(std::uint16_t partition, frame bytes) {
    std::lock_guard guard{mutex_};
    auto fate = judge_ ? judge_() : write_fate::arrives;
    auto& to = partitions_[partition];
    switch (fate) {
    case write_fate::arrives:
      to.push_back(std::move(bytes));
      return true;
    case write_fate::arrives_twice:
      to.push_back(bytes);
      late_.emplace_back(partition, std::move(bytes));
      return true;
    case write_fate::arrives_late:
      late_.emplace_back(partition, std::move(bytes));
      return false;
    case write_fate::arrives_unsaid:
      to.push_back(std::move(bytes));
      return false;
    case write_fate::is_lost:
      return false;
    case write_fate::is_acknowledged_and_lost:
      return true;
    }
    return false;
  }

  // Lets the n-th write that is on its way arrive.
  void deliver_late(std::size_t n) {
    std::lock_guard guard{mutex_};
    if (late_.empty())
      return;
    auto it = late_.begin() + static_cast<std::ptrdiff_t>(n % late_.size());
    partitions_[it->first].push_back(std::move(it->second));
    late_.erase(it);
  }
  std::size_t on_their_way() const {
    std::lock_guard guard{mutex_};
    return late_.size();
  }

  std::size_t size(std::uint16_t partition) const {
    std::lock_guard guard{mutex_};
    return partitions_[partition].size();
  }
  frame at(std::uint16_t partition, std::size_t offset) const {
    std::lock_guard guard{mutex_};
    return partitions_[partition][offset];
  }

  topic_copy::topic_view view(std::uint16_t partition) const {
    return {0, static_cast<std::int64_t>(size(partition)),
            [this, partition](std::int64_t offset) -> result<digest> {
              auto bytes = at(partition, static_cast<std::size_t>(offset));
              digest out{};
              std::memcpy(out.data(), bytes.data(), out.size());
              return out;
            }};
  }

  // The judge of every further write; it may not call the topic.
  void set_judge(judge j) {
    std::lock_guard guard{mutex_};
    judge_ = std::move(j);
  }

  // Rises with every change that breaks its readers' connections.
  std::size_t connection() const {
    std::lock_guard guard{mutex_};
    return connection_;
  }

  // --- what no back end should do ------------------------------------------

  void cut(std::uint16_t partition, std::size_t keep) {
    std::lock_guard guard{mutex_};
    if (partitions_[partition].size() > keep)
      partitions_[partition].resize(keep);
    ++connection_;
  }
  void alter(std::uint16_t partition, std::size_t offset, std::size_t byte) {
    std::lock_guard guard{mutex_};
    partitions_[partition][offset][byte] ^= std::byte{1};
  }
  void become(const raw_topic& other) {
    std::scoped_lock guard{mutex_, other.mutex_};
    partitions_ = other.partitions_;
    ++connection_;
  }

 private:
  mutable std::mutex mutex_;
  std::array<std::vector<frame>, partition_count> partitions_;
  std::vector<std::pair<std::uint16_t, frame>> late_;
  judge judge_;
  std::size_t connection_ = 0;
};

} // namespace varve::log::contract
