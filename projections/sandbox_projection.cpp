#include "projections/sandbox_projection.hpp"

#include <algorithm>
#include <utility>

#include "projections/sandbox_fold.hpp"

namespace varve::projections {

sandbox_projection::sandbox_projection(database base, std::uint32_t generation)
    : projection{"sandboxes", base, generation, 's'} {
  // nop
}

result<sandbox_projection::draft*>
sandbox_projection::draft_of(const std::string& id) {
  auto [i, is_new] = drafts_.try_emplace(id);
  auto& d = i->second;
  if (!is_new)
    return &d;
  auto known = recent_.take(id);
  if (!known) {
    VARVE_TRY(known, find(id));
  }
  if (known) {
    d.was = *known;
    d.now = std::move(*known);
  }
  return &d;
}

result<void> sandbox_projection::fold(const schema::Record& record,
                                      const schema::Entry& entry) {
  VARVE_TRY(auto* d, draft_of(entry.aggregate_id()->str()));
  auto before = d->now.state;
  bool is_new = d->now.version == 0;
  VARVE_CHECK(projections::fold(d->now, record, entry));
  if (keeps_changes_ && (is_new || d->now.state != before))
    folded_changes_.push_back(
        {is_new ? std::nullopt : std::optional{before}, d->now});
  return ok();
}

// In the order of their keys: RocksDB inserts neighbours at less cost.
void sandbox_projection::move_rows_to(rocksdb::WriteBatch& batch) {
  changes_.clear();
  settled_.clear();
  written_changes_ = std::exchange(folded_changes_, {});
  for (auto& [id, d] : drafts_) {
    auto row = encode(d.now);
    auto size = row.size();
    changes_.push_back({sandbox_key(id), std::move(row)});
    add_index_changes(d.was, d.now, changes_);
    if (!is_transitional(d.now.state))
      settled_.push_back(id);
    recent_.keep(std::move(d.now), size);
  }
  drafts_.clear();
  std::sort(changes_.begin(), changes_.end(),
            [](const auto& a, const auto& b) { return a.key < b.key; });
  for (const auto& change : changes_)
    if (change.value)
      rows().put(batch, change.key, *change.value);
    else
      rows().erase(batch, change.key);
}

void sandbox_projection::discard() noexcept {
  drafts_.clear();
  recent_.clear();
  settled_.clear();
  folded_changes_.clear();
  written_changes_.clear();
}

result<std::optional<sandbox_view>>
sandbox_projection::find(std::string_view id,
                         const rocksdb::Snapshot* as_of) const {
  VARVE_TRY(auto row, rows().get(sandbox_key(id), as_of));
  if (!row)
    return std::optional<sandbox_view>{};
  VARVE_TRY(auto view, decode_sandbox(id, *row));
  return std::optional<sandbox_view>{std::move(view)};
}

result<std::optional<sandbox_view>>
sandbox_projection::by_id(std::string_view organization,
                          std::string_view id) const {
  VARVE_TRY(auto view, find(id));
  if (view
      && (view->state == sandbox_state::destroyed
          || view->organization_id != organization))
    view.reset();
  return view;
}

result<std::optional<sandbox_view>>
sandbox_projection::by_name(std::string_view organization,
                            std::string_view name) const {
  frozen now{rows().base()};
  scan holders{rows(), sandboxes_by_name(organization, name), now.get()};
  for (holders.first(); holders.valid(); holders.next())
    if (holders.value() == name_held)
      return find(holders.rest(), now.get());
  VARVE_CHECK(holders.finish());
  return std::optional<sandbox_view>{};
}

result<std::vector<sandbox_view>>
sandbox_projection::forks(std::string_view organization,
                          std::string_view source, bool with_destroyed,
                          std::size_t limit) const {
  std::vector<sandbox_view> out;
  frozen now{rows().base()};
  scan made{rows(), sandboxes_by_source(source), now.get()};
  for (made.first(); made.valid() && out.size() < limit; made.next()) {
    VARVE_TRY(auto view, find(made.rest(), now.get()));
    if (!view)
      return failure(errc::store_failed, "an index row without its sandbox");
    auto gone = view->state == sandbox_state::destroyed;
    if (view->organization_id == organization && (with_destroyed || !gone))
      out.push_back(std::move(*view));
  }
  VARVE_CHECK(made.finish());
  return out;
}

result<std::vector<sandbox_view>>
sandbox_projection::on_runner(std::string_view runner) const {
  std::vector<sandbox_view> out;
  frozen now{rows().base()};
  scan placed{rows(), sandboxes_by_runner(runner), now.get()};
  for (placed.first(); placed.valid(); placed.next()) {
    VARVE_TRY(auto view, find(placed.rest(), now.get()));
    if (!view)
      return failure(errc::store_failed, "an index row without its sandbox");
    out.push_back(std::move(*view));
  }
  VARVE_CHECK(placed.finish());
  return out;
}

} // namespace varve::projections
