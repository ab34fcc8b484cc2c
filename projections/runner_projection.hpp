// Runners as they last registered.
#pragma once

#include "projections/projection.hpp"
#include "projections/queries.hpp"

namespace varve::projections {

class runner_projection final : public projection {
 public:
  runner_projection(database base, std::uint32_t generation);

  // Any thread.
  result<std::vector<runner_view>> all() const;

 private:
  bool concerns(schema::AggregateType aggregate) const noexcept override {
    return aggregate == schema::AggregateType::Runner;
  }
  result<void> fold(const schema::Record& record,
                    const schema::Entry& entry) override;
  void move_rows_to(rocksdb::WriteBatch& batch) override {
    changes_.move_to(batch);
  }
  void discard() noexcept override {
    changes_.discard();
  }

  changes changes_;
};

} // namespace varve::projections
