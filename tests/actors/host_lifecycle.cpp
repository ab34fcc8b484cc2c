// A sandbox's life through the actors, on the real store and a fake runner.
#include <catch2/catch.hpp>

#include "tests/actors/host_world.hpp"

using namespace varve;
using sandbox::status;

TEST_CASE("a sandbox is created, stopped, started and destroyed") {
  host_world world;
  world.found();
  auto reply = world.must(given::creation("sb-1", "one"));
  CHECK(reply.aggregate_id == "sb-1");
  CHECK(reply.version == 1);
  CHECK(world.sandbox("sb-1").at == status::started);

  world.must(StopSandbox{"sb-1", false});
  CHECK(world.sandbox("sb-1").at == status::stopped);
  world.must(StartSandbox{"sb-1"});
  CHECK(world.sandbox("sb-1").at == status::started);
  world.must(DestroySandbox{"sb-1"});
  CHECK(world.sandbox("sb-1").at == status::destroyed);

  CHECK(world.runner.of("sb-1").size() == 4);
  CHECK(world.runner.outbox.empty());
  CHECK(world.organization().used == organization::amounts{});
  CHECK(world.store().outstanding().value().empty());
  CHECK_FALSE(world.store().next_due().value().has_value());
}

TEST_CASE("every operation bears what the runner needs") {
  host_world world;
  world.found();
  auto c = given::creation("sb-1", "one");
  std::string sealed = R"({"K":"v"})";
  c.env_sealed.assign(sealed.rbegin(), sealed.rend());
  c.env_names = {"K"};
  world.must(c);
  REQUIRE(world.runner.operations.size() == 1);
  const auto& o = world.runner.operations[0];
  CHECK(o.kind == schema::OperationKind::Create);
  CHECK(o.version == 1);
  CHECK(o.partition == log::partition_of("org-1"));
  CHECK(o.epoch == world.store().head(o.partition).value().epoch);
  CHECK(o.journal_id == "journal-1");
  CHECK(o.queue_until > world.now());
  REQUIRE(o.spec);
  CHECK(o.spec->image_ref == "image:1");
  CHECK(o.spec->name == "one");
  CHECK(o.spec->organization_id == "org-1");
  REQUIRE(o.spec->env.size() == 1);
  CHECK(o.spec->env[0]->key == "K");
  CHECK(o.spec->env[0]->value == "v");
  auto stream = world.stream("sb-1");
  auto id = stream[0]->view().id();
  uuid of_record;
  std::copy(id->begin(), id->end(), of_record.bytes.begin());
  CHECK(o.id == of_record.str() + ".0");
}

TEST_CASE("env that cannot be decrypted is an error state, not a trap") {
  host_world world;
  world.found();
  auto c = given::creation("sb-1");
  c.env_sealed = {0, 1, 2};
  world.must(c);
  CHECK(world.sandbox("sb-1").at == status::error);
  CHECK(world.runner.operations.empty());
  world.must(DestroySandbox{"sb-1"});
  CHECK(world.sandbox("sb-1").at == status::destroyed);
}

TEST_CASE("a data key goes with its sandbox, and not before") {
  host_world world;
  world.found();
  world.must(given::creation("sb-1", "one"));
  world.must(given::creation("sb-2", "two"));
  world.must(StopSandbox{"sb-1", false});
  CHECK(world.erased_keys().empty());
  world.must(DestroySandbox{"sb-1"});
  CHECK(world.erased_keys() == std::vector<std::string>{"sb-1"});
}

TEST_CASE("the callback sees every record that counts, in order") {
  host_world world;
  world.found();
  world.must(given::creation("sb-1"));
  auto partition = log::partition_of("org-1");
  std::uint64_t next = 1; // after LogCreated, which the log itself wrote
  for (const auto& r : world.committed)
    if (r->at().partition == partition)
      CHECK(r->at().index == next++);
  CHECK(next == world.store().head(partition).value().next_index);
}

