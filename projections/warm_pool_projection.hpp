// What organizations want to have waiting, by organization and id.
#pragma once

#include "projections/projection.hpp"
#include "projections/warm_pools.hpp"

namespace varve::projections {

class warm_pool_projection final : public projection {
 public:
  warm_pool_projection(database base, std::uint32_t generation);

  // --- any thread ---

  result<std::vector<warm_pool_view>> all(std::string_view organization) const;

 private:
  bool concerns(schema::AggregateType aggregate) const noexcept override {
    return aggregate == schema::AggregateType::Organization;
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
