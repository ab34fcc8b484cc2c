// The started sandboxes that wait for creates, as the API shows and orders
// them. A guest port that has such implements this as well.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "events/base/result.hpp"
#include "projections/warm_pools.hpp"

namespace varve::gateway {

// Any thread, does not block for long.
class warm_waiters {
 public:
  virtual ~warm_waiters() = default;

  // How many may wait on this server in all; 0: none ever does.
  virtual std::size_t most() const = 0;
  // What the organization wants, by id.
  virtual result<std::vector<projections::warm_pool_view>>
  pools(std::string_view organization_id) const = 0;
  // How many wait for the organization alone.
  virtual std::size_t waiting(std::string_view organization_id,
                              std::string_view image_ref) const = 0;
  // The pools are others than before; the read models show them.
  virtual result<void> pools_changed() = 0;
};

} // namespace varve::gateway
