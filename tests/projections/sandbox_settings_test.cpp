// What pausing, settings and idle checks make of a sandbox.
#include "tests/projections/projector_fixture.hpp"

using namespace varve;
using namespace varve::projections;
using namespace varve::projections::samples;

namespace {

class started_sandbox : public projector_fixture {
 public:
  started_sandbox() {
    sandbox("s1", created({.name = "one"}));
    sandbox("s1", schema::SandboxStartedT{});
  }
  template <class Event>
  sandbox_view after(Event event) {
    sandbox("s1", std::move(event));
    auto view = ask().sandbox("org", "s1");
    REQUIRE(view);
    REQUIRE(view.value());
    return *view.value();
  }
};

std::unique_ptr<schema::NetworkT> network(bool block_all,
                                          const std::string& list) {
  auto out = std::make_unique<schema::NetworkT>();
  out->block_all = block_all;
  out->allow_list = list;
  return out;
}

std::unique_ptr<schema::Resources> cores(std::uint32_t count) {
  return std::make_unique<schema::Resources>(count * 1000, 1024u, 3u, 0u);
}

} // namespace

TEST_CASE_METHOD(started_sandbox, "pausing and resuming") {
  auto v = after(schema::SandboxPauseRequestedT{});
  CHECK(v.state == sandbox_state::pausing);
  CHECK(v.desired_state == "paused");
  v = after(schema::SandboxPausedT{});
  CHECK(v.state == sandbox_state::paused);
  CHECK_FALSE(is_transitional(v.state));
  CHECK_FALSE(is_running(v.state));
  v = after(schema::SandboxResumeRequestedT{});
  CHECK(v.state == sandbox_state::resuming);
  CHECK(v.desired_state == "started");
  v = after(schema::SandboxResumedT{});
  CHECK(v.state == sandbox_state::started);
  CHECK(v.start_version == 2); // it is the same start
}

TEST_CASE_METHOD(started_sandbox, "asking whether it is idle is no activity") {
  auto before = after(schema::SandboxLabelsReplacedT{});
  auto v = after(schema::SandboxIdleAskedT{});
  CHECK(v.state == sandbox_state::started);
  CHECK(v.updated_at == before.updated_at);
  schema::SandboxFoundBusyT busy;
  busy.last_used = before.updated_at - 1;
  CHECK(after(busy).updated_at == before.updated_at);
  busy.last_used = before.updated_at + 1;
  CHECK(after(busy).updated_at == before.updated_at + 1);
}

TEST_CASE_METHOD(started_sandbox, "a resize shows what it is to have, and what "
                                  "it has when that failed") {
  schema::SandboxResizeRequestedT wanted;
  wanted.resources = cores(4);
  auto v = after(std::move(wanted));
  CHECK(v.state == sandbox_state::resizing);
  CHECK(is_running(v.state));
  CHECK(v.resources.cpu_millis() == 4000);
  schema::SandboxAdjustedT has;
  has.resources = cores(1);
  has.network = network(false, "");
  has.reason = "the runner was too busy";
  v = after(std::move(has));
  CHECK(v.state == sandbox_state::started);
  CHECK(v.resources.cpu_millis() == 1000);
  CHECK(v.adjust_reason == "the runner was too busy");
}

TEST_CASE_METHOD(started_sandbox, "a stopped sandbox is resized where it is") {
  after(schema::SandboxStopRequestedT{});
  after(schema::SandboxStoppedT{});
  schema::SandboxResizeRequestedT wanted;
  wanted.resources = cores(2);
  auto v = after(std::move(wanted));
  CHECK(v.state == sandbox_state::stopped);
  CHECK(v.resources.cpu_millis() == 2000);
}

TEST_CASE_METHOD(started_sandbox, "settings are shown") {
  schema::SandboxTimersSetT timers;
  timers.timers = std::make_unique<schema::TimersT>();
  timers.timers->auto_stop = 0;
  timers.timers->auto_pause = 9;
  timers.destroy_at = epoch_2026 + 1000;
  auto v = after(std::move(timers));
  CHECK(v.auto_stop == 0);
  CHECK(v.auto_pause == 9);
  CHECK(v.destroy_at == epoch_2026 + 1000);
  schema::SandboxPublicSetT open;
  open.is_public = true;
  CHECK(after(open).is_public);
  schema::SandboxNetworkRequestedT rules;
  rules.network = network(false, "8.8.8.8/32");
  v = after(std::move(rules));
  CHECK(v.network_allow_list == "8.8.8.8/32");
  CHECK(v.state == sandbox_state::resizing);
}
