// What the host of an aggregate needs of it, whatever kind it is.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "actors/host/delivery.hpp"

namespace varve::host {

// The organization admits it; now the sandbox decides.
struct admitted_start {
  std::string sandbox_id;
};

// The sandbox may be forked; now its organization makes the child.
struct granted_fork {};

using consideration = std::variant<decision, admitted_start, granted_fork>;

// An operation for the runner of a sandbox or snapshot.
struct due_operation {
  sandbox::operation_owed operation;
  sandbox::allotment has; // what it is to run with
  std::string sandbox_id;
  std::string snapshot_id; // whose it is when it is not a sandbox's
  std::string image;       // the snapshot's
  schema::BuildT build;    // the same
  std::string organization_id;
  std::string runner_id;
};

// Holds one aggregate's state. One thread at a time.
class aggregate_model {
 public:
  static std::unique_ptr<aggregate_model> make(const aggregate_key& key);
  virtual ~aggregate_model() = default;

  virtual result<consideration> consider(const delivery& d,
                                         const decision_context& context) = 0;
  // Folds what a committed record holds of this stream beyond version();
  // log_corrupt when it leaves a gap.
  result<void> fold(const log::record& r);

  std::uint64_t version() const noexcept {
    return version_;
  }
  // Whether the organization's version is the one that is counted here.
  virtual bool is_organization() const noexcept {
    return false;
  }
  // Empty while nothing is known of it.
  virtual std::string_view organization_id() const noexcept {
    return {};
  }
  virtual std::optional<due_operation> owed() const {
    return std::nullopt;
  }
  // When its state last changed; 0 = unknown.
  virtual timestamp changed_at() const noexcept {
    return 0;
  }
  // What a report asks for although no event follows from it.
  virtual std::optional<due_operation> correction(const delivery&) const {
    return std::nullopt;
  }
  // A start that was admitted is on the log or will never be.
  virtual void settle(const std::string&) {
  }

 protected:
  explicit aggregate_model(std::string id) : id_(std::move(id)) {
    // nop
  }
  virtual void evolve(const schema::Entry& entry, const envelope& around) = 0;

  std::string id_;

 private:
  std::uint64_t version_ = 0;
};

} // namespace varve::host
