// What organizations want to have waiting, as can be asked.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "events/base/result.hpp"
#include "events/record.hpp"

namespace varve::projections {

struct warm_pool_view {
  std::string id;
  std::string organization_id;
  std::string snapshot_id;
  std::string snapshot_name;
  std::string region;
  std::uint32_t size = 0;
  schema::Resources resources; // of each
  timestamp created_at = 0;
  timestamp updated_at = 0;
};

// Any thread. A projection that stopped answers store_failed.
class warm_pool_queries {
 public:
  virtual ~warm_pool_queries() = default;

  // By id.
  virtual result<std::vector<warm_pool_view>>
  warm_pools(std::string_view organization_id) = 0;
};

} // namespace varve::projections
