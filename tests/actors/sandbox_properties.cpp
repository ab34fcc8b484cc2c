// Properties over random histories; the seed is printed on failure.
#include <catch2/catch.hpp>

#include <random>

#include "tests/actors/given.hpp"

using namespace varve;
using sandbox::status;

namespace {

using dice = std::mt19937_64;

schema::Present any_present(dice& roll) {
  return static_cast<schema::Present>(roll() % 5);
}

sandbox::input any_report(given::sandbox_story& story, dice& roll) {
  if (roll() % 3 == 0)
    return story.observation(any_present(roll),
                             static_cast<schema::Cause>(5 + roll() % 6));
  if (roll() % 3 == 0)
    return sandbox::RunnerListed{any_present(roll), story.now - roll() % 3000};
  if (!sandbox::owed_operation(story.s))
    return sandbox::DeadlineReached{story.now};
  return story.answer(static_cast<schema::Result>(1 + roll() % 5),
                      any_present(roll));
}

// It is not reached before its time.
sandbox::input passed_deadline(given::sandbox_story& story) {
  story.now = std::max(story.now, story.s.deadline);
  return sandbox::DeadlineReached{story.s.deadline};
}

sandbox::input any_setting(dice& roll) {
  auto some = static_cast<std::uint32_t>(1 + roll() % 4);
  switch (roll() % 5) {
  case 4:
    return RotateSigningKey{"sb-1", roll() % 3};
  case 0:
    return ResizeSandbox{"sb-1", some * 1000, {}};
  case 1:
    return SetNetwork{"sb-1", {roll() % 2 == 0, ""}};
  case 2:
    return SetPublic{"sb-1", roll() % 2 == 0};
  default:
    return SetTimers{"sb-1", static_cast<std::int32_t>(some), {}, {}, {}};
  }
}

sandbox::input any_input(given::sandbox_story& story, dice& roll) {
  switch (roll() % 12) {
  case 0:
  case 1:
    return StartSandbox{"sb-1"};
  case 2:
    return StopSandbox{"sb-1", roll() % 2 == 0};
  case 3:
    return RecoverSandbox{"sb-1"};
  case 4:
    return ReplaceLabels{"sb-1", {{"n", std::to_string(roll() % 4)}}};
  case 5:
    if (roll() % 8 == 0)
      return DestroySandbox{"sb-1"};
    return passed_deadline(story);
  case 6:
    return PauseSandbox{"sb-1"};
  case 7:
    return any_setting(roll);
  default:
    return any_report(story, roll);
  }
}

given::sandbox_story any_history(std::uint64_t seed, int steps) {
  dice roll{seed};
  given::sandbox_story story;
  story.create();
  for (int i = 0; i < steps; ++i) {
    auto d = story.decide(any_input(story, roll));
    if (d)
      story.commit(std::move(d).value());
  }
  return story;
}

} // namespace

TEST_CASE("folding a history in two batches equals folding it at once") {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    INFO("seed " << seed);
    auto story = any_history(seed, 30);
    auto cut = seed % (story.records.size() + 1);
    sandbox::state first;
    for (std::size_t i = 0; i < cut; ++i)
      given::fold(first, *story.records[i]);
    auto second = first;
    for (auto i = cut; i < story.records.size(); ++i)
      given::fold(second, *story.records[i]);
    REQUIRE(second == story.s);
  }
}

TEST_CASE("no event leaves a sandbox as it was") {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    INFO("seed " << seed);
    auto story = any_history(seed, 30);
    sandbox::state s;
    for (const auto& record : story.records) {
      auto before = s;
      given::fold(s, *record);
      before.version = s.version;
      REQUIRE(!(before == s));
    }
  }
}

TEST_CASE("destroyed is absorbing") {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    INFO("seed " << seed);
    auto story = any_history(seed, 10);
    if (story.s.at != status::destroying && story.s.at != status::destroyed)
      story.when(DestroySandbox{"sb-1"});
    if (story.s.at == status::destroying)
      story.done(schema::Present::Absent);
    REQUIRE(story.s.at == status::destroyed);
    dice roll{seed};
    for (int i = 0; i < 50; ++i) {
      auto d = story.decide(any_input(story, roll));
      REQUIRE((!d || d.value().entries.empty()));
    }
  }
}

TEST_CASE("deciding an input again after its events changes nothing") {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    INFO("seed " << seed);
    auto story = any_history(seed, 20);
    dice roll{seed * 31};
    auto what = any_input(story, roll);
    auto d = story.decide(what);
    if (!d || d.value().entries.empty())
      continue;
    auto at = story.s.at;
    story.commit(std::move(d).value());
    auto again = story.decide(what);
    INFO("input " << what.index() << " in " << sandbox::name_of(at));
    REQUIRE((!again || again.value().entries.empty()));
  }
}

TEST_CASE("every transitional state has a deadline and an operation owed, no "
          "other owes one") {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    INFO("seed " << seed);
    auto story = any_history(seed, 25);
    auto moves = sandbox::patience_of(story.s.at, 0) != 0;
    REQUIRE((!moves || sandbox::deadline_of(story.s) != 0));
    REQUIRE(moves == sandbox::owed_operation(story.s).has_value());
  }
}

TEST_CASE("no state is a trap: deadlines alone lead out of every transition") {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    INFO("seed " << seed);
    auto story = any_history(seed, 25);
    auto from = story.s.at;
    if (sandbox::patience_of(from, 0) == 0)
      continue;
    auto version = story.s.version;
    story.when(passed_deadline(story));
    REQUIRE(story.s.version > version);
    REQUIRE((story.s.at != from || from == status::destroying));
  }
}

TEST_CASE("from every reachable state a delete and a working runner lead to "
          "destroyed") {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    INFO("seed " << seed);
    auto story = any_history(seed, 25);
    auto d = story.decide(DestroySandbox{"sb-1"});
    REQUIRE(d.has_value());
    story.commit(std::move(d).value());
    if (story.s.at == status::destroying)
      story.done(schema::Present::Absent);
    REQUIRE(story.s.at == status::destroyed);
  }
}
