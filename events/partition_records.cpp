#include "events/partition_records.hpp"

#include <algorithm>
#include <memory>
#include <utility>

#include "events/base/ids.hpp"

namespace varve::log {

namespace {

template <class Event>
schema::RecordT own_record(const chain_head& head, std::uint64_t epoch,
                           std::uint16_t partition, timestamp now,
                           Event event) {
  schema::RecordT out;
  auto time = std::max(now, head.time);
  auto id = uuid::v7(time);
  out.id.assign(id.bytes.begin(), id.bytes.end());
  out.prev = std::make_unique<schema::Digest>(
      flatbuffers::span<const std::uint8_t, 32>{head.hash});
  out.epoch = epoch;
  out.index = head.next_index;
  out.partition = partition;
  out.time = time;
  out.principal = "system";
  out.cause = schema::Cause::System;
  auto entry = std::make_unique<schema::EntryT>();
  entry->aggregate = schema::AggregateType::Log;
  entry->aggregate_id = log_stream(partition);
  entry->version = epoch + 1;
  entry->event.Set(std::move(event));
  out.entries.push_back(std::move(entry));
  return out;
}

} // namespace

std::string log_stream(std::uint16_t partition) {
  return "log-" + std::to_string(partition);
}

schema::RecordT log_created(std::string_view log_id, std::uint16_t partition,
                            timestamp now) {
  schema::LogCreatedT event;
  event.log_id = log_id;
  event.partition = partition;
  event.partitions = partition_count;
  event.partitioner = partitioner;
  return own_record({}, 0, partition, now, std::move(event));
}

schema::RecordT epoch_started(const chain_head& head, std::uint16_t partition,
                              std::string_view node, std::string_view address,
                              timestamp now) {
  schema::EpochStartedT event;
  event.node = node;
  event.address = address;
  return own_record(head, head.epoch + 1, partition, now, std::move(event));
}

schema::RecordT log_sealed(const chain_head& head, std::uint16_t partition,
                           std::string_view place, timestamp now) {
  schema::LogSealedT event;
  event.place = place;
  return own_record(head, head.epoch + 1, partition, now, std::move(event));
}

} // namespace varve::log
