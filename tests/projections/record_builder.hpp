// Writes records of sandboxes, snapshots, keys, organizations and runners on
// the head of a store, as actors would decide them.
#pragma once

#include <cstdlib>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "events/base/ids.hpp"
#include "events/local_store.hpp"

namespace varve::projections::samples {

inline constexpr timestamp epoch_2026 = 1767225600000;

struct fixed_clock final : clock {
  timestamp now() const noexcept override {
    return epoch_2026;
  }
};

struct sandbox_shape {
  std::string name = {};
  std::map<std::string, std::string> labels = {};
  std::uint32_t cpu_millis = 1000;
  std::uint32_t memory_mib = 1024;
  std::uint32_t disk_gib = 3;
  std::string snapshot = "base";
  std::string region = "local";
  std::string runner = "runner-1";
  bool is_public = false;
};

inline std::vector<std::unique_ptr<schema::PairT>>
pairs_of(const std::map<std::string, std::string>& from) {
  std::vector<std::unique_ptr<schema::PairT>> out;
  for (const auto& [key, value] : from) {
    out.push_back(std::make_unique<schema::PairT>());
    out.back()->key = key;
    out.back()->value = value;
  }
  return out;
}

inline schema::SandboxCreatedT created(const sandbox_shape& shape) {
  schema::SandboxCreatedT out;
  out.name = shape.name;
  out.snapshot_id = "snapshot-of-" + shape.snapshot;
  out.snapshot_name = shape.snapshot;
  out.image_ref = "sha256:0";
  out.user = "daytona";
  out.env_sealed = {1, 2, 3, 0, 255};
  out.env_names = {"A"};
  out.labels = pairs_of(shape.labels);
  out.is_public = shape.is_public;
  out.region = shape.region;
  out.resources = std::make_unique<schema::Resources>(
      shape.cpu_millis, shape.memory_mib, shape.disk_gib, 0);
  out.timers = std::make_unique<schema::TimersT>();
  out.timers->auto_stop = 7;
  out.timers->auto_delete = -1;
  out.runner_id = shape.runner;
  return out;
}

inline schema::SandboxLabelsReplacedT
labels(const std::map<std::string, std::string>& to) {
  schema::SandboxLabelsReplacedT out;
  out.labels = pairs_of(to);
  return out;
}

inline schema::SandboxFailedT failed(std::string reason, bool recoverable) {
  schema::SandboxFailedT out;
  out.reason = std::move(reason);
  out.recoverable = recoverable;
  return out;
}

inline std::unique_ptr<schema::Digest> digest_of(const log::digest& bytes) {
  return std::make_unique<schema::Digest>(
      flatbuffers::span<const std::uint8_t, 32>{bytes});
}

// Not for several threads. Time goes on by a millisecond a record, or as set.
class record_builder {
 public:
  explicit record_builder(log::local_store& store) : store_{store} {
    // nop
  }

  timestamp now = epoch_2026;
  schema::Cause cause = schema::Cause::User;

  // One event of a sandbox, in its organization's partition.
  template <class Event>
  log::record_ptr sandbox(const std::string& organization,
                          const std::string& id, Event event) {
    return write(organization, organization, schema::AggregateType::Sandbox, id,
                 std::move(event));
  }
  template <class Event>
  log::record_ptr organization(const std::string& id, Event event) {
    return write(id, id, schema::AggregateType::Organization, id,
                 std::move(event));
  }
  template <class Event>
  log::record_ptr runner(const std::string& id, Event event) {
    return write(id, "", schema::AggregateType::Runner, id, std::move(event));
  }
  // A general one lies in a partition of its own, without an organization.
  template <class Event>
  log::record_ptr snapshot(const std::string& organization,
                           const std::string& id, Event event) {
    return write(organization.empty() ? id : organization, organization,
                 schema::AggregateType::Snapshot, id, std::move(event));
  }

 private:
  template <class Event>
  log::record_ptr
  write(const std::string& partitioned_by, const std::string& organization,
        schema::AggregateType aggregate, const std::string& id, Event event) {
    auto entry = std::make_unique<schema::EntryT>();
    entry->aggregate = aggregate;
    entry->aggregate_id = id;
    auto before = store_.latest(id);
    must(before.has_value());
    entry->version = before.value() ? before.value()->version + 1 : 1;
    entry->event.Set(std::move(event));
    return put(partitioned_by, organization, std::move(entry));
  }

  log::record_ptr put(const std::string& partitioned_by,
                      const std::string& organization,
                      std::unique_ptr<schema::EntryT> entry) {
    auto partition = log::partition_of(partitioned_by);
    auto head = store_.head(partition);
    must(head.has_value());
    schema::RecordT content;
    auto id = uuid::v7(now);
    content.id.assign(id.bytes.begin(), id.bytes.end());
    content.prev = digest_of(head.value().hash);
    content.epoch = head.value().epoch;
    content.index = head.value().next_index;
    content.partition = partition;
    content.time = now++;
    content.organization_id = organization;
    content.principal = "system";
    content.cause = cause;
    content.entries.push_back(std::move(entry));
    auto sealed = log::record::seal(content);
    must(sealed.has_value());
    std::vector<log::record_ptr> batch{sealed.value()};
    must(store_.put(batch, false).has_value());
    return sealed.value();
  }

  static void must(bool holds) {
    if (!holds)
      std::abort();
  }

  log::local_store& store_;
};

} // namespace varve::projections::samples
