#include "events/chain.hpp"

#include <utility>

namespace varve::log {

namespace {

bool begins_epoch(const record& r) noexcept {
  auto first = r.view().entries()->Get(0)->event_type();
  return first == schema::Event::EpochStarted
         || first == schema::Event::LogSealed;
}

std::string describe(const record& r) {
  return to_string(r.at()) + " of epoch " + std::to_string(r.view().epoch());
}

} // namespace

chain_head head_after(const record& r) noexcept {
  return {r.view().index() + 1, r.hash(), r.view().epoch(), r.view().time()};
}

std::string to_string(position at) {
  return "partition " + std::to_string(at.partition) + ", index "
         + std::to_string(at.index);
}

chain::chain(std::uint16_t partition, chain_head head, std::string log_id)
    : partition_(partition), head_(head), log_id_(std::move(log_id)) {
  // nop
}

result<record_ptr> chain::take(std::vector<std::byte> frame) {
  auto parsed = record::parse(std::move(frame));
  if (!parsed)
    return prefixed("at or after " + to_string({partition_, head_.next_index}),
                    std::move(parsed).error());
  VARVE_TRY(auto counts, take(*parsed.value()));
  return counts ? std::move(parsed).value() : record_ptr{};
}

result<bool> chain::take(const record& r) {
  if (r.view().partition() != partition_)
    return failure(errc::log_corrupt, "partition " + std::to_string(partition_)
                                          + " holds a record of "
                                          + describe(r));
  if (r.prev() == head_.hash) {
    VARVE_CHECK(check_link(r));
    head_ = head_after(r);
    return true;
  }
  if (is_explained(r))
    return false;
  return failure(errc::log_diverged,
                 "record " + describe(r) + " does not follow the head at "
                     + to_string({partition_, head_.next_index}) + " of epoch "
                     + std::to_string(head_.epoch)
                     + ", and no lost or late writer explains it");
}

result<void> chain::check_link(const record& r) const {
  const auto& view = r.view();
  const char* fault = nullptr;
  if (view.index() != head_.next_index)
    fault = "bears another index";
  else if (view.epoch() < head_.epoch)
    fault = "is of an older epoch";
  else if (view.time() < head_.time)
    fault = "is dated before it";
  if (fault)
    return failure(errc::log_corrupt,
                   "record " + describe(r) + " names the head at "
                       + to_string({partition_, head_.next_index}) + " and "
                       + fault);
  return head_.next_index == 0 ? check_first(r) : ok();
}

result<void> chain::check_first(const record& r) const {
  const auto* created = r.view().entries()->Get(0)->event_as_LogCreated();
  if (!created || created->partition() != partition_
      || created->partitions() != partition_count
      || created->partitioner()->string_view() != partitioner)
    return failure(errc::log_diverged,
                   "partition " + std::to_string(partition_)
                       + " does not begin as the log of this version");
  if (!log_id_.empty() && created->log_id()->string_view() != log_id_)
    return failure(errc::log_diverged,
                   "partition " + std::to_string(partition_) + " is of log "
                       + created->log_id()->str() + ", not " + log_id_);
  return ok();
}

// An owner writes EpochStarted, and anything after it, only on a head it has
// read, and every index once. So with all that came before in hand, a void
// record is a late one of an older epoch, a copy or a lost race for an index
// already taken, or one whose predecessor in its epoch never arrived. Of an
// epoch that has not begun here, only the lost race to begin it can be.
bool chain::is_explained(const record& r) const noexcept {
  if (head_.next_index == 0)
    return false;
  auto epoch = r.view().epoch();
  auto index = r.view().index();
  if (epoch < head_.epoch)
    return true;
  if (epoch > head_.epoch)
    return begins_epoch(r) && index < head_.next_index;
  return index != head_.next_index;
}

} // namespace varve::log
