// Joins the pools that organizations have to the runner that keeps them.
#pragma once

#include <atomic>
#include <mutex>

#include "gateway/warm_waiters.hpp"
#include "projections/queries.hpp"
#include "runner/host/runner_host.hpp"

namespace varve::ops {

// Any thread.
class warm_wishes : public gateway::warm_waiters {
 public:
  warm_wishes(projections::queries& reads, std::size_t most)
      : reads_(reads), most_(most) {
    // nop
  }

  void keep_with(runner::runner_host* host) noexcept {
    keeper_ = host;
  }

  std::size_t most() const override {
    return most_;
  }
  result<std::vector<projections::warm_pool_view>>
  pools(std::string_view organization_id) const override;
  std::size_t waiting(std::string_view organization_id,
                      std::string_view image_ref) const override;
  // The runner is told all of them again.
  result<void> pools_changed() override;

 private:
  result<std::vector<runner::warm_wish>> all() const;

  projections::queries& reads_;
  std::size_t most_;
  std::mutex order_; // what was read last is told last
  std::atomic<runner::runner_host*> keeper_{nullptr};
};

} // namespace varve::ops
