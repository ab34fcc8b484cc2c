#include "projections/sandbox_projection.hpp"

#include "projections/sandbox_fold.hpp"

namespace varve::projections {

sandbox_projection::sandbox_projection(database base, std::uint32_t generation)
    : projection{"sandboxes", base, generation, 's'} {
  // nop
}

result<sandbox_projection::draft*>
sandbox_projection::draft_of(const std::string& id) {
  auto [i, is_new] = drafts_.try_emplace(id);
  if (!is_new)
    return &i->second;
  VARVE_TRY(auto known, find(id));
  if (known) {
    i->second.was = index_of(*known);
    i->second.view = std::move(*known);
  }
  return &i->second;
}

result<void> sandbox_projection::fold(const schema::Record& record,
                                      const schema::Entry& entry) {
  VARVE_TRY(auto* d, draft_of(entry.aggregate_id()->str()));
  return projections::fold(d->view, record, entry);
}

void sandbox_projection::move_rows_to(rocksdb::WriteBatch& batch) {
  written_.clear();
  written_.reserve(drafts_.size());
  for (auto& [id, d] : drafts_) {
    rows().put(batch, sandbox_key(id), encode(d.view));
    move_index(batch, d);
    written_.push_back(std::move(d.view));
  }
  drafts_.clear();
}

// Both lists are sorted: writes what only one of them holds, or holds
// differently.
void sandbox_projection::move_index(rocksdb::WriteBatch& batch,
                                    const draft& d) const {
  auto is = index_of(d.view);
  auto old = d.was.begin();
  auto now = is.begin();
  while (old != d.was.end() || now != is.end()) {
    if (now == is.end() || (old != d.was.end() && old->first < now->first)) {
      rows().erase(batch, old->first);
      ++old;
    } else if (old == d.was.end() || now->first < old->first) {
      rows().put(batch, now->first, now->second);
      ++now;
    } else {
      if (old->second != now->second)
        rows().put(batch, now->first, now->second);
      ++old;
      ++now;
    }
  }
}

void sandbox_projection::discard() noexcept {
  drafts_.clear();
  written_.clear();
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
