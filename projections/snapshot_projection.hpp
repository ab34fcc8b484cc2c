// Templates that sandboxes are created from: an organization's own and general
// ones, by id, name and alias.
#pragma once

#include "projections/projection.hpp"
#include "projections/queries.hpp"

namespace varve::projections {

class snapshot_projection final : public projection {
 public:
  snapshot_projection(database base, std::uint32_t generation);

  // --- any thread ---

  // As queries::snapshot.
  result<std::optional<snapshot_view>> find(std::string_view organization,
                                            std::string_view id_or_name) const;
  // Its own by name, then the general ones by name.
  result<std::vector<snapshot_view>> all(std::string_view organization) const;

 private:
  bool concerns(schema::AggregateType aggregate) const noexcept override {
    return aggregate == schema::AggregateType::Snapshot;
  }
  result<void> fold(const schema::Record& record,
                    const schema::Entry& entry) override;
  void move_rows_to(rocksdb::WriteBatch& batch) override {
    changes_.move_to(batch);
  }
  void discard() noexcept override {
    changes_.discard();
  }

  void save(const snapshot_view& view);
  void remove(const snapshot_view& view);

  result<std::optional<snapshot_view>>
  read(std::string_view id, const rocksdb::Snapshot* as_of) const;
  result<std::optional<snapshot_view>>
  named(std::string_view owner, std::string_view name,
        const rocksdb::Snapshot* as_of) const;
  result<void> read_all(std::string_view owner, const rocksdb::Snapshot* as_of,
                        std::vector<snapshot_view>& out) const;

  changes changes_;
};

// "base:1.2" -> "base"; nothing without a tag. A colon before the last slash
// is a registry's port.
std::optional<std::string_view> without_tag(std::string_view name) noexcept;

} // namespace varve::projections
