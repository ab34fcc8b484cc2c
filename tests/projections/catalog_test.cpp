// Snapshots, API keys, organizations and runners.
#include "tests/projections/projector_fixture.hpp"

using namespace varve;
using namespace varve::projections;
using namespace varve::projections::samples;

namespace {

schema::SnapshotCreatedT snapshot_of(std::string name, bool general,
                                     std::vector<std::string> aliases = {}) {
  schema::SnapshotCreatedT out;
  out.name = std::move(name);
  out.general = general;
  out.aliases = std::move(aliases);
  out.image_ref = "ref-1";
  out.resources = std::make_unique<schema::Resources>(1000, 1024, 3, 0);
  out.entrypoint = {"sleep", "infinity"};
  return out;
}

schema::SnapshotActivatedT activated(std::vector<std::string> aliases = {}) {
  schema::SnapshotActivatedT out;
  out.image_ref = "ref-2";
  out.size_bytes = 42;
  out.aliases = std::move(aliases);
  out.resources = std::make_unique<schema::Resources>(2000, 2048, 5, 0);
  return out;
}

log::digest hash_of(std::string_view text) {
  return log::sha256(std::as_bytes(std::span{text.data(), text.size()}));
}

schema::ApiKeyCreatedT key_named(std::string name, std::string_view secret) {
  schema::ApiKeyCreatedT out;
  out.name = std::move(name);
  out.hash = digest_of(hash_of(secret));
  out.prefix = "dtn";
  out.suffix = "xyz";
  out.user_id = "user-1";
  out.permissions = {"write:sandboxes"};
  out.expires_at = 99;
  return out;
}

schema::ApiKeyRevokedT revoked(std::string name, std::string_view secret) {
  schema::ApiKeyRevokedT out;
  out.name = std::move(name);
  out.hash = digest_of(hash_of(secret));
  return out;
}

std::string id_of(result<std::optional<snapshot_view>> found) {
  REQUIRE(found);
  return found.value() ? found.value()->id : "nothing";
}

} // namespace

TEST_CASE_METHOD(projector_fixture, "a snapshot is pending, then active") {
  show(write.snapshot("org", "t1", snapshot_of("mine", false, {"m"})));
  auto v = ask().snapshot("org", "mine").value().value();
  CHECK(v.id == "t1");
  CHECK(v.organization_id == "org");
  CHECK_FALSE(v.general);
  CHECK(v.state == "pending");
  CHECK(v.image_ref == "ref-1");
  CHECK(v.aliases == std::vector<std::string>{"m"});
  CHECK(v.entrypoint == std::vector<std::string>{"sleep", "infinity"});
  show(write.snapshot("org", "t1", activated({"n"})));
  v = ask().snapshot("org", "t1").value().value();
  CHECK(v.state == "active");
  CHECK(v.image_ref == "ref-2");
  CHECK(v.size_bytes == 42);
  CHECK(v.resources == schema::Resources{2000, 2048, 5, 0});
  CHECK(v.created_at == epoch_2026);
  CHECK(v.updated_at == epoch_2026 + 1);
  CHECK(id_of(ask().snapshot("org", "n")) == "t1");
  CHECK(id_of(ask().snapshot("org", "m")) == "nothing");
  show(write.snapshot("org", "t1", schema::SnapshotRemovedT{}));
  CHECK(id_of(ask().snapshot("org", "t1")) == "nothing");
  CHECK(id_of(ask().snapshot("org", "n")) == "nothing");
  CHECK(ask().snapshots("org").value().empty());
}

TEST_CASE_METHOD(projector_fixture, "own snapshots hide general ones") {
  show(write.snapshot("", "g1", snapshot_of("base", true, {"b"})));
  show(write.snapshot("", "g2", snapshot_of("also", true)));
  show(write.snapshot("org", "t1", snapshot_of("base", false)));
  show(write.snapshot("other", "t2", snapshot_of("foreign", false)));
  CHECK(id_of(ask().snapshot("org", "base")) == "t1");
  CHECK(id_of(ask().snapshot("other", "base")) == "g1");
  CHECK(id_of(ask().snapshot("org", "b")) == "g1");
  CHECK(id_of(ask().snapshot("org", "g1")) == "g1");
  CHECK(id_of(ask().snapshot("org", "t2")) == "nothing");
  CHECK(id_of(ask().snapshot("org", "foreign")) == "nothing");
  auto all = ask().snapshots("org").value();
  REQUIRE(all.size() == 3);
  CHECK(all[0].id == "t1");
  CHECK(all[1].id == "g2");
  CHECK(all[2].id == "g1");
  CHECK(all[2].organization_id.empty());
}

