#include <catch2/catch.hpp>

#include "tests/actors/given.hpp"

using namespace varve;

namespace {

// An organization and its sandboxes, folded from one stream.
struct org_story {
  organization::state s;
  organization::reservations promised;
  timestamp now = given::start_time;

  explicit org_story(schema::QuotaT quota = {}) {
    when(CreateOrganization{"default", quota, "local"});
  }

  result<decision> decide(const organization::input& what) const {
    return organization::decide(
        s, what, {"org-1", decision_context{now, "runner-1"}, promised});
  }

  void commit(decision d) {
    if (!d.entries.empty())
      given::fold(s,
                  *given::committed(std::move(d), s.version, s.version, now++));
  }

  void when(const organization::input& what) {
    auto d = decide(what);
    REQUIRE(d.has_value());
    commit(std::move(d).value());
  }

  template <class Event>
  void happened(const std::string& sandbox_id, Event event) {
    decision d;
    d.entries.push_back(make_entry(schema::AggregateType::Sandbox, sandbox_id,
                                   std::move(event)));
    commit(std::move(d));
  }

  std::string refusal(const organization::input& what) const {
    auto d = decide(what);
    REQUIRE(!d.has_value());
    return d.error().detail;
  }
};

schema::QuotaT quota(std::uint64_t cpu, std::uint64_t memory,
                     std::uint64_t disk, std::uint32_t sandboxes) {
  schema::QuotaT out;
  out.cpu_millis = cpu;
  out.memory_mib = memory;
  out.disk_gib = disk;
  out.sandboxes = sandboxes;
  return out;
}

CreateApiKey key(const std::string& name, std::uint8_t first_byte) {
  CreateApiKey out;
  out.name = name;
  out.hash[0] = first_byte;
  out.prefix = "dtn";
  out.suffix = "abc";
  out.user_id = "user-1";
  return out;
}

} // namespace

TEST_CASE("a name is unique among live sandboxes and free at the request to "
          "delete") {
  org_story org;
  org.when(given::creation("sb-1", "one"));
  CHECK(org.refusal(given::creation("sb-2", "one"))
        == "Sandbox with name one already exists");
  org.happened("sb-1", schema::SandboxDestroyRequestedT{});
  org.when(given::creation("sb-2", "one"));
  CHECK(org.s.by_name.at("one") == "sb-2");
}

TEST_CASE("a sandbox without a name bears its id") {
  org_story org;
  org.when(given::creation("sb-1"));
  CHECK(org.s.by_name.contains("sb-1"));
}

TEST_CASE("going over a limit is refused with the text clients know") {
  CHECK(org_story{quota(500, 0, 0, 0)}.refusal(given::creation("sb-1"))
        == "Total CPU limit exceeded. Maximum allowed: 0.5.");
  CHECK(org_story{quota(0, 512, 0, 0)}.refusal(given::creation("sb-1"))
        == "Total memory limit exceeded. Maximum allowed: 0.5GiB.");
  CHECK(org_story{quota(0, 0, 2, 0)}.refusal(given::creation("sb-1"))
        == "Total disk limit exceeded. Maximum allowed: 2GiB.");
  org_story one{quota(0, 0, 0, 1)};
  one.when(given::creation("sb-1"));
  CHECK(one.refusal(given::creation("sb-2"))
        == "Total sandbox limit exceeded. Maximum allowed: 1.");
}

TEST_CASE("a quota that is set counts from the next command on") {
  org_story org;
  org.when(given::creation("sb-1"));
  org.when(SetQuota{quota(0, 0, 0, 1)});
  CHECK(org.s.quota.sandboxes == 1);
  CHECK(org.refusal(given::creation("sb-2", "another"))
        == "Total sandbox limit exceeded. Maximum allowed: 1.");
  auto again = org.decide(SetQuota{quota(0, 0, 0, 1)});
  REQUIRE(again);
  CHECK(again.value().entries.empty());
  org.when(SetQuota{});
  org.when(given::creation("sb-2", "another"));
  CHECK(organization::decide(organization::state{}, SetQuota{},
                             {"org-1", decision_context{1, ""}, org.promised})
            .error()
            .code
        == errc::not_found);
}

