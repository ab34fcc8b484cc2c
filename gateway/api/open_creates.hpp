// Creates that are not answered yet and that nobody could ask for again,
// having neither name nor key. They are noted in a file that outlives the
// process, so that what the death of a server left unanswered is taken back by
// the next one. It must not outlive the machine, whose end may lose that a
// create was answered: better one too many stays than one is taken back that
// somebody uses.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "events/base/result.hpp"

namespace varve::gateway {

// Any thread. Costs two writes to memory a create; nothing is synced.
class open_creates {
 public:
  struct entry {
    std::string organization_id;
    std::string sandbox_id;
  };

  open_creates() = default;
  open_creates(const open_creates&) = delete;
  open_creates& operator=(const open_creates&) = delete;
  ~open_creates();

  // Once, before the first create; until then nothing is noted. What an
  // earlier process left, each of which stays noted until it is settled.
  // Errors: io.
  result<std::vector<entry>> open(const std::string& file);

  void begin(const std::string& organization_id, const std::string& sandbox_id);
  // Answered, or its end is on the log.
  void settle(const std::string& sandbox_id);

 private:
  struct slot {
    std::array<char, 64> organization_id;
    std::array<char, 60> sandbox_id;
    std::uint32_t is_used; // written last
  };
  // More than there can be commands in flight (limits.hpp).
  static constexpr std::size_t slot_count = 8192;

  std::vector<entry> left_here();

  std::mutex mutex_;
  slot* slots_ = nullptr;
  std::vector<std::size_t> free_;
  std::unordered_map<std::string, std::size_t> used_;
};

} // namespace varve::gateway
