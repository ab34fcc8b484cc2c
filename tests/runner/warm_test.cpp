// Sandboxes that wait for somebody, and creates that take them.
#include <csignal>
#include <cstdlib>
#include <fstream>

#include <catch2/catch.hpp>
#include <sys/wait.h>

#include "runner/kernel/files.hpp"
#include "runner/kernel/process.hpp"
#include "runner/operations/claim_steps.hpp"
#include "tests/runner/host_state.hpp"
#include "tests/runner/stand.hpp"

using namespace varve;
using namespace varve::runner;
using kind = schema::OperationKind;
using present = schema::Present;
using verdict = schema::Result;

namespace {

using clock_type = std::chrono::steady_clock;

std::size_t waiting(stand& s, const std::string& organization = {}) {
  return s.runner().warm_waiting(organization, s.image);
}

// The keeper works on its own: looked at after each inventory.
bool becomes(stand& s, const std::function<bool()>& claim) {
  auto until = clock_type::now() + std::chrono::seconds{20};
  while (!claim()) {
    if (clock_type::now() > until)
      return false;
    s.runner().request_inventory();
    s.reports.next_inventory();
  }
  return true;
}

void open_warm(stand& s, unsigned count) {
  s.settings.warm_count = count;
  s.open();
  s.runner().keep_warm({});
}

// One sandbox that was started cold, and so many that wait.
void fill(stand& s, unsigned count) {
  open_warm(s, count);
  auto id = s.create();
  REQUIRE(becomes(s, [&] { return waiting(s) == count; }));
  s.run(kind::Destroy, id);
}

void die_at(const std::string& point, const stand& s,
            const schema::OperationT& operation) {
  auto victim = spawn(
      {VARVE_VICTIM, s.settings.data_dir, s.settings.run_dir,
       s.settings.toolbox_path, s.settings.monitor_path,
       std::to_string(static_cast<int>(operation.kind)), operation.sandbox_id,
       operation.id, std::to_string(operation.version), s.image, "1"},
      {"VARVE_CRASH_AT=" + point, "PATH=/usr/sbin:/usr/bin"}, {});
  REQUIRE(victim);
  int status = 0;
  REQUIRE(::waitpid(victim.value(), &status, 0) == victim.value());
  REQUIRE(WIFEXITED(status));
  REQUIRE(WEXITSTATUS(status) == 137);
}

} // namespace

TEST_CASE("a create takes one that waits and makes it its own") {
  stand s;
  fill(s, 1);
  s.env["GREETING"] = "good morning";
  s.memory_mib = 512;
  auto id = new_id();
  auto outcome = s.run(kind::Create, id);
  INFO(outcome.error);
  REQUIRE(outcome.result == verdict::Done);
  CHECK(outcome.warm);
  CHECK(outcome.toolbox_version.find(VARVE_VERSION) != std::string::npos);
  auto said = execute(s.runner(), id,
                      "echo $GREETING $DAYTONA_SANDBOX_ID; hostname; "
                      "cat /etc/hostname; tail -n 1 /etc/hosts | cut -f 2; "
                      "cat /sys/fs/cgroup/memory/memory.limit_in_bytes "
                      "/sys/fs/cgroup/memory.max 2>/dev/null");
  CHECK(said.output
        == "good morning " + id + "\n" + id + "\n" + id + "\n" + id + "\n"
               + std::to_string(512u << 20) + "\n");
  CHECK(becomes(s, [&] { return waiting(s) == 1; }));
}

TEST_CASE("one that was claimed is a sandbox like any other") {
  stand s;
  fill(s, 1);
  auto id = s.create();
  CHECK(execute(s.runner(), id, "echo kept > /kept").exit_code == 0);
  CHECK(s.run(kind::Pause, id).present == present::Paused);
  CHECK(s.run(kind::Resume, id).present == present::Running);
  s.close();
  s.open();
  CHECK(execute(s.runner(), id, "cat /kept").output == "kept\n");
  auto stopped = s.run(kind::Stop, id);
  CHECK(stopped.present == present::Stopped);
  CHECK(stopped.exit_code == 0);
  auto started = s.run(kind::Start, id);
  CHECK(started.present == present::Running);
  CHECK_FALSE(started.warm);
  CHECK(execute(s.runner(), id, "cat /kept; hostname").output
        == "kept\n" + id + "\n");
  auto observed = execute(s.runner(), id, "true");
  CHECK(observed.exit_code == 0);
  CHECK(s.run(kind::Destroy, id).present == present::Absent);
}