TEST_CASE("no sandbox may have more than one may have") {
  auto limits = quota(0, 0, 0, 0);
  limits.sandbox_cpu_millis = 500;
  CHECK(org_story{limits}.refusal(given::creation("sb-1"))
        == "CPU request 1 exceeds maximum allowed per sandbox (0.5).");
  limits.sandbox_cpu_millis = 2000;
  limits.sandbox_memory_mib = 512;
  CHECK(org_story{limits}.refusal(given::creation("sb-1"))
        == "Memory request 1GB exceeds maximum allowed per sandbox (0.5GB).");
  limits.sandbox_memory_mib = 1024;
  limits.sandbox_disk_gib = 2;
  CHECK(org_story{limits}.refusal(given::creation("sb-1"))
        == "Disk request 3GB exceeds maximum allowed per sandbox (2GB).");
  limits.sandbox_disk_gib = 3;
  org_story org{limits};
  org.when(given::creation("sb-1"));
  auto too_much = organization::admit_resize(
      org.s, ResizeSandbox{"sb-1", 3000, std::nullopt}, org.promised);
  REQUIRE(!too_much);
  CHECK(too_much.error().detail
        == "CPU request 3 exceeds maximum allowed per sandbox (2).");
  CHECK(organization::admit_resize(
      org.s, ResizeSandbox{"sb-1", 2000, std::nullopt}, org.promised));
  auto too_large = organization::admit_resize(
      org.s, ResizeSandbox{"sb-1", {}, {}, 4}, org.promised);
  REQUIRE(!too_large);
  CHECK(too_large.error().detail
        == "Disk request 4GB exceeds maximum allowed per sandbox (3GB).");
}

TEST_CASE("stopped gives back cpu and memory, error all, delete the rest") {
  org_story org;
  org.when(given::creation("sb-1"));
  CHECK(org.s.used == organization::amounts{1000, 1024, 3, 1});
  org.happened("sb-1", schema::SandboxStoppedT{});
  CHECK(org.s.used == organization::amounts{0, 0, 3, 1});
  org.happened("sb-1", schema::SandboxStartRequestedT{});
  CHECK(org.s.used == organization::amounts{1000, 1024, 3, 1});
  schema::SandboxFailedT failed;
  failed.reason = "x";
  org.happened("sb-1", failed);
  CHECK(org.s.used == organization::amounts{0, 0, 0, 1});
  org.happened("sb-1", schema::SandboxRecoveryRequestedT{});
  CHECK(org.s.used == organization::amounts{1000, 1024, 3, 1});
  org.happened("sb-1", schema::SandboxDestroyRequestedT{});
  CHECK(org.s.used == organization::amounts{});
  CHECK(organization::recount(org.s) == org.s.used);
  // An outcome on its way when deletion began.
  org.happened("sb-1", schema::SandboxStoppedT{});
  CHECK(org.s.used == organization::amounts{});
}

TEST_CASE("a start is admitted against what is used and promised") {
  org_story org{quota(2000, 0, 0, 0)};
  for (auto id : {"sb-1", "sb-2"})
    org.when(given::creation(id));
  for (auto id : {"sb-1", "sb-2"})
    org.happened(id, schema::SandboxStoppedT{});
  org.when(given::creation("sb-3"));

  auto first = organization::admit_start(org.s, "sb-1", org.promised);
  REQUIRE(first.has_value());
  CHECK(first.value() == organization::amounts{1000, 1024, 0, 0});
  org.promised["sb-1"] = first.value();
  auto second = organization::admit_start(org.s, "sb-2", org.promised);
  REQUIRE(!second.has_value());
  CHECK(second.error().code == errc::quota_exceeded);
  // A second start of the same sandbox joins the first.
  auto joined = organization::admit_start(org.s, "sb-1", org.promised);
  REQUIRE(joined.has_value());
  CHECK(joined.value() == organization::amounts{});
  // Creates count promises as well.
  CHECK(org.refusal(given::creation("sb-4")).starts_with("Total CPU"));
}

TEST_CASE("what runs or is unknown takes nothing more to start") {
  org_story org{quota(1000, 0, 0, 0)};
  org.when(given::creation("sb-1"));
  CHECK(organization::admit_start(org.s, "sb-1", {}).value()
        == organization::amounts{});
  CHECK(organization::admit_start(org.s, "sb-9", {}).value()
        == organization::amounts{});
}

TEST_CASE("api keys are unique by name and by hash, and revocable") {
  org_story org;
  org.when(key("one", 1));
  CHECK(org.decide(key("one", 1)).value().entries.empty());
  CHECK(org.decide(key("one", 2)).error().code == errc::conflict);
  CHECK(org.decide(key("two", 1)).error().code == errc::conflict);
  org.when(RevokeApiKey{"one"});
  CHECK(org.decide(RevokeApiKey{"one"}).error().code == errc::not_found);
  org.when(key("two", 1));
}

