// Scans of the store.
#include <utility>

#include "events/chain.hpp"
#include "events/store/keys.hpp"
#include "events/store/rocks_store.hpp"

namespace varve::log {

namespace {

// Bounds what one answer holds in memory, beside its number of records.
constexpr std::size_t answer_bytes = std::size_t{8} << 20;

// Who asks for so many records reads on: worth reading ahead, and no reason
// to push out of the cache what others ask for again.
constexpr std::size_t scan_records = 128;
constexpr std::size_t scan_ahead = 256 << 10;

std::vector<std::byte> frame_of(const rocksdb::Slice& value) {
  const auto* first = reinterpret_cast<const std::byte*>(value.data());
  return {first, first + value.size()};
}

// A record's hash proves its bytes; its place must be the one it claims.
result<record_ptr> parse_at(position at, const rocksdb::Slice& value) {
  auto parsed = record::parse(frame_of(value));
  if (!parsed)
    return prefixed(to_string(at), std::move(parsed).error());
  if (parsed.value()->at() != at)
    return failure(errc::log_corrupt,
                   to_string(at) + " holds another record's bytes");
  return parsed;
}

error missing(position at) {
  return error{errc::log_corrupt, to_string(at) + " is missing"};
}

error damaged(std::string_view family) {
  return error{errc::log_corrupt,
               "an entry of " + std::string{family} + " is damaged"};
}

} // namespace

result<record_ptr> rocks_store::record_at(position at) {
  rocksdb::PinnableSlice value;
  auto status = database_->Get({}, families_.records, keys::record(at), &value);
  if (status.IsNotFound())
    return missing(at);
  if (!status.ok())
    return from_status(to_string(at), status);
  return parse_at(at, value);
}

result<std::vector<record_ptr>> rocks_store::read(std::uint16_t partition,
                                                  std::uint64_t from,
                                                  std::size_t limit) {
  std::vector<record_ptr> out;
  VARVE_TRY(auto end, head(partition));
  auto last = keys::record({partition, end.next_index});
  rocksdb::Slice upper{last};
  rocksdb::ReadOptions how;
  how.iterate_upper_bound = &upper;
  if (limit >= scan_records) {
    how.fill_cache = false;
    how.readahead_size = scan_ahead;
  }
  iterator it{database_->NewIterator(how, families_.records)};
  std::size_t bytes = 0;
  position at{partition, from};
  for (it->Seek(keys::record(at)); it->Valid(); it->Next(), ++at.index) {
    if (out.size() == limit || bytes > answer_bytes)
      return out;
    if (it->key() != rocksdb::Slice{keys::record(at)})
      return missing(at);
    bytes += it->value().size();
    VARVE_TRY(auto r, parse_at(at, it->value()));
    out.push_back(std::move(r));
  }
  if (!it->status().ok())
    return from_status("at " + to_string(at), it->status());
  if (at.index < end.next_index && out.size() < limit)
    return missing(at);
  return out;
}

result<std::vector<record_ptr>>
rocks_store::read_stream(std::string_view aggregate_id,
                         std::uint64_t from_version, std::size_t limit) {
  std::vector<record_ptr> out;
  auto end = keys::stream_end(aggregate_id);
  rocksdb::Slice upper{end};
  rocksdb::ReadOptions how;
  how.iterate_upper_bound = &upper;
  iterator it{database_->NewIterator(how, families_.streams)};
  std::size_t bytes = 0;
  for (it->Seek(keys::stream(aggregate_id, from_version)); it->Valid();
       it->Next()) {
    auto at = keys::parse_position(it->value().ToStringView());
    if (!at)
      return damaged("streams");
    if (!out.empty() && out.back()->at() == *at)
      continue;
    if (out.size() == limit || bytes > answer_bytes)
      break;
    VARVE_TRY(auto r, record_at(*at));
    bytes += r->frame().size();
    out.push_back(std::move(r));
  }
  if (!it->status().ok())
    return from_status("stream " + std::string{aggregate_id}, it->status());
  return out;
}

result<std::vector<owing_aggregate>> rocks_store::outstanding() {
  std::vector<owing_aggregate> out;
  iterator it{database_->NewIterator({}, families_.outstanding)};
  for (it->SeekToFirst(); it->Valid(); it->Next()) {
    if (it->value().size() != 1)
      return damaged("outstanding");
    auto type = static_cast<std::uint8_t>(it->value()[0]);
    out.push_back({schema::AggregateType{type}, it->key().ToString()});
  }
  if (!it->status().ok())
    return from_status("outstanding", it->status());
  return out;
}

result<std::vector<due_aggregate>> rocks_store::due(timestamp now,
                                                    std::size_t limit) {
  std::vector<due_aggregate> out;
  iterator it{database_->NewIterator({}, families_.deadlines)};
  for (it->SeekToFirst(); it->Valid() && out.size() < limit; it->Next()) {
    auto key = keys::parse_deadline(it->key().ToStringView());
    auto armed = keys::parse_armed(it->value().ToStringView());
    if (!key || !armed)
      return damaged("deadlines");
    if (key->due > now)
      break;
    out.push_back(
        {key->due, armed->aggregate, std::string{key->id}, armed->version});
  }
  if (!it->status().ok())
    return from_status("deadlines", it->status());
  return out;
}

result<std::optional<timestamp>> rocks_store::next_due() {
  iterator it{database_->NewIterator({}, families_.deadlines)};
  it->SeekToFirst();
  if (!it->status().ok())
    return from_status("deadlines", it->status());
  if (!it->Valid())
    return std::optional<timestamp>{};
  auto key = keys::parse_deadline(it->key().ToStringView());
  if (!key)
    return damaged("deadlines");
  return std::optional{key->due};
}

} // namespace varve::log
