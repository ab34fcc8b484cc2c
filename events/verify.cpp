#include "events/verify.hpp"

#include <algorithm>
#include <string>

#include "events/chain.hpp"

namespace varve::log {

namespace {

constexpr std::size_t at_once = 4096;

// All partitions must be of the log that the first one names.
result<std::string> log_id_of(local_store& store) {
  VARVE_TRY(auto first, store.read(0, 0, 1));
  if (first.empty())
    return std::string{};
  const auto* created =
      first[0]->view().entries()->Get(0)->event_as_LogCreated();
  return created ? created->log_id()->str() : std::string{};
}

result<void> follow(local_store& store, chain& reader, verified& sum) {
  auto p = reader.partition();
  for (;;) {
    VARVE_TRY(auto records, store.read(p, reader.head().next_index, at_once));
    if (records.empty())
      break;
    for (const auto& r : records) {
      VARVE_TRY(auto counts, reader.take(*r));
      if (!counts)
        return failure(errc::log_corrupt,
                       to_string(r->at())
                           + " does not name the record before it");
      ++sum.records;
      sum.bytes += r->frame().size();
    }
  }
  sum.heads[p] = reader.head();
  return ok();
}

// The head before index `from`, which is above 0.
result<chain_head> head_before(local_store& store, std::uint16_t partition,
                               std::uint64_t from) {
  VARVE_TRY(auto before, store.read(partition, from - 1, 1));
  if (before.empty())
    return failure(errc::log_corrupt,
                   to_string({partition, from - 1}) + " is missing");
  return head_after(*before[0]);
}

} // namespace

result<verified> verify_chains(local_store& store) {
  return verify_tails(store, ~std::uint64_t{0});
}

result<verified> verify_tails(local_store& store, std::uint64_t records) {
  verified sum;
  VARVE_TRY(auto log_id, log_id_of(store));
  for (std::uint16_t p = 0; p < partition_count; ++p) {
    VARVE_TRY(auto end, store.head(p));
    chain_head start;
    if (end.next_index > records) {
      VARVE_TRY(start, head_before(store, p, end.next_index - records));
    }
    chain reader{p, start, log_id};
    VARVE_CHECK(follow(store, reader, sum));
  }
  return sum;
}

} // namespace varve::log
