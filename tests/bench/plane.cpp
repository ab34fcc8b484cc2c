#include "tests/bench/plane.hpp"

#include <atomic>
#include <cstdio>
#include <cstdlib>

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <unistd.h>

#include "actors/host/committer.hpp"

namespace varve::bench {

namespace {

class no_vault final : public vault {
 public:
  result<std::vector<std::uint8_t>> seal(std::string_view,
                                         std::string_view) override {
    return failure(errc::unsupported, "no vault");
  }
  result<std::string> open_sealed(std::string_view,
                                  const std::vector<std::uint8_t>&) override {
    return failure(errc::unsupported, "no vault");
  }
  result<void> erase(std::string_view) override {
    return ok();
  }
  std::string derive(std::string_view text) const override {
    return std::string{text};
  }
};

// Fills a store quickly: nothing of it has to survive.
class unsynced_log final : public log::event_log {
 public:
  unsynced_log(log::event_log& inner, log::local_store& store)
      : inner_(inner), store_(store) {
    // nop
  }
  const std::string& log_id() const noexcept override {
    return inner_.log_id();
  }
  result<void> append(std::span<const log::record_ptr> batch) override {
    return store_.put(batch, false);
  }
  result<log::chain_head> head(std::uint16_t partition) override {
    return inner_.head(partition);
  }
  result<std::vector<log::record_ptr>> read(std::uint16_t partition,
                                            std::uint64_t from,
                                            std::size_t limit) override {
    return inner_.read(partition, from, limit);
  }
  result<std::vector<log::record_ptr>>
  tail(std::chrono::milliseconds patience) override {
    return inner_.tail(patience);
  }

 private:
  log::event_log& inner_;
  log::local_store& store_;
};

schema::SandboxCreatedT birth(std::size_t n) {
  schema::SandboxCreatedT event;
  event.name = "sandbox-" + std::to_string(n);
  event.snapshot_id = "3f0c1d52-6a51-4f7e-9a42-5f4b6d1c2e3a";
  event.snapshot_name = "varve/base";
  event.image_ref = "sha256:"
                    "6e1f0c2a9b8d7e6f5a4b3c2d1e0f9a8b7c6d5e4f3a2b1c0d9e8f7a6b"
                    "5c4d3e2f";
  event.user = "daytona";
  event.env_sealed.assign(120, 7); // three values
  event.env_names = {"API_BASE", "MODE", "TOKEN"};
  for (auto [key, value] :
       {std::pair{"code-toolbox-language", "python"},
        std::pair{"owner", "bench"}, std::pair{"purpose", "measuring"}}) {
    auto label = std::make_unique<schema::PairT>();
    label->key = key;
    label->value = value;
    event.labels.push_back(std::move(label));
  }
  event.region = "local";
  event.resources = std::make_unique<schema::Resources>(1000, 1024, 3, 0);
  event.timers = std::make_unique<schema::TimersT>();
  event.runner_id = "runner-1";
  return event;
}

std::unique_ptr<schema::EntryT> entry_of(std::size_t n, std::size_t event) {
  constexpr auto type = schema::AggregateType::Sandbox;
  if (event == 0)
    return make_entry(type, sandbox_id(n), birth(n));
  if (event == 1) {
    schema::SandboxStartedT started;
    started.toolbox_version = "0.1.0";
    return make_entry(type, sandbox_id(n), std::move(started));
  }
  schema::SandboxLabelsReplacedT labels;
  auto label = std::make_unique<schema::PairT>();
  label->key = "turn";
  label->value = std::to_string(event);
  labels.labels.push_back(std::move(label));
  return make_entry(type, sandbox_id(n), std::move(labels));
}

} // namespace

scratch::scratch()
    : root_(std::filesystem::temp_directory_path()
            / ("varve-bench-" + std::to_string(::getpid()))) {
  std::filesystem::create_directories(root_);
}

scratch::~scratch() {
  std::error_code ignored;
  std::filesystem::remove_all(root_, ignored);
}

std::string scratch::path(const std::string& name) const {
  return (root_ / name).string();
}

std::string organization_id(std::size_t n) {
  char out[64];
  std::snprintf(out, sizeof out, "0a4c2b6e-0000-4000-8000-%012zu", n);
  return out;
}

std::string sandbox_id(std::size_t n) {
  char out[64];
  std::snprintf(out, sizeof out, "5b7d9f10-0000-4000-8000-%012zu", n);
  return out;
}

void give_up(const error& why) {
  std::fprintf(stderr, "bench: %s: %s\n",
               std::string{name_of(why.code)}.c_str(), why.detail.c_str());
  std::exit(1);
}

void need(result<void> r) {
  if (!r)
    give_up(r.error());
}

class plane::counting_log final : public log::event_log {
 public:
  explicit counting_log(log::event_log& inner) : inner_(inner) {
    // nop
  }
  const std::string& log_id() const noexcept override {
    return inner_.log_id();
  }
  result<void> append(std::span<const log::record_ptr> batch) override {
    ++appends;
    appended += batch.size();
    return inner_.append(batch);
  }
  log::disk_state disk() override {
    return inner_.disk();
  }
  result<log::chain_head> head(std::uint16_t partition) override {
    return inner_.head(partition);
  }
  result<std::vector<log::record_ptr>> read(std::uint16_t partition,
                                            std::uint64_t from,
                                            std::size_t limit) override {
    return inner_.read(partition, from, limit);
  }
  result<std::vector<log::record_ptr>>
  tail(std::chrono::milliseconds patience) override {
    return inner_.tail(patience);
  }
  std::atomic<std::size_t> appends{0};
  std::atomic<std::size_t> appended{0};

