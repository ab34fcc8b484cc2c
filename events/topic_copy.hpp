// What one reader knows of one partition of a raw topic: a sequence of frames
// in which anybody may have written anything, under offsets of the back end's
// own. Shared by every back end that is not the store itself.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "events/chain.hpp"

namespace varve::log {

// The chain, where its records lie, and what became of records that were
// written and not yet seen. One thread at a time.
class topic_copy {
 public:
  explicit topic_copy(std::uint16_t partition, std::string log_id = {});

  // The next frame in the topic's order; one below next_offset() was taken
  // before and is passed over. The record if it counts. After an error every
  // further call repeats it.
  result<record_ptr> take(std::int64_t offset, std::vector<std::byte> frame);
  // The same for a record of our own that is said to lie there; when the frame
  // is read after all it must be that record.
  result<record_ptr> take(std::int64_t offset, record_ptr written);

  // The topic as it is: where it begins and ends, and which record lies at an
  // offset.
  struct topic_view {
    std::int64_t begin = 0;
    std::int64_t end = 0;
    std::function<result<digest>(std::int64_t offset)> record_at;
  };
  // To be called on every connection: log_diverged, from then on, when the
  // topic lost its beginning, ends below this copy or bears another first or
  // last record.
  // Otherwise reading goes on behind the last record that counts.
  result<void> compare(const topic_view& topic);

  // Nothing more is taken, for this reason.
  error stop(error cause);
  const std::optional<error>& fault() const noexcept {
    return fault_;
  }

  const chain_head& head() const noexcept {
    return chain_.head();
  }
  // Nothing below it is still to be taken.
  std::int64_t next_offset() const noexcept {
    return next_offset_;
  }
  // Where the record of this index lies; it counts.
  std::int64_t offset_of(std::uint64_t index) const noexcept {
    return offsets_[index];
  }

  // --- records on their way ------------------------------------------------

  enum class fate : std::uint8_t { unknown, counts, dead };

  // A record about to be written. Its fate is known once it, or another that
  // names the same head, counts; a void copy proves nothing.
  void await(const record& r);
  fate fate_of(const record& r) const noexcept;
  void forget_awaited() noexcept;

 private:
  error part(std::string why);
  result<void> confirm(std::int64_t offset, std::span<const std::byte> frame);
  result<record_ptr> follow(std::int64_t offset, record_ptr next);
  void settle(const record& counting) noexcept;

  chain chain_;
  std::vector<std::int64_t> offsets_; // by index
  std::int64_t next_offset_ = 0;
  digest first_{};
  std::optional<error> fault_;
  std::map<std::int64_t, digest> unconfirmed_;               // by offset
  std::map<std::uint64_t, std::pair<digest, fate>> awaited_; // by index
};

} // namespace varve::log
