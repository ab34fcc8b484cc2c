// The past, folded anew, and the comparison with what is stored.
#include "tests/projections/projector_fixture.hpp"

#include "projections/generation.hpp"
#include "projections/replay.hpp"

using namespace varve;
using namespace varve::projections;
using namespace varve::projections::samples;

namespace {

class replay_fixture : public projector_fixture {
 public:
  void has_a_past() {
    for (const auto* id : {"s1", "s2", "s3"})
      sandbox(id, created({.name = id}));
    sandbox("s1", schema::SandboxStartedT{});
    sandbox("s2", failed("broken", true));
    subject.reset(); // positions are written
  }

  comparison compared() {
    auto found = compare_with_log(*store);
    INFO((found ? std::string{} : found.error().detail));
    REQUIRE(found);
    return std::move(found).value();
  }

  // The rows of the sandboxes that serve.
  area rows() {
    auto family = store->family("projections");
    REQUIRE(family);
    database base{store->database(), *family.value()};
    auto serving = serving_generation(base);
    REQUIRE(serving);
    return {base, serving.value().number, 's'};
  }

  void change(const std::string& key, std::optional<std::string> to) {
    auto at = rows();
    rocksdb::WriteBatch batch;
    if (to)
      at.put(batch, key, *to);
    else
      at.erase(batch, key);
    REQUIRE(at.base().write(batch));
  }
};

} // namespace

TEST_CASE_METHOD(replay_fixture, "read models follow from their log") {
  has_a_past();
  auto found = compared();
  CHECK(found.different == 0);
  CHECK(found.differences.empty());
  CHECK(found.records >= 5);
  CHECK(found.rows > 3);
}

TEST_CASE_METHOD(replay_fixture, "a changed, lost or added row is found") {
  has_a_past();
  auto key = sandbox_key("s2");
  auto row = rows().get(key);
  REQUIRE((row && row.value()));
  auto altered = *row.value();
  altered.back() = static_cast<char>(altered.back() ^ 1);
  change(key, altered);
  CHECK(compared().different == 1);
  change(key, std::nullopt);
  CHECK(compared().different == 1);
  change(key, *row.value());
  CHECK(compared().different == 0);
  change(sandbox_key("s9"), "x");
  auto found = compared();
  CHECK(found.different == 1);
  REQUIRE(found.differences.size() == 1);
  CHECK(found.differences[0].find("s9") != std::string::npos);
}

TEST_CASE_METHOD(replay_fixture, "rows behind the log are compared as far") {
  has_a_past();
  write.sandbox("org", "s3", schema::SandboxStartedT{}); // folded by nobody
  CHECK(compared().different == 0);
}

TEST_CASE_METHOD(replay_fixture, "a moment shows what was so by then") {
  auto state_at = [&](timestamp moment) {
    auto found = replay_sandbox(*store, "s1", moment);
    REQUIRE(found);
    auto all = replay::until(*store, moment);
    REQUIRE(all);
    auto same = all.value()->answers().sandbox("org", "s1");
    REQUIRE(same);
    REQUIRE(found.value().has_value() == same.value().has_value());
    if (!found.value())
      return std::string{"none"};
    CHECK(found.value()->version == same.value()->version);
    CHECK(found.value()->state == same.value()->state);
    return std::string{name_of(found.value()->state)};
  };
  auto before = write.sandbox("org", "s0", created({.name = "s0"}));
  auto made = write.sandbox("org", "s1", created({.name = "s1"}));
  auto started = write.sandbox("org", "s1", schema::SandboxStartedT{});
  auto time_of = [](const log::record_ptr& r) { return r->view().time(); };
  REQUIRE(time_of(before) < time_of(made));
  CHECK(state_at(time_of(before)) == "none");
  CHECK(state_at(time_of(made)) == "creating");
  CHECK(state_at(time_of(started) - 1) == "creating");
  CHECK(state_at(time_of(started)) == "started");
  CHECK(state_at(UINT64_MAX) == "started");
}

TEST_CASE_METHOD(replay_fixture, "a destroyed one is shown by its id") {
  auto last = write.sandbox("org", "s1", created({.name = "s1"}));
  last = write.sandbox("org", "s1", schema::SandboxDestroyRequestedT{});
  last = write.sandbox("org", "s1", schema::SandboxDestroyedT{});
  auto found = replay_sandbox(*store, "s1", last->view().time());
  REQUIRE((found && found.value()));
  CHECK(found.value()->state == sandbox_state::destroyed);
  auto nobody = replay_sandbox(*store, "s2", last->view().time());
  REQUIRE(nobody);
  CHECK_FALSE(nobody.value());
}