 private:
  log::event_log& inner_;
};

struct plane::actors {
  std::unique_ptr<caf::actor_system_config> config = host::make_system_config();
  caf::actor_system system{*config};
  no_vault secrets;
};

plane::plane(const std::string& path) {
  store_ = need(log::local_store::open({.path = path}));
  log_ = need(log::embedded_log::open(*store_, time_));
}

plane::~plane() {
  if (control_)
    control_->stop(std::chrono::seconds{5});
  control_ = nullptr;
}

void plane::populate(const population& what) {
  unsynced_log fast{*log_, *store_};
  host::committer pen{fast, *store_, time_, "bench", ""};
  need(pen.begin_epoch());
  for (std::size_t o = 0; o < what.organizations; ++o)
    pen.admit_only(organization_id(o), 1);
  constexpr std::size_t group = 512;
  for (std::size_t event = 0; event < what.events_each; ++event) {
    for (std::size_t n = 0; n < what.sandboxes; n += group) {
      std::vector<host::proposal> all(std::min(group, what.sandboxes - n));
      std::vector<host::proposal*> pointers;
      for (std::size_t i = 0; i < all.size(); ++i) {
        auto& p = all[i];
        p.organization_id = organization_id((n + i) % what.organizations);
        p.principal = "key:bench";
        p.cause = schema::Cause::User;
        p.entries.push_back(entry_of(n + i, event));
        p.term = pen.term();
        p.admission_term = 1;
        p.stream = sandbox_id(n + i);
        p.version = event;
        pointers.push_back(&p);
      }
      for (auto& v : pen.commit(pointers))
        need(std::move(v.outcome));
    }
  }
}

void plane::start(bool with_projector,
                  std::function<void(host::host_options&)> adapt) {
  actors_ = std::make_unique<actors>();
  counting_ = std::make_unique<counting_log>(*log_);
  host::host_options options;
  options.log = counting_.get();
  options.store = store_.get();
  options.secrets = &actors_->secrets;
  options.time = &time_;
  options.node = "bench";
  if (with_projector) {
    projector_ = need(projections::projector::open(*store_));
    options.on_committed = [this](std::span<const log::record_ptr> records) {
      projector_->publish(records);
    };
  }
  if (adapt)
    adapt(options);
  control_ =
      need(host::control_host::start(actors_->system, std::move(options)));
}

std::size_t plane::appends() const {
  return counting_->appends;
}
std::size_t plane::appended() const {
  return counting_->appended;
}

} // namespace varve::bench