TEST_CASE_METHOD(projector_fixture, "an alias without a tag fits any tag") {
  show(write.snapshot(
      "", "g1",
      snapshot_of("varve/base", true, {"vendor/sandbox", "pinned:1.0"})));
  CHECK(id_of(ask().snapshot("org", "vendor/sandbox")) == "g1");
  CHECK(id_of(ask().snapshot("org", "vendor/sandbox:0.6.0")) == "g1");
  CHECK(id_of(ask().snapshot("org", "pinned:1.0")) == "g1");
  CHECK(id_of(ask().snapshot("org", "pinned:2.0")) == "nothing");
  CHECK(id_of(ask().snapshot("org", "pinned")) == "nothing");
  // The name is no alias.
  CHECK(id_of(ask().snapshot("org", "varve/base:1")) == "nothing");
  CHECK(id_of(ask().snapshot("org", "host:5000/vendor/sandbox")) == "nothing");
}

TEST_CASE_METHOD(projector_fixture, "a key is found by hash until revoked") {
  show(write.organization("org", key_named("ci", "secret")));
  show(write.organization("org", key_named("admin", "other")));
  auto v = ask().api_key(hash_of("secret")).value().value();
  CHECK(v.organization_id == "org");
  CHECK(v.name == "ci");
  CHECK(v.user_id == "user-1");
  CHECK(v.prefix == "dtn");
  CHECK(v.suffix == "xyz");
  CHECK(v.permissions == std::vector<std::string>{"write:sandboxes"});
  CHECK(v.created_at == epoch_2026);
  CHECK(v.expires_at == 99);
  CHECK_FALSE(ask().api_key(hash_of("guess")).value());
  auto all = ask().api_keys("org").value();
  REQUIRE(all.size() == 2);
  CHECK(all[0].name == "admin");
  CHECK(ask().api_keys("or").value().empty());
  show(write.organization("org", revoked("ci", "secret")));
  CHECK_FALSE(ask().api_key(hash_of("secret")).value());
  CHECK(ask().api_key(hash_of("other")).value());
  CHECK(ask().api_keys("org").value().size() == 1);
  show(write.organization("org", key_named("ci", "again")));
  CHECK(ask().api_key(hash_of("again")).value());
  CHECK_FALSE(ask().api_key(hash_of("secret")).value());
}

TEST_CASE_METHOD(projector_fixture, "organizations show name and quota") {
  schema::OrganizationCreatedT event;
  event.name = "Default";
  event.default_region = "local";
  event.quota = std::make_unique<schema::QuotaT>();
  event.quota->cpu_millis = 8000;
  event.quota->sandboxes = 10;
  show(write.organization("org", event));
  auto v = ask().organization("org").value().value();
  CHECK(v.name == "Default");
  CHECK(v.default_region == "local");
  CHECK(v.quota.cpu_millis == 8000);
  CHECK(v.quota.memory_mib == 0);
  CHECK(v.quota.sandboxes == 10);
  CHECK_FALSE(ask().organization("other").value());
  CHECK(ask().organizations().value().size() == 1);
  schema::OrganizationQuotaSetT set;
  set.quota = std::make_unique<schema::QuotaT>();
  set.quota->sandboxes = 7;
  set.quota->sandbox_cpu_millis = 1500;
  show(write.organization("org", set));
  v = ask().organization("org").value().value();
  CHECK(v.quota.sandboxes == 7);
  CHECK(v.quota.sandbox_cpu_millis == 1500);
  CHECK(v.quota.cpu_millis == 0);
  CHECK_FALSE(v.name.empty());
}

TEST_CASE_METHOD(projector_fixture, "a runner shows as it last registered") {
  schema::RunnerRegisteredT event;
  event.region = "local";
  event.journal_id = "j1";
  event.capacity = std::make_unique<schema::Resources>(4000, 8192, 100, 0);
  show(write.runner("r1", event));
  event.journal_id = "j2";
  show(write.runner("r1", event));
  auto all = ask().runners().value();
  REQUIRE(all.size() == 1);
  CHECK(all[0].id == "r1");
  CHECK(all[0].journal_id == "j2");
  CHECK(all[0].capacity == schema::Resources{4000, 8192, 100, 0});
  CHECK(all[0].registered_at == epoch_2026 + 1);
}
