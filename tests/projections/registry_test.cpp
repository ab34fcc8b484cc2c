// Registries, and which of them an image is pulled with.
#include "projections/registry_access.hpp"
#include "tests/projections/projector_fixture.hpp"

using namespace varve;
using namespace varve::projections;
using namespace varve::projections::samples;

namespace {

std::vector<std::uint8_t> bytes_of(std::string_view text) {
  return {text.begin(), text.end()};
}

// Shows which scope it was asked with.
class open_vault final : public vault {
 public:
  result<std::vector<std::uint8_t>> seal(std::string_view,
                                         std::string_view text) override {
    return bytes_of(text);
  }
  result<std::string>
  open_sealed(std::string_view scope,
              const std::vector<std::uint8_t>& sealed) override {
    if (scope != "org")
      return failure(errc::undecipherable, "another scope");
    return std::string{sealed.begin(), sealed.end()};
  }
  result<void> erase(std::string_view) override {
    return ok();
  }
  std::string derive(std::string_view text) const override {
    return std::string{text};
  }
};

struct registries : projector_fixture {
  open_vault secrets;

  void add(const std::string& id, std::string url, std::string project = {},
           const std::string& organization = "org") {
    schema::DockerRegistryAddedT event;
    event.registry_id = id;
    event.name = "name of " + id;
    event.url = std::move(url);
    event.project = std::move(project);
    event.username_sealed = bytes_of("user of " + id);
    event.password_sealed = bytes_of("password of " + id);
    show(write.organization(organization, event));
  }

  std::string chosen(std::string_view image) {
    auto found = access_for_image(ask(), secrets, "org", image);
    REQUIRE(found);
    return found.value() ? found.value()->registry_id : "none";
  }
};

} // namespace

TEST_CASE_METHOD(registries, "a registry shows as it was last set") {
  add("r1", "https://one", "team");
  add("r2", "https://two");
  add("r3", "https://three", "", "other");
  schema::DockerRegistryChangedT change;
  change.registry_id = "r1";
  change.name = "renamed";
  change.url = "https://uno";
  change.username_sealed = bytes_of("somebody");
  show(write.organization("org", change));
  auto all = ask().registries("org").value();
  REQUIRE(all.size() == 2);
  CHECK(all[0].id == "r1");
  CHECK(all[0].organization_id == "org");
  CHECK(all[0].name == "renamed");
  CHECK(all[0].url == "https://uno");
  CHECK(all[0].project.empty());
  CHECK(all[0].username_sealed == bytes_of("somebody"));
  CHECK(all[0].password_sealed == bytes_of("password of r1"));
  CHECK(all[0].created_at == epoch_2026);
  CHECK(all[0].updated_at == epoch_2026 + 3);
  schema::DockerRegistryRemovedT gone;
  gone.registry_id = "r1";
  show(write.organization("org", gone));
  all = ask().registries("org").value();
  REQUIRE(all.size() == 1);
  CHECK(all[0].id == "r2");
  CHECK(ask().registries("other").value().size() == 1);
}

TEST_CASE_METHOD(registries, "an image is pulled with its host's registry") {
  add("r1", "https://Registry.example.com:5000/v2/");
  add("r2", "registry.example.com");
  add("r3", "https://index.docker.io/v1/");
  add("r4", "registry.example.net", "", "other");
  CHECK(chosen("registry.example.com:5000/team/app:1") == "r1");
  CHECK(chosen("registry.example.com/team/app:1") == "r2");
  CHECK(chosen("docker.io/library/debian:12") == "r3");
  CHECK(chosen("debian:12") == "r3");
  CHECK(chosen("team/app:12") == "r3");
  CHECK(chosen("registry.example.net/app:1") == "none");
  CHECK(chosen("localhost/app:1") == "none");
  auto found = access_for_image(ask(), secrets, "org", "debian:12").value();
  REQUIRE(found);
  CHECK(found->host == "docker.io");
  CHECK(found->username == "user of r3");
  CHECK(found->password == "password of r3");
  CHECK_FALSE(access_for_image(ask(), secrets, "nobody", "debian:12").value());
}

TEST_CASE_METHOD(registries, "of one host's, the nearest project is taken") {
  add("r1", "host.example");
  add("r2", "host.example", "team");
  add("r3", "host.example", "team/inner");
  CHECK(chosen("host.example/app:1") == "r1");
  CHECK(chosen("host.example/team/app:1") == "r2");
  CHECK(chosen("host.example/team/inner/app:1") == "r3");
  CHECK(chosen("host.example/teams/app:1") == "r1");
  // The newest of equals.
  add("r4", "https://host.example/");
  CHECK(chosen("host.example/app:1") == "r4");
}

TEST_CASE("what is no host is Docker Hub's") {
  CHECK(image_host("debian") == "docker.io");
  CHECK(image_host("a/b") == "docker.io");
  CHECK(image_host("localhost/b") == "localhost");
  CHECK(image_host("127.0.0.1:5000/b") == "127.0.0.1:5000");
  CHECK(registry_host("") == "");
  CHECK(registry_host("http://") == "");
  CHECK(registry_host("https://HUB.docker.com/x?y") == "docker.io");
}
