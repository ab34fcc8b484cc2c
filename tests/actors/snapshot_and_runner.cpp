#include <catch2/catch.hpp>

#include "actors/runner/state.hpp"
#include "actors/snapshot/decide.hpp"
#include "tests/actors/given.hpp"

using namespace varve;

namespace {

RegisterSnapshot registration() {
  RegisterSnapshot c;
  c.snapshot_id = "snap-1";
  c.name = "varve/base";
  c.aliases = {"daytonaio/sandbox"};
  c.image_ref = "image:1";
  c.resources = schema::Resources{1000, 1024, 3, 0};
  c.entrypoint = {"sleep", "infinity"};
  c.size_bytes = 42;
  return c;
}

template <class State>
void fold(State& s, decision d) {
  auto record = given::committed(std::move(d), s.version, 0, given::start_time);
  for (const auto* entry : *record->view().entries())
    evolve(s, *entry, envelope{record->view(), 0});
}

} // namespace

TEST_CASE("registering a snapshot makes it active in one record") {
  snapshot::state s;
  auto d = snapshot::decide(s, registration(), "org-1", given::start_time);
  REQUIRE(d.has_value());
  CHECK(d.value().entries.size() == 2);
  fold(s, std::move(d).value());
  CHECK(s.at == snapshot::status::active);
  CHECK(s.name == "varve/base");
  CHECK(s.size_bytes == 42);
  CHECK(s.version == 2);

  SECTION("again with the same content is no event") {
    CHECK(snapshot::decide(s, registration(), "org-1", given::start_time)
              .value()
              .entries.empty());
  }
  SECTION("every changed part is an event that bears all") {
    auto change = GENERATE(0, 1, 2, 3, 4);
    auto c = registration();
    if (change == 0)
      c.image_ref = "image:2";
    if (change == 1)
      c.aliases.push_back("other");
    if (change == 2)
      c.resources = schema::Resources{2000, 1024, 3, 0};
    if (change == 3)
      c.entrypoint = {};
    if (change == 4)
      c.size_bytes = 43;
    auto changed = snapshot::decide(s, c, "org-1", given::start_time);
    REQUIRE(changed.value().entries.size() == 1);
    fold(s, std::move(changed).value());
    CHECK(s.image_ref == c.image_ref);
    CHECK(s.aliases == c.aliases);
    CHECK(s.resources == c.resources);
    CHECK(s.entrypoint == c.entrypoint);
    CHECK(s.size_bytes == c.size_bytes);
  }
  SECTION("another name or organization is refused") {
    auto c = registration();
    c.name = "other";
    CHECK(snapshot::decide(s, c, "org-1", given::start_time).error().code
          == errc::conflict);
    CHECK(
        snapshot::decide(s, registration(), "", given::start_time).error().code
        == errc::conflict);
  }
}

TEST_CASE("a runner is registered again only when something changed") {
  runner_aggregate::state s;
  RegisterRunner c{"runner-1", "local", "journal-1",
                   schema::Resources{4000, 8192, 50, 0}, "crun 1.8.1"};
  auto d = runner_aggregate::decide(s, c);
  REQUIRE(d.has_value());
  fold(s, std::move(d).value());
  CHECK(s.journal_id == "journal-1");
  CHECK(runner_aggregate::decide(s, c).value().entries.empty());
  c.journal_id = "journal-2";
  CHECK(runner_aggregate::decide(s, c).value().entries.size() == 1);
}
