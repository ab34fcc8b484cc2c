// Answers queries from the generation that serves.
#pragma once

#include <functional>
#include <memory>
#include <mutex>

#include "projections/generation.hpp"
#include "projections/queries.hpp"
#include "projections/waiting_room.hpp"
#include "projections/warm_pools.hpp"

namespace varve::projections {

// Any thread, except where said.
class read_models final : public queries, public warm_pool_queries {
 public:
  explicit read_models(std::shared_ptr<generation> serving);

  std::shared_ptr<generation> serving() const;
  void serve(std::shared_ptr<generation> next);

  // Tells those who wait what the last commit brought. The projector's
  // thread, after each commit.
  void committed();
  // Tells all who wait that no more is to come.
  void close();

  result<std::optional<sandbox_view>>
  sandbox(std::string_view organization_id,
          std::string_view id_or_name) override;
  result<std::optional<sandbox_view>>
  sandbox_anywhere(std::string_view id) override;
  result<sandbox_page> sandboxes(std::string_view organization_id,
                                 const sandbox_filter& filter,
                                 std::string_view cursor,
                                 std::size_t limit) override;
  result<std::vector<sandbox_view>> forks(std::string_view organization_id,
                                          std::string_view sandbox_id,
                                          bool with_destroyed,
                                          std::size_t limit) override;
  result<std::vector<sandbox_view>>
  sandboxes_on(std::string_view runner_id) override;
  result<std::optional<snapshot_view>>
  snapshot(std::string_view organization_id,
           std::string_view id_or_name) override;
  result<std::vector<snapshot_view>>
  snapshots(std::string_view organization_id) override;
  result<std::optional<api_key_view>> api_key(const log::digest& hash) override;
  result<std::vector<api_key_view>>
  api_keys(std::string_view organization_id) override;
  result<std::vector<registry_view>>
  registries(std::string_view organization_id) override;
  result<std::optional<organization_view>>
  organization(std::string_view id) override;
  result<std::vector<organization_view>> organizations() override;
  result<std::vector<runner_view>> runners() override;
  result<std::vector<warm_pool_view>>
  warm_pools(std::string_view organization_id) override;
  std::uint64_t applied(std::uint16_t partition) override;
  void when_applied(log::position at, std::chrono::milliseconds patience,
                    std::function<void(bool)> done) override;
  void when_settled(
      std::string_view organization_id, std::string_view sandbox_id,
      std::chrono::milliseconds patience,
      std::function<void(result<std::optional<sandbox_view>>)> done) override;
  void watch_changes(change_listener heard) override;

 private:
  void tell_changes(generation& now);

  result<std::optional<sandbox_view>> sandbox_by_id(std::string_view org,
                                                    std::string_view id);

  mutable std::mutex mutex_; // serving_
  std::shared_ptr<generation> serving_;
  waiting_room waiting_;
  std::mutex watching_; // heard_, and held while it is called
  change_listener heard_;
};

} // namespace varve::projections
