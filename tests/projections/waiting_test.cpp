// Those who wait for a position or a sandbox.
#include <atomic>
#include <thread>

#include "projections/waiting_room.hpp"
#include "tests/projections/projector_fixture.hpp"

using namespace varve;
using namespace varve::projections;
using namespace varve::projections::samples;
using namespace std::chrono_literals;

namespace {

using settled = result<std::optional<sandbox_view>>;

class waiting_fixture : public projector_fixture {
 public:
  waiting_fixture() {
    sandbox("s1", created({.name = "one"}));
  }
  std::future<settled> settle(std::chrono::milliseconds patience,
                              const std::string& organization = "org") {
    auto answer = std::make_shared<std::promise<settled>>();
    auto seen = answer->get_future();
    ask().when_settled(organization, "s1", patience,
                       [answer](settled view) { answer->set_value(view); });
    return seen;
  }
  bool is_pending(std::future<settled>& f) {
    return f.wait_for(0s) == std::future_status::timeout;
  }
};

} // namespace

TEST_CASE_METHOD(waiting_fixture, "an applied position is answered at once") {
  std::thread::id where;
  ask().when_applied({log::partition_of("org"), 1}, 0ms, [&](bool met) {
    CHECK(met);
    where = std::this_thread::get_id();
  });
  CHECK(where == std::this_thread::get_id());
}

TEST_CASE_METHOD(waiting_fixture, "a position that never comes is given up") {
  std::promise<bool> answer;
  ask().when_applied({log::partition_of("org"), 100}, 5ms,
                     [&](bool met) { answer.set_value(met); });
  CHECK_FALSE(answer.get_future().get());
  bool known = true;
  ask().when_applied({log::partition_count, 0}, 1h,
                     [&](bool met) { known = met; });
  CHECK_FALSE(known);
}

TEST_CASE_METHOD(waiting_fixture, "a sandbox is waited for until it settles") {
  auto answer = settle(long_enough);
  CHECK(is_pending(answer));
  sandbox("s1", labels({{"a", "b"}}));
  CHECK(is_pending(answer));
  sandbox("s1", schema::SandboxStartedT{});
  auto view = answer.get();
  REQUIRE(view);
  CHECK(view.value()->state == sandbox_state::started);
  CHECK(settle(1h).get().value()->state == sandbox_state::started);
}

TEST_CASE_METHOD(waiting_fixture, "patience ends with the state as it is") {
  auto view = settle(5ms).get();
  REQUIRE(view);
  CHECK(view.value()->state == sandbox_state::creating);
}

TEST_CASE_METHOD(waiting_fixture, "nothing is there once it is destroyed") {
  sandbox("s1", schema::SandboxDestroyRequestedT{});
  auto answer = settle(long_enough);
  CHECK(is_pending(answer));
  sandbox("s1", schema::SandboxDestroyedT{});
  CHECK_FALSE(answer.get().value());
  CHECK_FALSE(settle(1h).get().value());
  CHECK_FALSE(settle(1h, "other").get().value());
}

TEST_CASE_METHOD(waiting_fixture, "a stopped projection lets nobody wait") {
  auto answer = settle(long_enough);
  show(write.sandbox("org", "s2", schema::SandboxStartedT{}));
  auto view = answer.get();
  REQUIRE_FALSE(view);
  CHECK(view.error().code == errc::store_failed);
  CHECK(settle(1h).get().error().code == errc::store_failed);
}

TEST_CASE_METHOD(waiting_fixture, "who still waits at the end is told") {
  auto answer = settle(1h);
  std::promise<bool> applied;
  ask().when_applied({log::partition_of("org"), 100}, 1h,
                     [&](bool met) { applied.set_value(met); });
  subject.reset();
  CHECK(answer.get().error().code == errc::shutting_down);
  CHECK_FALSE(applied.get_future().get());
}

TEST_CASE_METHOD(waiting_fixture, "callbacks may ask and wait again") {
  std::promise<bool> answer;
  auto p = log::partition_of("org");
  ask().when_applied({p, 2}, long_enough, [&](bool) {
    auto seen = ask().sandbox("org", "s1");
    ask().when_applied({p, 2}, 0ms, [&answer, seen](bool met) {
      answer.set_value(met && seen && seen.value()->version == 2);
    });
  });
  sandbox("s1", schema::SandboxStartedT{});
  CHECK(answer.get_future().get());
}

TEST_CASE("a full room turns people away") {
  waiting_room room{2};
  std::atomic<int> called = 0;
  auto count = [&called](waiting_room::news) { ++called; };
  CHECK(room.wait_for_position({0, 5}, 1h, count));
  CHECK(room.wait_for_sandbox("s1", 1h, count));
  CHECK_FALSE(room.wait_for_position({0, 6}, 1h, count));
  CHECK_FALSE(room.wait_for_sandbox("s2", 1h, count));
  CHECK(called == 0);
  room.reached(0, 5);
  CHECK(called == 0);
  room.reached(0, 6);
  CHECK(called == 1);
  CHECK(room.wait_for_sandbox("s2", 1h, count));
  room.settled("s1");
  CHECK(called == 2);
  room.close();
  CHECK(called == 3);
  CHECK_FALSE(room.wait_for_position({0, 7}, 1h, count));
}

TEST_CASE("everybody is called once, whoever is first") {
  std::atomic<int> called = 0;
  std::atomic<bool> over = false;
  auto room = std::make_unique<waiting_room>(100'000);
  std::thread pusher{[&] {
    for (std::uint64_t next = 0; !over; ++next) {
      room->reached(static_cast<std::uint16_t>(next % 4), next % 100);
      room->settled("s" + std::to_string(next % 10));
    }
  }};
  int let_in = 0;
  for (std::uint64_t i = 0; i < 5'000; ++i) {
    auto patience = std::chrono::milliseconds{i % 3};
    auto count = [&called](waiting_room::news) { ++called; };
    let_in += room->wait_for_position(
        {static_cast<std::uint16_t>(i % 4), i % 100}, patience, count);
    let_in +=
        room->wait_for_sandbox("s" + std::to_string(i % 10), patience, count);
  }
  over = true;
  pusher.join();
  room.reset(); // ends its timer, too
  CHECK(let_in == 10'000);
  CHECK(called == 10'000);
}
