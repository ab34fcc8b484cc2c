// Everything behind the gateway, in memory: commands change what queries
// show, a sandbox starts as the test wants it to.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "actors/control.hpp"
#include "events/vault.hpp"
#include "gateway/guest.hpp"
#include "gateway/warm_waiters.hpp"
#include "projections/queries.hpp"
#include "tests/gateway/delayed_calls.hpp"
#include "tests/gateway/fake_history.hpp"

namespace varve::test {

using projections::sandbox_state;
using projections::sandbox_view;

// Marks what it "seals", so that a test can see that it was.
class fake_vault final : public vault {
 public:
  result<std::vector<std::uint8_t>> seal(std::string_view scope,
                                         std::string_view plaintext) override;
  result<std::string>
  open_sealed(std::string_view scope,
              const std::vector<std::uint8_t>& sealed) override;
  result<void> erase(std::string_view scope) override;
  std::string derive(std::string_view text) const override;

  std::set<std::string> scopes(); // sealed and not erased

 private:
  std::mutex mutex_;
  std::set<std::string> scopes_;
};

class fixed_clock final : public clock {
 public:
  timestamp now() const noexcept override {
    return time;
  }
  std::atomic<timestamp> time{1'800'000'000'000};
};

class fake_world final : public control,
                         public projections::queries,
                         public guest,
                         public gateway::warm_waiters {
 public:
  using toolbox = std::function<void(int fd)>;

  fake_world();
  ~fake_world() override;

  // --- what a test sets up ---
  std::string add_key(const std::string& organization,
                      std::vector<std::string> permissions,
                      timestamp expires_at = 0);
  void revoke(const std::string& clear_key);
  sandbox_view add_sandbox(const std::string& organization,
                           sandbox_state state = sandbox_state::started);
  // Known as `registry`.
  void add_registry(const std::string& organization);
  static constexpr const char* registry = "5d0e-registry";
  // Of an image, known as `image_snapshot`.
  void add_image_snapshot(const std::string& organization);
  static constexpr const char* image_snapshot =
      "7c9e6679-7425-40de-944b-e07fc1f90ae7";
  void set_state(const std::string& id, sandbox_state state);
  // As after another start.
  void restart(const std::string& id);
  // What serves the next connections to any toolbox; it owns the descriptor.
  void set_toolbox(toolbox serve);
  // Until every toolbox has ended; whatever they wait for must be over.
  void join_toolboxes();
  void fail_next_command(errc code, std::string detail);
  void fail_queries(bool fails) {
    queries_fail_ = fails;
  }
  // How commands come out: started, creating (never settles), error.
  std::atomic<sandbox_state> comes_out{sandbox_state::started};
  std::atomic<bool> never_answers{false};
  std::atomic<bool> never_applies{false};

  // --- what a test looks at ---
  std::vector<command> commands();
  std::vector<command_origin> origins();
  std::optional<sandbox_view> find(const std::string& id);

  fake_vault secrets;
  fixed_clock time;
  fake_history past;
  // The organization most tests live in.
  static constexpr const char* home = "0b9a7c1e-0000-4000-8000-00000000000a";

  // --- control ---
  void submit(command what, command_origin origin,
              std::function<void(result<command_reply>)> done) override;
  // --- guest ---
  result<int> connect_toolbox(std::string_view sandbox_id) override;
  void note_use(std::string_view sandbox_id, timestamp at) override;
  // What the runner was told last; 0 = nothing.
  timestamp used(const std::string& sandbox_id);
  // --- queries ---
  result<std::optional<sandbox_view>>
  sandbox(std::string_view organization_id,
          std::string_view id_or_name) override;
  result<std::optional<sandbox_view>>
  sandbox_anywhere(std::string_view id) override;
  result<projections::sandbox_page>
  sandboxes(std::string_view organization_id,
            const projections::sandbox_filter& filter, std::string_view cursor,
            std::size_t limit) override;
  result<std::vector<sandbox_view>> forks(std::string_view organization_id,
                                          std::string_view sandbox_id,
                                          bool with_destroyed,
                                          std::size_t limit) override;
  result<std::vector<sandbox_view>>
  sandboxes_on(std::string_view runner_id) override;
  result<std::optional<projections::snapshot_view>>
  snapshot(std::string_view organization_id,
           std::string_view id_or_name) override;
  result<std::vector<projections::snapshot_view>>
  snapshots(std::string_view organization_id) override;
  result<std::optional<projections::api_key_view>>
  api_key(const log::digest& hash) override;
  result<std::vector<projections::api_key_view>>
  api_keys(std::string_view organization_id) override;
  result<std::vector<projections::registry_view>>
  registries(std::string_view organization_id) override;
  result<std::optional<projections::organization_view>>
  organization(std::string_view id) override;
  result<std::vector<projections::organization_view>> organizations() override;
  result<std::vector<projections::runner_view>> runners() override;
  std::size_t most() const override {
    return 4;
  }
  result<std::vector<projections::warm_pool_view>>
  pools(std::string_view organization_id) const override;
  std::size_t waiting(std::string_view, std::string_view) const override {
    return 1;
  }
  result<void> pools_changed() override;
  std::atomic<int> pools_told = 0;
  // Of two, of the base snapshot.
  void add_warm_pool(const std::string& owner, const std::string& id);
  std::uint64_t applied(std::uint16_t partition) override;
  void when_applied(log::position at, std::chrono::milliseconds patience,
                    std::function<void(bool)> done) override;
  void when_settled(
      std::string_view organization_id, std::string_view sandbox_id,
      std::chrono::milliseconds patience,
      std::function<void(result<std::optional<sandbox_view>>)> done) override;
  void watch_changes(projections::change_listener heard) override;
  // As if it had been folded from the log.
  void announce(const std::optional<sandbox_state>& was,
                const sandbox_view& now);

 private:
  result<command_reply> carry_out(const command& what,
                                  const command_origin& origin);
  std::optional<result<command_reply>> make(const command& what,
                                            const command_origin& origin);
  result<command_reply> create(const CreateSandbox& c,
                               const command_origin& origin);
  std::optional<command_reply> govern(const command& what,
                                      const std::string& organization);
  std::optional<command_reply> change_pools(const command& what,
                                            const command_origin& origin);
  std::optional<command_reply> set(const command& what);
  std::optional<result<command_reply>>
  keep_registry(const command& what, const command_origin& origin);
  std::optional<command_reply> keep_snapshot(const command& what,
                                             const command_origin& origin);
  result<command_reply> change(const std::string& id, sandbox_state state,
                               const char* desired, schema::EventUnion event,
                               const command_origin& origin);

  std::mutex watching_;
  projections::change_listener heard_;
  mutable std::mutex mutex_;
  std::map<std::string, sandbox_view> sandboxes_;
  std::map<std::string, sandbox_view> destroyed_;
  std::map<log::digest, projections::api_key_view> keys_;
  std::map<std::string, projections::warm_pool_view> pools_; // by id
  std::vector<projections::snapshot_view> snapshots_;
  std::vector<projections::organization_view> organizations_;
  std::map<std::string, projections::registry_view> registries_;
  std::vector<command> commands_;
  std::vector<command_origin> origins_;
  std::optional<error> next_failure_;
  std::map<std::string, timestamp, std::less<>> used_;
  std::atomic<bool> queries_fail_{false};
  toolbox toolbox_;
  std::vector<std::thread> toolboxes_;
  std::uint64_t index_ = 6;
  delayed_calls calls_;
};

} // namespace varve::test
