// The rule that makes a totally ordered log safe: a record counts only if it
// names the head of its partition's chain. Pure; one reader each.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "events/record.hpp"

namespace varve::log {

// The head once `r`, which names the present one, counts.
chain_head head_after(const record& r) noexcept;

// "partition 7, index 12": how errors name a record.
std::string to_string(position at);

// Folds one partition's records in back-end order. An intact record either
// counts or is void and skipped; anything else ends the reading: the head
// stays where it was, and the partition may neither be owned nor be served as
// current until it is read again.
class chain {
 public:
  // From the first record, or onwards from a saved head. With `log_id`, a log
  // that bears another one is refused.
  explicit chain(std::uint16_t partition, chain_head head = {},
                 std::string log_id = {});

  // The record if it counts, null if it is void. Errors:
  //   log_corrupt   the hash does not fit the bytes, or the record names the
  //                 head and yet breaks a rule (place, epoch, time)
  //   log_diverged  it is void and nothing explains why: this copy and the
  //                 log have parted
  //   malformed     intact, but no record
  result<record_ptr> take(std::vector<std::byte> frame);
  // The same for a record that was parsed: whether it counts.
  result<bool> take(const record& r);

  const chain_head& head() const noexcept {
    return head_;
  }
  std::uint16_t partition() const noexcept {
    return partition_;
  }

 private:
  result<void> check_link(const record& r) const;
  result<void> check_first(const record& r) const;
  bool is_explained(const record& r) const noexcept;

  std::uint16_t partition_;
  chain_head head_;
  std::string log_id_;
};

} // namespace varve::log
