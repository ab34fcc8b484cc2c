#include "events/topic_copy.hpp"

#include <cstring>
#include <utility>

namespace varve::log {

topic_copy::topic_copy(std::uint16_t partition, std::string log_id)
    : chain_(partition, {}, std::move(log_id)) {
  // nop
}

result<record_ptr> topic_copy::take(std::int64_t offset,
                                    std::vector<std::byte> frame) {
  if (fault_)
    return *fault_;
  if (offset < next_offset_) {
    VARVE_CHECK(confirm(offset, frame));
    return record_ptr{};
  }
  auto parsed = record::parse(std::move(frame));
  if (!parsed) {
    position at{chain_.partition(), chain_.head().next_index};
    return stop(
        prefixed("at or after " + to_string(at), std::move(parsed).error()));
  }
  return follow(offset, std::move(parsed).value());
}

result<record_ptr> topic_copy::take(std::int64_t offset, record_ptr written) {
  if (fault_)
    return *fault_;
  if (offset < next_offset_)
    return record_ptr{};
  unconfirmed_.emplace(offset, written->hash());
  return follow(offset, std::move(written));
}

result<record_ptr> topic_copy::follow(std::int64_t offset, record_ptr next) {
  auto counts = chain_.take(*next);
  if (!counts)
    return stop(std::move(counts).error());
  next_offset_ = offset + 1;
  if (!counts.value())
    return record_ptr{};
  if (offsets_.empty())
    first_ = next->hash();
  offsets_.push_back(offset);
  settle(*next);
  return next;
}

result<void> topic_copy::confirm(std::int64_t offset,
                                 std::span<const std::byte> frame) {
  auto found = unconfirmed_.find(offset);
  if (found == unconfirmed_.end())
    return ok();
  auto same =
      frame.size() > sizeof(digest)
      && std::memcmp(frame.data(), found->second.data(), sizeof(digest)) == 0;
  unconfirmed_.erase(found);
  if (same)
    return ok();
  return part("holds another record where one of ours was acknowledged");
}

error topic_copy::stop(error cause) {
  if (!fault_)
    fault_ = std::move(cause);
  return *fault_;
}

error topic_copy::part(std::string why) {
  return stop({errc::log_diverged, "partition "
                                       + std::to_string(chain_.partition())
                                       + " " + std::move(why)});
}

result<void> topic_copy::compare(const topic_view& topic) {
  if (fault_)
    return *fault_;
  if (topic.begin != 0)
    return part("has lost its beginning");
  if (topic.end < next_offset_)
    return part("ends below what was read of it");
  if (offsets_.empty())
    return ok();
  VARVE_TRY(auto first, topic.record_at(offsets_.front()));
  VARVE_TRY(auto last, topic.record_at(offsets_.back()));
  if (first != first_)
    return part("is of another log");
  if (last != head().hash)
    return part("holds another record where this copy ends");
  // What lay behind it and was void may be something else by now.
  next_offset_ = offsets_.back() + 1;
  unconfirmed_.clear();
  return ok();
}

void topic_copy::await(const record& r) {
  awaited_[r.at().index] = {r.hash(), fate::unknown};
}

topic_copy::fate topic_copy::fate_of(const record& r) const noexcept {
  auto found = awaited_.find(r.at().index);
  return found == awaited_.end() || found->second.first != r.hash()
             ? fate::unknown
             : found->second.second;
}

void topic_copy::forget_awaited() noexcept {
  awaited_.clear();
}

// Every awaited record names the one awaited before it, so with one of them
// all later ones are dead.
void topic_copy::settle(const record& counting) noexcept {
  auto found = awaited_.find(counting.at().index);
  if (found == awaited_.end())
    return;
  if (found->second.first == counting.hash()) {
    found->second.second = fate::counts;
    return;
  }
  for (; found != awaited_.end(); ++found)
    found->second.second = fate::dead;
}

} // namespace varve::log
