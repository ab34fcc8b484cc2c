// Turns proposals into records that count, a group at a time. Knows nothing
// of actors; blocks on the log, so it lives on a thread of its own.
#pragma once

#include <array>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "actors/host/proposal.hpp"
#include "events/local_store.hpp"
#include "events/log.hpp"

namespace varve::host {

class committer {
 public:
  committer(log::event_log& log, log::local_store& store, const clock& time,
            std::string node, std::string address);

  // Reads every partition's head and begins an epoch on it. Nothing can be
  // committed before it succeeded, nor after a doubt until it does again.
  // Returns the records it wrote.
  result<std::vector<log::record_ptr>> begin_epoch();

  bool owns() const noexcept {
    return owns_;
  }
  // Rises with every epoch begun here: proposals of an earlier term were
  // decided on what may not count.
  std::uint64_t term() const noexcept {
    return term_;
  }
  std::uint64_t epoch_of(std::uint16_t partition) const noexcept {
    return heads_[partition].epoch;
  }

  // From now on only what this term of the organization's actor admitted is
  // admitted.
  void admit_only(const std::string& organization_id,
                  std::uint64_t admission_term);

  // One append for all of them. Verdicts are in the order of the proposals.
  // Where it is unknown whether the append counts there are none: owns() is
  // false and resolve() tells after the next epoch began.
  std::vector<verdict> commit(std::span<proposal* const> proposals);

  bool has_doubts() const noexcept {
    return !doubtful_.empty();
  }
  // What became of the proposals of the commit that was in doubt.
  // @pre owns()
  result<std::vector<verdict>> resolve();

 private:
  using stream_versions = std::vector<std::pair<std::string, std::uint64_t>>;

  result<log::record_ptr> prepare(proposal& p, log::disk_state disk);
  result<void> check(const proposal& p, log::disk_state disk);
  result<std::uint64_t> version_of(const std::string& stream);
  result<stream_versions> number(const proposal& p, schema::RecordT& content);
  verdict judge(proposal& p, log::disk_state disk);
  void take_back(std::span<verdict> verdicts, errc code,
                 const std::string& why);

  log::event_log& log_;
  log::local_store& store_;
  const clock& time_;
  std::string node_;
  std::string address_;

  bool owns_ = false;
  std::uint64_t term_ = 0;
  // Heads and versions once everything prepared so far counts.
  std::array<log::chain_head, log::partition_count> heads_{};
  std::unordered_map<std::string, std::uint64_t> versions_;
  std::unordered_map<std::string, std::uint64_t> admission_terms_;
  std::vector<verdict> doubtful_;
};

} // namespace varve::host
