// Histories made by chance: however they reach the read models, the rows are
// the same.
#include <csignal>
#include <random>
#include <set>

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/events/scratch_directory.hpp"
#include "tests/projections/projector_fixture.hpp"

using namespace varve;
using namespace varve::projections;
using namespace varve::projections::samples;

namespace {

// Writes one thing that might happen.
class chance {
 public:
  chance(record_builder& write, unsigned seed) : write_{write}, random_{seed} {
    // nop
  }

  log::record_ptr next() {
    switch (draw(12)) {
    case 0:
    case 1:
      return create();
    case 2:
      return draw(2) == 0 ? registry() : key();
    case 3:
      return snapshot();
    default:
      return change();
    }
  }
  unsigned draw(unsigned below) {
    return static_cast<unsigned>(random_() % below);
  }

 private:
  std::string organization_of(unsigned sandbox) {
    return "org-" + std::to_string(sandbox % 3);
  }

  log::record_ptr create() {
    auto i = count_++;
    sandbox_shape shape;
    shape.name = "name-" + std::to_string(draw(20));
    shape.cpu_millis = 500 * (1 + draw(4));
    shape.runner = "runner-" + std::to_string(draw(2));
    shape.labels = some_labels();
    return write_.sandbox(organization_of(i), "s" + std::to_string(i),
                          created(shape));
  }

  std::map<std::string, std::string> some_labels() {
    std::map<std::string, std::string> out;
    for (auto n = draw(4); n > 0; --n)
      out["l" + std::to_string(draw(5))] = std::to_string(draw(3));
    return out;
  }

  log::record_ptr change() {
    if (count_ == 0)
      return create();
    auto i = draw(count_);
    auto id = "s" + std::to_string(i);
    auto org = organization_of(i);
    switch (draw(9)) {
    case 0:
      return write_.sandbox(org, id, schema::SandboxStartRequestedT{});
    case 1:
      return write_.sandbox(org, id, schema::SandboxStartedT{});
    case 2:
      return write_.sandbox(org, id, schema::SandboxStopRequestedT{});
    case 3:
      return write_.sandbox(org, id, schema::SandboxStoppedT{});
    case 4:
      return write_.sandbox(org, id, failed("by chance", draw(2) == 0));
    case 5:
      return write_.sandbox(org, id, schema::SandboxDestroyRequestedT{});
    case 6:
      return write_.sandbox(org, id, schema::SandboxDestroyedT{});
    default:
      return write_.sandbox(org, id, labels(some_labels()));
    }
  }

  log::record_ptr registry() {
    auto org = "org-" + std::to_string(draw(3));
    auto id = "r-" + std::to_string(draw(4));
    bool is_known = !registries_.insert(org + id).second;
    if (is_known && draw(3) == 0) {
      registries_.erase(org + id);
      schema::DockerRegistryRemovedT event;
      event.registry_id = id;
      return write_.organization(org, event);
    }
    if (is_known) {
      schema::DockerRegistryChangedT event;
      event.registry_id = id;
      event.name = "changed";
      event.url = "registry-" + std::to_string(draw(9));
      event.username_sealed = {7};
      return write_.organization(org, event);
    }
    schema::DockerRegistryAddedT event;
    event.registry_id = id;
    event.name = "added";
    event.url = "registry";
    event.username_sealed = {1};
    event.password_sealed = {2};
    return write_.organization(org, event);
  }

  log::record_ptr key() {
    auto org = "org-" + std::to_string(draw(3));
    auto name = "key-" + std::to_string(draw(5));
    log::digest hash{};
    hash[0] = static_cast<std::uint8_t>(draw(256));
    if (draw(3) == 0) {
      schema::ApiKeyRevokedT event;
      event.name = name;
      event.hash = digest_of(hash);
      return write_.organization(org, event);
    }
    schema::ApiKeyCreatedT event;
    event.name = name;
    event.hash = digest_of(hash);
    event.user_id = "user";
    return write_.organization(org, event);
  }

