// A runner that does nothing but answer, as reliably as it is told to.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "actors/runner_port.hpp"
#include "events/base/clock.hpp"

namespace varve {

class fake_runner final : public runner_port {
 public:
  // How it treats the next operations.
  bool loses_operations = false;
  bool loses_outcomes = false; // until flush() is called again
  bool duplicates = false;
  bool answers = true;
  schema::Result result = schema::Result::Done;
  timestamp used_at = 0; // when anything was used last
  std::string error;

  // What the kernel would say.
  std::map<std::string, schema::Present> present;
  // Everything it was handed, in order.
  std::vector<schema::OperationT> operations;
  std::set<std::pair<std::string, std::uint64_t>> acknowledged;

  void submit(schema::OperationT operation) override {
    if (loses_operations)
      return;
    operations.push_back(operation);
    if (!answers)
      return;
    if (auto known = answered_.find(operation.id); known != answered_.end())
      return report(known->second);
    report(perform(operation));
  }

  void acknowledge(std::string_view sandbox_id,
                   std::uint64_t sequence) override {
    acknowledged.emplace(sandbox_id, sequence);
    std::erase_if(outbox, [&](const auto& o) {
      return o.sandbox_id == sandbox_id && o.sequence == sequence;
    });
  }

  // Hands over what is in the outbox; it stays there until acknowledged.
  void flush(runner_reports& to) {
    auto now = outbox;
    for (const auto& outcome : now) {
      to.outcome(outcome);
      if (duplicates)
        to.outcome(outcome);
    }
  }

  std::vector<schema::OperationT> of(const std::string& sandbox_id) const {
    std::vector<schema::OperationT> out;
    for (const auto& o : operations)
      if (o.sandbox_id == sandbox_id)
        out.push_back(o);
    return out;
  }

  std::uint64_t next_sequence(const std::string& sandbox_id) {
    return ++sequences_[sandbox_id];
  }

  schema::InventoryT inventory(timestamp now) const {
    schema::InventoryT out;
    out.runner_id = "runner-1";
    out.journal_id = "journal-1";
    out.taken_at = now;
    for (const auto& [id, what] : present) {
      auto item = std::make_unique<schema::InventoryItemT>();
      item->sandbox_id = id;
      item->present = what;
      out.items.push_back(std::move(item));
    }
    return out;
  }

  std::deque<schema::OutcomeT> outbox;

 private:
  schema::OutcomeT perform(const schema::OperationT& o) {
    schema::OutcomeT out;
    auto busy = o.idle_since != 0 && used_at > o.idle_since;
    if (busy)
      out.last_used = used_at;
    else if (result == schema::Result::Done)
      apply(o);
    out.operation_id = o.id;
    out.kind = o.kind;
    out.sandbox_id = o.sandbox_id;
    out.version = o.version;
    out.result = busy ? schema::Result::Busy : result;
    out.error = error;
    auto found = present.find(o.sandbox_id);
    out.present =
        found == present.end() ? schema::Present::Absent : found->second;
    out.journal_id = "journal-1";
    out.sequence = next_sequence(o.sandbox_id);
    answered_[o.id] = out;
    return out;
  }

  void apply(const schema::OperationT& o) {
    if (o.kind == schema::OperationKind::Destroy)
      present.erase(o.sandbox_id);
    else if (o.kind == schema::OperationKind::Stop)
      present[o.sandbox_id] = schema::Present::Stopped;
    else if (o.kind == schema::OperationKind::Archive)
      present[o.sandbox_id] = schema::Present::Archived;
    else if (o.kind == schema::OperationKind::Pause)
      present[o.sandbox_id] = schema::Present::Paused;
    else
      present[o.sandbox_id] = schema::Present::Running;
  }

  void report(const schema::OutcomeT& outcome) {
    outbox.push_back(outcome);
  }

  std::map<std::string, schema::OutcomeT> answered_;
  std::map<std::string, std::uint64_t> sequences_;
};

} // namespace varve
