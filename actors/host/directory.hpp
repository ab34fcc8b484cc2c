// Who is in memory. Finds or spawns the actor of an aggregate, counts what is
// in flight and lets idle ones go. Any thread; nothing here blocks.
#pragma once

#include <array>
#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "actors/host/messages.hpp"

namespace varve::host {

struct slot;
using slot_ptr = std::shared_ptr<slot>;

// What is in flight at once, before new commands are too_busy.
struct flight_limits {
  std::size_t node = 8192;
  std::size_t organization = 4096;
  std::size_t aggregate = 64;
};

// Makes the actor of a slot. With records, they are its whole stream.
using spawn_function = std::function<aggregate_handle(
    const slot_ptr&, std::vector<log::record_ptr>)>;

class directory {
 public:
  directory(flight_limits limits, spawn_function spawn);

  // Counts a client's command in, or says too_busy.
  result<void> admit(delivery& d);
  // Sends it to the aggregate's actor, which is spawned when it is not in
  // memory. Answers too_busy itself when the aggregate has too many.
  void deliver(const delivery_ptr& d);
  // Puts a newborn aggregate in memory, which then does what it owes.
  void adopt(const aggregate_key& key, const log::record_ptr& birth);
  // To an actor in memory only.
  void tell(const aggregate_key& key, const log::record_ptr& record);

  // The actor will not decide any more: the next delivery spawns another.
  void detach(const slot_ptr& ended);
  // Ends actors not used since tick `idle_before`; reminds busy ones to look
  // for what takes too long.
  void sweep(std::uint64_t now, std::uint64_t idle_before);
  // Ends all and spawns no more: deliveries are answered shutting_down.
  void close();

  std::size_t in_flight() const noexcept {
    return node_->load();
  }
  std::size_t in_memory() const;

  // The tick that new deliveries and uses are dated with.
  void set_now(std::uint64_t tick) noexcept {
    now_.store(tick, std::memory_order_relaxed);
  }
  std::uint64_t now() const noexcept {
    return now_.load(std::memory_order_relaxed);
  }

 private:
  using counter = std::shared_ptr<std::atomic<std::size_t>>;
  static constexpr std::size_t shard_count = 64;

  struct shard {
    mutable std::mutex mutex;
    // By aggregate id; ids are unique over all kinds.
    std::unordered_map<std::string_view, slot_ptr> slots;
    // In flight by organization id.
    std::unordered_map<std::string, counter> organizations;
  };

  shard& shard_of(std::string_view id);
  slot_ptr& slot_of(shard& s, const aggregate_key& key,
                    std::vector<log::record_ptr> birth);
  std::size_t limit_of(const aggregate_key& to) const noexcept;
  counter organization_counter(const std::string& id);

  flight_limits limits_;
  spawn_function spawn_;
  std::atomic<std::uint64_t> now_{0};
  std::atomic<bool> closed_{false};
  counter node_;
  std::array<shard, shard_count> shards_;
};

// Shared by the directory, the actor and whatever is in flight to it.
struct slot {
  aggregate_key key;
  aggregate_handle actor; // guarded by the shard
  std::atomic<std::size_t> in_flight{0};
  std::atomic<std::uint64_t> used_tick{0};
};

} // namespace varve::host
