#include "projections/recent_sandboxes.hpp"

#include <utility>

namespace varve::projections {

std::optional<sandbox_view> recent_sandboxes::take(const std::string& id) {
  auto i = by_id_.find(id);
  if (i == by_id_.end())
    return std::nullopt;
  auto at = i->second;
  by_id_.erase(i);
  auto view = std::move(at->view);
  size_ -= at->row_size;
  newest_first_.erase(at);
  return view;
}

void recent_sandboxes::keep(sandbox_view view, std::size_t row_size) {
  newest_first_.push_front({std::move(view), row_size});
  by_id_[newest_first_.front().view.id] = newest_first_.begin();
  for (size_ += row_size; size_ > capacity;) {
    const auto& oldest = newest_first_.back();
    size_ -= oldest.row_size;
    by_id_.erase(oldest.view.id);
    newest_first_.pop_back();
  }
}

void recent_sandboxes::clear() noexcept {
  by_id_.clear();
  newest_first_.clear();
  size_ = 0;
}

} // namespace varve::projections
