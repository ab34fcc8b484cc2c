// An organization's image registries, by id.
#pragma once

#include "projections/projection.hpp"
#include "projections/queries.hpp"

namespace varve::projections {

class registry_projection final : public projection {
 public:
  registry_projection(database base, std::uint32_t generation);

  // --- any thread ---

  // By age.
  result<std::vector<registry_view>> all(std::string_view organization) const;

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

  result<void> changed(const schema::Record& record, const std::string& owner,
                       const schema::DockerRegistryChanged& event);

  changes changes_;
};

} // namespace varve::projections
