// The Log port: a totally ordered sequence per partition in which a record
// counts only if it names the head of its partition's chain.
#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "events/disk_state.hpp"
#include "events/record.hpp"

namespace varve::log {

class event_log {
 public:
  virtual ~event_log() = default;

  // Named in LogCreated of every partition.
  virtual const std::string& log_id() const noexcept = 0;

  // Where it lies, as LogSealed names it; empty: nowhere it could be moved to.
  virtual std::string place() const {
    return {};
  }

  // Appends sealed records, each naming the head its partition has once the
  // records before it in the batch count. Blocks until it is known:
  //   ok            every record counts and is durable
  //   log_void      at least one does not count, nor anything of its
  //                 partition from there on: read the heads, begin an epoch,
  //                 decide again
  //   log_full      nothing was written: not enough disk
  //   log_corrupt   refused, nothing was written: one breaks a rule of the
  //                 chain or leaves a gap in a stream; its partition stops
  //   log_doubt     unknown: stop acknowledging, read the head, begin an epoch
  // One thread at a time; never a CAF scheduler thread.
  virtual result<void> append(std::span<const record_ptr> batch) = 0;

  // How much may still be written; a writer refuses what does not fit before
  // it appends. Any thread.
  virtual disk_state disk() {
    return disk_state::ample;
  }

  // The last record that counts, read from the back end.
  virtual result<chain_head> head(std::uint16_t partition) = 0;

  // Up to `limit` records that count, in order, from index `from` on; an
  // empty answer means the end. Void records are skipped, a corrupt one stops
  // with log_corrupt naming its position, a parted copy with log_diverged.
  virtual result<std::vector<record_ptr>>
  read(std::uint16_t partition, std::uint64_t from, std::size_t limit) = 0;

  // Waits up to `patience` for records of any partition that count and lie
  // beyond what this call returned before, or were there when the log was
  // opened. A partition that stopped is left out; its head() says why.
  virtual result<std::vector<record_ptr>>
  tail(std::chrono::milliseconds patience) = 0;
};

} // namespace varve::log
