// All sandboxes: a row each, found by id, live name, label, runner and in six
// orders.
#pragma once

#include <atomic>
#include <unordered_map>
#include <utility>

#include "projections/projection.hpp"
#include "projections/recent_sandboxes.hpp"
#include "projections/sandbox_row.hpp"

namespace varve::projections {

class sandbox_projection final : public projection {
 public:
  sandbox_projection(database base, std::uint32_t generation);

  // Those that the last move_to() wrote and that are in no transitional state
  // now. The projector's thread.
  const std::vector<std::string>& settled() const noexcept {
    return settled_;
  }

  // What the last move_to() wrote, where changes are kept. The projector's
  // thread.
  std::vector<sandbox_change> take_changes() {
    return std::exchange(written_changes_, {});
  }
  // Any thread.
  void keep_changes(bool keeps) noexcept {
    keeps_changes_ = keeps;
  }

  // --- any thread; unlike queries these do not ask whether it has stopped ---

  // Destroyed ones, too.
  result<std::optional<sandbox_view>>
  find(std::string_view id, const rocksdb::Snapshot* as_of = nullptr) const;
  // Not destroyed, of this organization.
  result<std::optional<sandbox_view>> by_id(std::string_view organization,
                                            std::string_view id) const;
  // The one that holds the name.
  result<std::optional<sandbox_view>> by_name(std::string_view organization,
                                              std::string_view name) const;
  result<std::vector<sandbox_view>> on_runner(std::string_view runner) const;
  result<std::vector<sandbox_view>> forks(std::string_view organization,
                                          std::string_view source,
                                          bool with_destroyed,
                                          std::size_t limit) const;

 private:
  struct draft {
    sandbox_view was; // in the database
    sandbox_view now;
  };

  bool concerns(schema::AggregateType aggregate) const noexcept override {
    return aggregate == schema::AggregateType::Sandbox;
  }
  result<void> fold(const schema::Record& record,
                    const schema::Entry& entry) override;
  void move_rows_to(rocksdb::WriteBatch& batch) override;
  void discard() noexcept override;

  result<draft*> draft_of(const std::string& id);

  std::unordered_map<std::string, draft> drafts_;
  recent_sandboxes recent_;
  std::vector<row_change> changes_; // kept for its memory
  std::vector<std::string> settled_;
  std::atomic<bool> keeps_changes_{false};
  std::vector<sandbox_change> folded_changes_, written_changes_;
};

} // namespace varve::projections