TEST_CASE("names and quota are admitted by the organization alone") {
  host_world world;
  schema::QuotaT quota;
  quota.sandboxes = 2;
  quota.cpu_millis = 2000;
  world.must(CreateOrganization{"default", quota, "local"});
  world.must(given::creation("sb-1", "one"));
  CHECK(world.ask(given::creation("sb-2", "one")).error().detail
        == "Sandbox with name one already exists");
  world.must(given::creation("sb-2", "two"));
  world.must(StopSandbox{"sb-1", false});
  CHECK(world.ask(given::creation("sb-3")).error().code
        == errc::quota_exceeded);
  world.must(DestroySandbox{"sb-2"});
  world.must(given::creation("sb-3"));
  world.must(StartSandbox{"sb-1"});
  world.must(StopSandbox{"sb-1", false});
  CHECK(organization::recount(world.organization())
        == world.organization().used);
}

TEST_CASE("starts at the same time cannot exceed the quota together") {
  host_world world;
  schema::QuotaT quota;
  quota.cpu_millis = 2000;
  world.must(CreateOrganization{"default", quota, "local"});
  for (auto id : {"sb-1", "sb-2", "sb-3"}) {
    world.must(given::creation(id));
    world.must(StopSandbox{id, false});
  }
  std::vector<answer_place> places;
  for (auto id : {"sb-1", "sb-2", "sb-3"})
    places.push_back(world.submit(StartSandbox{id}));
  world.run();
  std::size_t started = 0;
  for (const auto& place : places) {
    REQUIRE(place->has_value());
    if (**place)
      ++started;
    else
      CHECK((*place)->error().code == errc::quota_exceeded);
  }
  CHECK(started == 2);
  CHECK(world.organization().used.cpu_millis == 2000);
}

TEST_CASE("commands to what is not there are not found and leave nothing") {
  host_world world;
  world.found();
  auto before = world.host().aggregates_in_memory();
  for (const command& c :
       {command{StartSandbox{"sb-9"}}, command{StopSandbox{"sb-9", true}},
        command{RecoverSandbox{"sb-9"}}, command{DestroySandbox{"sb-9"}},
        command{ReplaceLabels{"sb-9", {}}}})
    CHECK(world.ask(c).error().code == errc::not_found);
  CHECK(world.host().aggregates_in_memory() == before);
}

TEST_CASE("another organization's sandbox is not found") {
  host_world world;
  world.found();
  world.must(given::creation("sb-1"));
  auto place = std::make_shared<std::optional<result<command_reply>>>();
  command_origin origin{"org-2", "key:x", "c-1", {}, schema::Cause::User};
  world.host().submit(DestroySandbox{"sb-1"}, origin,
                      [place](result<command_reply> r) { place->emplace(r); });
  world.run();
  REQUIRE(place->has_value());
  CHECK((*place)->error().code == errc::not_found);
  CHECK(world.sandbox("sb-1").at == status::started);
}

TEST_CASE("snapshots, runners and keys are registered through the same way") {
  host_world world;
  world.found();
  RegisterRunner runner{"runner-1", "local", "journal-1",
                        schema::Resources{4000, 8192, 50, 0}, "crun"};
  auto first = world.must(runner);
  CHECK(first.version == 1);
  CHECK(world.must(runner).version == 1);
  RegisterSnapshot snapshot;
  snapshot.snapshot_id = "snap-1";
  snapshot.name = "varve/base";
  snapshot.image_ref = "image:1";
  CHECK(world.must(snapshot).aggregate_id == "snap-1");
  CreateApiKey key;
  key.name = "one";
  key.hash[0] = 7;
  key.prefix = "dtn";
  key.suffix = "abc";
  key.user_id = "user-1";
  world.must(key);
  world.must(RevokeApiKey{"one"});
  CHECK(world.ask(RevokeApiKey{"one"}).error().code == errc::not_found);
}
