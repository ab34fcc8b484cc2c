// API keys by hash and by organization.
#pragma once

#include "projections/projection.hpp"
#include "projections/queries.hpp"

namespace varve::projections {

class api_key_projection final : public projection {
 public:
  api_key_projection(database base, std::uint32_t generation);

  // --- any thread ---

  result<std::optional<api_key_view>> find(const log::digest& hash) const;
  // By name.
  result<std::vector<api_key_view>> all(std::string_view organization) const;

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

  result<void> created(const schema::Record& record, const schema::Entry& entry,
                       const schema::ApiKeyCreated& event);
  result<void> revoke(const std::string& organization, const std::string& name);

  changes changes_;
};

} // namespace varve::projections
