// What the gateway may read of the log, off the node's store.
#pragma once

#include "events/local_store.hpp"
#include "gateway/history.hpp"

namespace varve::ops {

class log_history final : public history {
 public:
  explicit log_history(log::local_store& store) noexcept : store_(store) {
    // nop
  }

  result<std::vector<log::record_ptr>> stream(std::string_view aggregate_id,
                                              std::uint64_t from_version,
                                              std::size_t limit) override;
  result<log::record_ptr> command(std::string_view organization_id,
                                  std::string_view command_id) override;

 private:
  log::local_store& store_;
};

} // namespace varve::ops
