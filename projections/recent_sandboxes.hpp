// The sandboxes folded last, decoded: most events come in bursts.
#pragma once

#include <list>
#include <optional>
#include <string>
#include <unordered_map>

#include "projections/queries.hpp"

namespace varve::projections {

// The projector's thread. Bounded by the size of the rows.
class recent_sandboxes {
 public:
  std::optional<sandbox_view> take(const std::string& id);
  // Forgets those untouched for longest when there is too much.
  void keep(sandbox_view view, std::size_t row_size);
  void clear() noexcept;

 private:
  static constexpr std::size_t capacity = 8 * 1024 * 1024;

  struct item {
    sandbox_view view;
    std::size_t row_size;
  };

  std::list<item> newest_first_;
  std::unordered_map<std::string, std::list<item>::iterator> by_id_;
  std::size_t size_ = 0;
};

} // namespace varve::projections