TEST_CASE("no more waits warm for an organization than its quota lets run") {
  org_story org{quota(10'000, 8192, 0, 0)};
  SetWarmPool pool{"pool-1",
                   true,
                   "snap-1",
                   "varve/base",
                   "local",
                   3,
                   schema::Resources{1000, 1024, 3, 0}};
  org.when(pool);
  CHECK(org.decide(pool).value().entries.empty());
  CHECK(org.s.used == organization::amounts{});
  auto second = pool;
  second.pool_id = "pool-2";
  CHECK(org.decide(second).error().code == errc::conflict);
  second.snapshot_id = "snap-2";
  second.size = 6;
  CHECK(org.decide(second).error().code == errc::quota_exceeded);
  second.size = 5;
  org.when(second);
  pool.is_new = false;
  pool.size = 4;
  CHECK(org.decide(pool).error().code == errc::quota_exceeded);
  pool.size = 0;
  org.when(pool);
  CHECK(org.s.warm_pools.at("pool-1").size == 0);
  CHECK(org.s.warm_pools.at("pool-1").snapshot_name == "varve/base");
  org.when(RemoveWarmPool{"pool-1"});
  CHECK(org.decide(RemoveWarmPool{"pool-1"}).error().code == errc::not_found);
  CHECK(org.decide(pool).error().code == errc::not_found);
}

TEST_CASE("registries are kept by id until they are removed") {
  org_story org;
  AddDockerRegistry add{"r-1", "ours", "registry:5000", "team", {1}, {2}};
  org.when(add);
  CHECK(org.decide(add).value().entries.empty());

  // What is not given stays.
  ChangeDockerRegistry change{"r-1", "named", "registry", {}, {3}, {}};
  auto d = org.decide(change);
  REQUIRE(d.has_value());
  REQUIRE(d.value().entries.size() == 1);
  const auto* changed =
      d.value().entries.front()->event.AsDockerRegistryChanged();
  REQUIRE(changed != nullptr);
  CHECK(changed->project == "team");
  CHECK(changed->password_sealed.empty());
  change.project = "";
  org.when(change);
  CHECK(org.s.registries.at("r-1").empty());

  org.when(RemoveDockerRegistry{"r-1"});
  CHECK(org.decide(RemoveDockerRegistry{"r-1"}).error().code
        == errc::not_found);
  CHECK(org.decide(change).error().code == errc::not_found);
  for (int i = 0; i < 100; ++i)
    org.when(
        AddDockerRegistry{"many-" + std::to_string(i), "n", "u", "", {1}, {2}});
  CHECK(org.refusal(add).starts_with("Docker registry quota exceeded"));
}

TEST_CASE("an organization is founded once and with the same content again is "
          "no event") {
  org_story org{quota(1, 2, 3, 4)};
  CHECK(org.decide(CreateOrganization{"default", quota(1, 2, 3, 4), "local"})
            .value()
            .entries.empty());
  CHECK(org.decide(CreateOrganization{"other", quota(1, 2, 3, 4), "local"})
            .error()
            .code
        == errc::conflict);
}

TEST_CASE("nothing is created without an organization or a runner") {
  organization::state none;
  auto context =
      organization::context{"org-1", decision_context{1, "runner-1"}, {}};
  CHECK(
      organization::decide(none, given::creation("sb-1"), context).error().code
      == errc::not_found);
  org_story org;
  auto d = organization::decide(org.s, given::creation("sb-1"),
                                {"org-1", decision_context{1, ""}, {}});
  CHECK(d.error().detail == "No available runners");
}

TEST_CASE("the folded usage equals a recount over random histories") {
  for (unsigned seed = 1; seed <= 100; ++seed) {
    INFO("seed " << seed);
    org_story org;
    auto next = seed;
    for (int i = 0; i < 60; ++i) {
      next = next * 1664525u + 1013904223u;
      auto id = "sb-" + std::to_string((next >> 8) % 5);
      switch ((next >> 16) % 6) {
      case 0:
        if (auto d = org.decide(given::creation(id)))
          org.commit(std::move(d).value());
        break;
      case 1:
        org.happened(id, schema::SandboxStoppedT{});
        break;
      case 2:
        org.happened(id, schema::SandboxStartRequestedT{});
        break;
      case 3: {
        schema::SandboxFailedT failed;
        failed.reason = "x";
        org.happened(id, failed);
        break;
      }
      case 4:
        org.happened(id, schema::SandboxRecoveryRequestedT{});
        break;
      default:
        org.happened(id, schema::SandboxDestroyRequestedT{});
      }
      REQUIRE(organization::recount(org.s) == org.s.used);
      REQUIRE(org.s.by_name.size() == org.s.sandboxes.size());
    }
  }
}
