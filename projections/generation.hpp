// One set of all read models. One serves; while a new one is built beside it
// there are two.
#pragma once

#include <array>
#include <atomic>
#include <memory>

#include "projections/api_key_projection.hpp"
#include "projections/organization_projection.hpp"
#include "projections/registry_projection.hpp"
#include "projections/runner_projection.hpp"
#include "projections/sandbox_projection.hpp"
#include "projections/snapshot_projection.hpp"
#include "projections/warm_pool_projection.hpp"

namespace varve::projections {

// Changed by one thread (apply, commit); the rest by any. Whoever reads holds
// a shared_ptr: a retired generation's rows go with its last reader.
class generation {
 public:
  // Rows and positions as they are; store_failed when they cannot be read.
  static result<std::shared_ptr<generation>> open(database base,
                                                  std::uint32_t number);
  generation(database base, std::uint32_t number);
  ~generation();
  generation(const generation&) = delete;
  generation& operator=(const generation&) = delete;

  std::uint32_t number() const noexcept {
    return number_;
  }
  const sandbox_projection& sandboxes() const noexcept {
    return sandboxes_;
  }
  sandbox_projection& sandboxes() noexcept {
    return sandboxes_;
  }
  const snapshot_projection& snapshots() const noexcept {
    return snapshots_;
  }
  const api_key_projection& api_keys() const noexcept {
    return api_keys_;
  }
  const organization_projection& organizations() const noexcept {
    return organizations_;
  }
  const runner_projection& runners() const noexcept {
    return runners_;
  }
  const registry_projection& registries() const noexcept {
    return registries_;
  }
  const warm_pool_projection& warm_pools() const noexcept {
    return warm_pools_;
  }
  std::array<const projection*, 7> all() const noexcept {
    return {&sandboxes_, &snapshots_,  &api_keys_,  &organizations_,
            &runners_,   &registries_, &warm_pools_};
  }

  // Folds it into every projection whose turn it is.
  void apply(const log::record& r);
  // Writes what was folded. On an error all projections stop.
  void commit(bool every_position = false);

  // The first record that a projection still lacks, written or not; of those
  // that have stopped, none counts while another goes on.
  std::uint64_t next(std::uint16_t partition) const noexcept;
  // The same, written.
  std::uint64_t applied(std::uint16_t partition) const noexcept {
    return applied_[partition].load(std::memory_order_acquire);
  }

  // Whether no projection goes on.
  bool has_stopped() const noexcept;

  // Its rows are erased when nobody holds it any more.
  void retire() noexcept {
    retired_.store(true, std::memory_order_release);
  }

 private:
  std::array<projection*, 7> each() noexcept {
    return {&sandboxes_, &snapshots_,  &api_keys_,  &organizations_,
            &runners_,   &registries_, &warm_pools_};
  }
  void publish_positions() noexcept;

  database base_;
  std::uint32_t number_;
  sandbox_projection sandboxes_;
  snapshot_projection snapshots_;
  api_key_projection api_keys_;
  organization_projection organizations_;
  runner_projection runners_;
  registry_projection registries_;
  warm_pool_projection warm_pools_;
  std::array<std::atomic<std::uint64_t>, log::partition_count> applied_{};
  std::atomic<bool> retired_ = false;
};

struct pointer {
  std::uint32_t number = 1;
  bool is_readable = false; // this version's row format
};
// Which generation serves. A new data directory has none that is readable.
result<pointer> serving_generation(const database& base);
// Puts it in place of any other, in one batch.
void serve_generation(rocksdb::WriteBatch& batch, const database& base,
                      std::uint32_t number);
// Erases rows of generations other than this one.
result<void> erase_others(const database& base, std::uint32_t number);

} // namespace varve::projections
