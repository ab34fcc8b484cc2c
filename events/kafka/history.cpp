#include "events/kafka/history.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace varve::log::kafka {

namespace {

// Bounds what one answer holds in memory, beside its number of records.
constexpr std::size_t answer_bytes = std::size_t{8} << 20;

using std::chrono::steady_clock;

} // namespace

history::history(std::unique_ptr<consumer> reader,
                 std::chrono::milliseconds patience)
    : reader_(std::move(reader)), patience_(patience) {
  // nop
}

// The frame at this offset, or the first behind it.
result<fetched> history::next(std::uint16_t partition, std::int64_t offset) {
  if (place_ != consumer::start{partition, offset}) {
    VARVE_CHECK(reader_->assign({{partition, offset}}));
    place_ = {partition, offset};
  }
  auto deadline = steady_clock::now() + patience_;
  while (steady_clock::now() < deadline) {
    auto got = reader_->poll(std::chrono::milliseconds{50});
    if (!got || got->partition != partition)
      continue;
    if (got->fault)
      return *got->fault;
    if (got->offset < offset)
      continue;
    place_.second = got->offset + 1;
    return std::move(*got);
  }
  return failure(errc::log_unavailable, "kafka: reading partition "
                                            + std::to_string(partition)
                                            + " took too long");
}

result<digest> history::record_at(std::uint16_t partition,
                                  std::int64_t offset) {
  VARVE_TRY(auto got, next(partition, offset));
  digest out{};
  if (got.offset == offset)
    std::memcpy(out.data(), got.frame.data(),
                std::min(out.size(), got.frame.size()));
  return out;
}

result<std::vector<record_ptr>> history::read(const topic_copy& copy,
                                              std::uint16_t partition,
                                              std::uint64_t from,
                                              std::size_t limit) {
  std::vector<record_ptr> out;
  std::size_t bytes = 0;
  auto end = copy.head().next_index;
  for (auto i = from; i < end && out.size() < limit && bytes < answer_bytes;) {
    auto offset = copy.offset_of(i);
    auto reads_on = place_.first == partition && place_.second <= offset;
    VARVE_TRY(auto got, next(partition, reads_on ? place_.second : offset));
    if (got.offset < offset)
      continue; // void
    bytes += got.frame.size();
    VARVE_TRY(auto r, record::parse(std::move(got.frame)));
    if (r->at() != position{partition, i})
      return failure(errc::log_diverged,
                     to_string({partition, i}) + " is another record now");
    out.push_back(std::move(r));
    ++i;
  }
  return out;
}

} // namespace varve::log::kafka