TEST_CASE(
    "those that wait are in no inventory, and go when nobody wants them") {
  stand s;
  s.open();
  s.run(kind::Destroy, s.create());
  auto before = host_state(s.settings);
  s.close();
  fill(s, 2);
  s.reports.clear();
  s.runner().request_inventory();
  CHECK(s.reports.next_inventory().items.empty());
  s.close();
  s.settings.warm_count = 0;
  s.open();
  CHECK(changes(before, host_state(s.settings)) == "");
}

TEST_CASE("what an organization wants to have waiting is its own") {
  stand s;
  s.settings.warm_count = 4;
  s.open();
  warm_wish wish;
  wish.kind = {"org-a", s.image, s.disk_gib};
  wish.resources = schema::Resources{1000, 256, s.disk_gib, 0};
  wish.count = 2;
  s.runner().keep_warm({wish});
  REQUIRE(becomes(s, [&] { return waiting(s, "org-a") == 2; }));
  auto operation = s.operation(kind::Create, new_id());
  operation.spec->organization_id = "org-b";
  CHECK_FALSE(s.run(std::move(operation)).warm);
  operation = s.operation(kind::Create, new_id());
  operation.spec->organization_id = "org-a";
  CHECK(s.run(std::move(operation)).warm);
  s.runner().keep_warm({});
  CHECK(becomes(s, [&] { return waiting(s, "org-a") == 0; }));
}

TEST_CASE("one that ends while it waits is gone, and nobody is told") {
  stand s;
  fill(s, 1);
  auto names = list_directory(s.settings.data_dir + "/sandboxes");
  REQUIRE(names);
  REQUIRE(names.value().size() == 1);
  auto instance = read_file(s.settings.data_dir + "/instance");
  auto run = s.settings.run_dir + "/" + instance.value().substr(0, 6)
             + "/sandboxes/" + names.value()[0];
  auto started = read_file(run + "/started");
  REQUIRE(started);
  ::kill(std::atoi(started.value().c_str()), SIGKILL);
  CHECK(becomes(s, [&] { return !exists(run); }));
  CHECK(waiting(s) == 0);
  CHECK_FALSE(s.reports.has_observation(names.value()[0]));
}

TEST_CASE("when memory is short those that wait go first") {
  stand s;
  s.settings.memory_file = s.settings.data_dir + "/meminfo";
  std::ofstream{s.settings.memory_file}
      << "MemTotal: 8000000 kB\nMemAvailable: 7000000 kB\n";
  fill(s, 2);
  auto id = s.create();
  REQUIRE(becomes(s, [&] { return waiting(s) == 2; }));
  std::ofstream{s.settings.memory_file}
      << "MemTotal: 8000000 kB\nMemAvailable: 100000 kB\n";
  s.runner().keep_warm({});
  CHECK(becomes(s, [&] { return waiting(s) == 0; }));
  CHECK(execute(s.runner(), id, "echo on").output == "on\n");
  auto cold = s.run(kind::Create, new_id());
  CHECK(cold.result == verdict::Done);
  CHECK_FALSE(cold.warm);
}

TEST_CASE("a claim or refill that died at any step leaves nothing, and the "
          "create is done when sent again") {
  stand s;
  s.open();
  s.run(kind::Destroy, s.create());
  auto before = host_state(s.settings);
  s.close();
  for (const auto& point : claim_crash_points()) {
    INFO(point);
    if (point.rfind("claim", 0) == 0) {
      fill(s, 1);
      s.close();
    }
    auto operation = s.operation(kind::Create, new_id());
    die_at(point, s, operation);
    s.reports.clear();
    open_warm(s, 1);
    auto outcome = s.run(operation);
    INFO(outcome.error);
    CHECK(outcome.result == verdict::Done);
    CHECK(outcome.present == present::Running);
    CHECK(execute(s.runner(), operation.sandbox_id, "hostname").output
          == operation.sandbox_id + "\n");
    CHECK(s.run(kind::Destroy, operation.sandbox_id).result == verdict::Done);
    s.close();
    s.settings.warm_count = 0;
    s.open();
    CHECK(changes(before, host_state(s.settings)) == "");
    s.close();
  }
  s.open();
}
