// Random histories with crashes, doubts and an unreliable runner, on one
// thread in an order the seed decides. A failing seed is repeated with
// VARVE_SEED=<seed>.
#include <catch2/catch.hpp>

#include <cstdlib>
#include <random>

#include "events/base/logging.hpp"
#include "tests/actors/host_world.hpp"

using namespace varve;
using namespace std::chrono_literals;
using sandbox::status;

namespace {

class simulation {
 public:
  explicit simulation(std::uint64_t seed)
      : roll_(seed), world_([this](host::host_options& options) {
          options.idle = 20s;
          options.placed_on = [this](std::string_view) { return placed(); };
        }) {
    world_.found();
  }

  void live(int steps) {
    for (int i = 0; i < steps; ++i)
      act();
  }

  void settle_and_check() {
    calm();
    world_.advance(100s);
    world_.host().inventory(world_.runner.inventory(world_.now()));
    world_.advance(1s);
    check_acknowledged();
    check_sandboxes();
    auto org = world_.organization();
    CHECK(organization::recount(org) == org.used);
    CHECK(org.by_name.size() == org.sandboxes.size());
    CHECK(world_.store().outstanding().value().empty());
    CHECK_FALSE(world_.store().next_due().value().has_value());
    CHECK(world_.runner.outbox.empty());
    CHECK(world_.host().in_flight() == 0);
  }

 private:
  std::uint64_t dice(std::uint64_t sides) {
    return roll_() % sides;
  }

  std::string any_id() {
    return "sb-" + std::to_string(dice(6));
  }

  command any_command() {
    switch (dice(7)) {
    case 0:
    case 1:
      return given::creation("sb-" + std::to_string(dice(6)) + "-"
                                 + std::to_string(made_++),
                             "name-" + std::to_string(dice(6)));
    case 2:
      return StartSandbox{any_made()};
    case 3:
      return StopSandbox{any_made(), dice(3) == 0};
    case 4:
      return RecoverSandbox{any_made()};
    case 5:
      return DestroySandbox{any_made()};
    default:
      return ReplaceLabels{any_made(), {{"l", std::to_string(dice(100))}}};
    }
  }

  std::string any_made() {
    return ids_.empty() ? any_id() : ids_[dice(ids_.size())];
  }

  void act() {
    switch (dice(12)) {
    case 0:
    case 1:
    case 2: {
      auto what = any_command();
      if (const auto* c = std::get_if<CreateSandbox>(&what))
        ids_.push_back(c->sandbox_id);
      places_.push_back(world_.submit(std::move(what)));
      return;
    }
    case 3:
    case 4:
    case 5:
      for (auto n = dice(12); n > 0 && world_.step(roll_()); --n) {
        // nop
      }
      return;
    case 6:
      world_.runner.loses_operations = dice(4) == 0;
      world_.runner.loses_outcomes = dice(4) == 0;
      world_.runner.duplicates = dice(3) == 0;
      world_.runner.result =
          dice(5) == 0 ? schema::Result::Failed : schema::Result::Done;
      return;
    case 7:
      world_.runner.flush(world_.host());
      return;
    case 8:
      world_.advance(std::chrono::seconds{dice(8)});
      return;
    case 9:
      if (dice(3) == 0)
        world_.log().next =
            dice(2) == 0 ? gate_log::mood::loses : gate_log::mood::keeps;
      return;
    case 10:
      if (dice(3) == 0)
        world_.log().next = gate_log::mood::full;
      return;
    default:
      if (dice(4) == 0) {
        collect();
        world_.crash();
        world_.restart();
      }
    }
  }

  // Answers given so far; those of commands in flight count as given too.
  void collect() {
    for (const auto& place : places_)
      if (place->has_value() && **place)
        acknowledged_.push_back((*place)->value());
    std::erase_if(places_, [](const auto& p) { return p->has_value(); });
  }

  void calm() {
    world_.log().next = gate_log::mood::works;
    world_.runner.loses_operations = false;
    world_.runner.loses_outcomes = false;
    world_.runner.result = schema::Result::Done;
    world_.run();
    collect();
    CHECK(places_.empty());
  }

  void check_acknowledged() {
    for (const auto& reply : acknowledged_) {
      auto found =
          world_.store().read(reply.at.partition, reply.at.index, 1).value();
      REQUIRE(found.size() == 1);
      auto latest = world_.store().latest(reply.aggregate_id).value();
      REQUIRE(latest.has_value());
      REQUIRE(latest->version >= reply.version);
    }
  }

  void check_sandboxes() {
    for (const auto& id : ids_) {
      auto s = world_.sandbox(id);
      INFO(id << " is " << sandbox::name_of(s.at));
      auto found = world_.runner.present.find(id);
      auto present = found == world_.runner.present.end()
                         ? schema::Present::Absent
                         : found->second;
      CHECK(sandbox::patience_of(s.at, 0) == 0);
      CHECK((s.at == status::started) == (present == schema::Present::Running));
      if (s.at == status::stopped)
        CHECK(present == schema::Present::Stopped);
      if (s.at == status::destroyed || s.at == status::absent)
        CHECK(present == schema::Present::Absent);
    }
  }

  result<std::vector<host::placed_sandbox>> placed() {
    std::vector<host::placed_sandbox> out;
    for (const auto& id : ids_) {
      auto s = world_.sandbox(id);
      if (s.at != status::destroyed && s.at != status::absent)
        out.push_back({id, s.at});
    }
    return out;
  }

  std::mt19937_64 roll_;
  host_world world_;
  std::vector<std::string> ids_;
  std::vector<answer_place> places_;
  std::vector<command_reply> acknowledged_;
  unsigned made_ = 0;
};

void simulate(std::uint64_t seed) {
  INFO("VARVE_SEED=" << seed);
  simulation s{seed};
  s.live(250);
  s.settle_and_check();
}

} // namespace

TEST_CASE("after any history nothing acknowledged is lost and the runner has "
          "what the log says") {
  set_log_level(level::failure);
  if (const auto* one = std::getenv("VARVE_SEED"))
    return simulate(std::strtoull(one, nullptr, 10));
  const auto* many = std::getenv("VARVE_SEEDS");
  auto last = many == nullptr ? 40 : std::strtoull(many, nullptr, 10);
  for (std::uint64_t seed = 1; seed <= last; ++seed)
    simulate(seed);
}