  log::record_ptr snapshot() {
    auto i = draw(6);
    auto org = i < 3 ? "" : "org-" + std::to_string(i % 3);
    auto id = "t" + std::to_string(i);
    if (!snapshots_.insert(i).second && draw(4) != 0) {
      schema::SnapshotActivatedT event;
      event.image_ref = "ref-" + std::to_string(draw(9));
      event.aliases = {"alias-" + std::to_string(draw(3))};
      return write_.snapshot(org, id, event);
    }
    schema::SnapshotCreatedT event;
    event.name = "snapshot-" + std::to_string(draw(4));
    event.general = i < 3;
    event.aliases = {"alias-" + std::to_string(draw(3))};
    event.image_ref = "ref";
    event.resources = std::make_unique<schema::Resources>(1000, 1024, 3, 0);
    return write_.snapshot(org, id, event);
  }

  record_builder& write_;
  std::mt19937 random_;
  unsigned count_ = 0;
  std::set<unsigned> snapshots_;
  std::set<std::string> registries_;
};

// As the log writer would, if it forgot some and was stopped now and then.
class unreliable_fixture : public projector_fixture {
 public:
  void run(chance& by, int records) {
    std::vector<log::record_ptr> unpublished;
    for (int i = 0; i < records; ++i) {
      unpublished.push_back(by.next());
      if (by.draw(10) != 0)
        continue;
      if (by.draw(4) != 0)
        subject->publish(unpublished);
      unpublished.clear();
      if (by.draw(40) == 0)
        restart();
      if (by.draw(60) == 0)
        REQUIRE(subject->rebuild());
    }
    restart();
  }
};

} // namespace

TEST_CASE_METHOD(unreliable_fixture, "rebuilt equals incremental") {
  auto seed = GENERATE(range(1u, 9u));
  CAPTURE(seed);
  chance by{write, seed};
  run(by, 1500);
  auto incremental = dump();
  CHECK(incremental.size() > 300);
  REQUIRE(subject->rebuild());
  CHECK(difference(dump(), incremental) == "");
}

TEST_CASE_METHOD(unreliable_fixture, "indexes hold what a recount finds") {
  chance by{write, 77};
  run(by, 3000);
  std::map<std::string, std::size_t> on_runner;
  std::size_t listed = 0;
  for (auto org : {"org-0", "org-1", "org-2"}) {
    sandbox_filter all;
    all.include_errored_deleted = true;
    auto page = ask().sandboxes(org, all, "", 10'000).value();
    listed += page.items.size();
    for (const auto& v : page.items) {
      ++on_runner[v.runner_id];
      auto same = ask().sandbox(org, v.id).value();
      REQUIRE(same);
      CHECK(same->version == v.version);
      for (const auto& label : v.labels) {
        sandbox_filter with = all;
        with.labels = {label};
        auto found = ask().sandboxes(org, with, "", 10'000).value().items;
        CHECK(std::any_of(found.begin(), found.end(),
                          [&v](const auto& f) { return f.id == v.id; }));
      }
    }
  }
  CHECK(listed > 100);
  for (const auto& [runner, count] : on_runner)
    CHECK(ask().sandboxes_on(runner).value().size() == count);
}

namespace {

int run_victim(const std::string& path, unsigned life) {
  auto number = std::to_string(life);
  std::string program = VARVE_PROJECTIONS_VICTIM;
  std::string where = path;
  char* arguments[] = {program.data(), where.data(), number.data(), nullptr};
  pid_t child = 0;
  REQUIRE(::posix_spawn(&child, program.c_str(), nullptr, nullptr, arguments,
                        environ)
          == 0);
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  return status;
}

} // namespace

TEST_CASE("no crash parts rows from their position") {
  log::samples::scratch_directory scratch;
  auto path = scratch.path() + "/store";
  for (unsigned life = 1; life <= 6; ++life) {
    CAPTURE(life);
    auto status = run_victim(path, life);
    REQUIRE(WIFSIGNALED(status));
    CHECK(WTERMSIG(status) == SIGKILL);
  }
  // A row without its position, or the reverse, would stop the projection:
  // the next version of its sandbox would not be next.
  auto store = open_store({.path = path});
  auto subject = open_projector(*store);
  await_head(*store, *subject);
  auto recovered = subject->dump();
  REQUIRE(recovered);
  REQUIRE(subject->rebuild());
  CHECK(subject->dump().value() == recovered.value());
  CHECK(recovered.value().size() > 6 * 50);
}
