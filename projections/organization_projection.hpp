// Organizations by id.
#pragma once

#include "projections/projection.hpp"
#include "projections/queries.hpp"

namespace varve::projections {

class organization_projection final : public projection {
 public:
  organization_projection(database base, std::uint32_t generation);

  // --- any thread ---

  result<std::optional<organization_view>> find(std::string_view id) const;
  result<std::vector<organization_view>> all() const;

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
