#include "projections/sandbox_list.hpp"

#include <algorithm>

#include "projections/key.hpp"
#include "projections/list_cursor.hpp"

namespace varve::projections {

namespace {

// So many sandboxes with a label are cheaper to load and sort than to look for
// along the whole order.
constexpr std::size_t few = 1000;

class lister {
 public:
  lister(const sandbox_projection& sandboxes, std::string_view organization,
         const sandbox_filter& filter, std::size_t limit)
      : sandboxes_{sandboxes}, organization_{organization}, filter_{filter},
        limit_{limit}, now_{sandboxes.rows().base()} {
    // nop
  }

  result<sandbox_page> page(std::string_view cursor) {
    if (limit_ == 0)
      return failure(errc::invalid, "a page of no items");
    if (!cursor.empty()) {
      VARVE_TRY(auto decoded, list_cursor::decode(filter_.sort, cursor));
      after_ = order_key(decoded);
    }
    VARVE_TRY(auto labelled, few_labelled());
    if (labelled) {
      VARVE_CHECK(sort_those(*labelled));
    } else {
      VARVE_CHECK(walk_order());
    }
    return finished();
  }

 private:
  std::string order_key(const list_cursor& place) const {
    key out{sandbox_order(filter_.sort, organization_)};
    if (filter_.sort == sandbox_sort::name)
      out.text(place.name);
    else
      out.number(place.number);
    return out.rest(place.id).take();
  }

  // The ids of the rarest label asked for, if they are few.
  result<std::optional<std::vector<std::string>>> few_labelled() {
    std::optional<std::vector<std::string>> best;
    for (const auto& [label, value] : filter_.labels) {
      std::vector<std::string> ids;
      scan with{sandboxes_.rows(),
                sandboxes_by_label(organization_, label, value), now_.get()};
      auto enough = best ? best->size() : few + 1;
      for (with.first(); with.valid() && ids.size() < enough; with.next())
        ids.emplace_back(with.rest());
      VARVE_CHECK(with.finish());
      if (ids.size() < enough)
        best = std::move(ids);
    }
    return best;
  }

  result<void> sort_those(const std::vector<std::string>& ids) {
    std::vector<std::pair<std::string, sandbox_view>> found;
    for (const auto& id : ids) {
      VARVE_TRY(auto view, load(id));
      auto place = order_key(list_cursor::of(filter_.sort, view));
      if (is_beyond(place) && matches(filter_, view))
        found.emplace_back(std::move(place), std::move(view));
    }
    std::sort(found.begin(), found.end(), [&](const auto& a, const auto& b) {
      return filter_.ascending ? a.first < b.first : b.first < a.first;
    });
    for (std::size_t i = 0; i < found.size() && !is_full(); ++i)
      items_.push_back(std::move(found[i].second));
    return ok();
  }

  bool is_beyond(const std::string& place) const {
    return !after_ || (filter_.ascending ? *after_ < place : place < *after_);
  }

  result<void> walk_order() {
    scan order{sandboxes_.rows(), sandbox_order(filter_.sort, organization_),
               now_.get()};
    place_at_start(order);
    for (; order.valid() && !is_full();
         filter_.ascending ? order.next() : order.previous()) {
      VARVE_TRY(auto view, load(id_in_order(filter_.sort, order.rest())));
      if (matches(filter_, view))
        items_.push_back(std::move(view));
    }
    return order.finish();
  }

  void place_at_start(scan& order) const {
    if (after_)
      filter_.ascending ? order.above(*after_) : order.beneath(*after_);
    else
      filter_.ascending ? order.first() : order.last();
  }

  result<sandbox_view> load(std::string_view id) {
    VARVE_TRY(auto view, sandboxes_.find(id, now_.get()));
    if (!view)
      return failure(errc::store_failed, "an index row without its sandbox");
    return std::move(*view);
  }

  // One more than asked for tells whether there is another page.
  bool is_full() const noexcept {
    return items_.size() > limit_;
  }

  sandbox_page finished() {
    sandbox_page out;
    if (is_full()) {
      items_.pop_back();
      out.next_cursor =
          list_cursor::of(filter_.sort, items_.back()).encode(filter_.sort);
    }
    out.items = std::move(items_);
    return out;
  }

  const sandbox_projection& sandboxes_;
  std::string organization_;
  const sandbox_filter& filter_;
  std::size_t limit_;
  frozen now_;
  std::optional<std::string> after_;
  std::vector<sandbox_view> items_;
};

} // namespace

result<sandbox_page> list(const sandbox_projection& sandboxes,
                          std::string_view organization,
                          const sandbox_filter& filter, std::string_view cursor,
                          std::size_t limit) {
  return lister{sandboxes, organization, filter, limit}.page(cursor);
}

} // namespace varve::projections
