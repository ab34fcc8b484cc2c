// Small valid records for tests of the log.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "events/base/ids.hpp"
#include "events/chain.hpp"
#include "events/partition_records.hpp"

namespace varve::log::samples {

inline constexpr timestamp epoch_2026 = 1767225600000;

struct entry_options {
  schema::AggregateType aggregate = schema::AggregateType::Sandbox;
  std::uint64_t organization_version = 0;
  timestamp deadline = 0;
  bool owes = false;
};

inline std::unique_ptr<schema::EntryT> label_entry(std::string id,
                                                   std::uint64_t version,
                                                   std::string value = "x",
                                                   entry_options options = {}) {
  schema::SandboxLabelsReplacedT event;
  auto label = std::make_unique<schema::PairT>();
  label->key = "label";
  label->value = std::move(value);
  event.labels.push_back(std::move(label));
  auto entry = std::make_unique<schema::EntryT>();
  entry->aggregate = options.aggregate;
  entry->aggregate_id = std::move(id);
  entry->version = version;
  entry->organization_version = options.organization_version;
  entry->deadline = options.deadline;
  entry->owes = options.owes;
  entry->event.Set(std::move(event));
  return entry;
}

// Names `head`, in the head's epoch, without entries.
inline schema::RecordT bare_record(const chain_head& head,
                                   std::uint16_t partition,
                                   timestamp now = epoch_2026) {
  schema::RecordT out;
  auto id = uuid::v7(now);
  out.id.assign(id.bytes.begin(), id.bytes.end());
  out.prev = std::make_unique<schema::Digest>(
      flatbuffers::span<const std::uint8_t, 32>{head.hash});
  out.epoch = head.epoch;
  out.index = head.next_index;
  out.partition = partition;
  out.time = std::max(now, head.time);
  out.principal = "system";
  out.cause = schema::Cause::User;
  return out;
}

inline record_ptr sealed(const schema::RecordT& content) {
  auto out = record::seal(content);
  return out ? std::move(out).value() : nullptr;
}

inline record_ptr label_record(const chain_head& head, std::uint16_t partition,
                               std::string id, std::uint64_t version,
                               std::string value = "x",
                               entry_options options = {}) {
  auto content = bare_record(head, partition);
  content.entries.push_back(
      label_entry(std::move(id), version, std::move(value), options));
  return sealed(content);
}

inline std::vector<std::byte> copy_frame(const record& r) {
  return {r.frame().begin(), r.frame().end()};
}

} // namespace varve::log::samples
