// Limits on what a sandbox writes, by each method that this kernel has.
#include <catch2/catch.hpp>
#include <sys/mount.h>

#include "runner/kernel/detached_mount.hpp"
#include "runner/kernel/files.hpp"
#include "runner/kernel/loop_device.hpp"
#include "runner/kernel/process.hpp"
#include "runner/kernel/project_quota.hpp"
#include "runner/sandbox/disk_image.hpp"
#include "runner/sandbox/layout.hpp"
#include "runner/sandbox/sandbox_files.hpp"
#include "runner/sandbox/writable_layer.hpp"
#include "tests/runner/host_state.hpp"
#include "tests/runner/stand.hpp"

using namespace varve;
using namespace varve::runner;
using kind = schema::OperationKind;
using verdict = schema::Result;

namespace {

constexpr std::uint64_t mib = 1 << 20;
// Most of it is only reserved, which takes no time.
constexpr const char* reserve = "fallocate -l 850000000 /reserved";
constexpr const char* fill = "dd if=/dev/zero of=/fill bs=1M 2>&1; "
                             "cat /dev/zero > /fill-2 2>/dev/null; "
                             "echo end > /end 2>/dev/null; stat -c %s /end";
// Empty files until there are no more; the shell ends by that.
constexpr const char* fill_files =
    "i=0; while : > /many-$i; do i=$((i+1)); done 2>&1";

layout where(const stand& s) {
  auto out = layout::open(s.settings.data_dir, s.settings.run_dir);
  REQUIRE(out);
  return out.value();
}

void must(const schema::OutcomeT& outcome) {
  INFO(outcome.error);
  CHECK(outcome.result == verdict::Done);
}

void starts_again(stand& s, const std::string& id) {
  must(s.run(kind::Stop, id));
  must(s.run(kind::Start, id));
  CHECK(execute(s.runner(), id, "echo alive").output == "alive\n");
}

void bears_a_full_disk(stand& s) {
  auto id = s.create();
  auto before = free_bytes(s.settings.data_dir);
  CHECK(execute(s.runner(), id, reserve).exit_code == 0);
  auto filled = execute(s.runner(), id, fill);
  INFO(filled.output);
  CHECK((filled.output.find("No space left") != std::string::npos
         || filled.output.find("quota exceeded") != std::string::npos));
  CHECK(execute(s.runner(), id, "echo alive").output == "alive\n");
  CHECK(free_bytes(s.settings.data_dir) + 1100 * mib > before);
  starts_again(s, id);
  // Nor does it wear off.
  for (int i = 0; i < 3; ++i) {
    execute(s.runner(), id, "cat /dev/zero > /fill-more");
    starts_again(s, id);
  }
  auto emptied = execute(s.runner(), id, "rm /fill* && echo x > /x && cat /x");
  CHECK(emptied.output == "x\n");
  must(s.run(kind::Destroy, id));
}

void bears_too_many_files(stand& s) {
  auto id = s.create();
  auto filled = execute(s.runner(), id, fill_files);
  INFO(filled.output);
  CHECK(filled.output.find("No space left") != std::string::npos);
  starts_again(s, id);
  starts_again(s, id);
  must(s.run(kind::Destroy, id));
}

} // namespace

TEST_CASE("a sandbox that fills its disk starts again, the host is unharmed") {
  stand s;
  s.disk_gib = 1;
  s.memory_mib = 512;
  s.settings.disk_limit = "image";
  s.open();
  CHECK(s.runner().disk_limit() == "image");
  bears_a_full_disk(s);
  auto disks = list_loops_below(s.settings.data_dir + "/sandboxes");
  REQUIRE(disks);
  CHECK(disks.value() == "");
}

TEST_CASE("a sandbox of too many files starts again") {
  stand s;
  s.disk_gib = 1;
  s.settings.disk_limit = "image";
  s.open();
  bears_too_many_files(s);
}

TEST_CASE("no file of a sandbox's own lies outside its limit") {
  stand s;
  s.disk_gib = 1;
  s.open();
  auto id = s.create();
  CHECK(execute(s.runner(), id, reserve).exit_code == 0);
  for (auto* path : {"/etc/hosts", "/etc/resolv.conf", "/file"}) {
    INFO(path);
    auto before = free_bytes(s.settings.data_dir);
    // Unlike a file of the host's it ends before this.
    auto text = std::string{"dd if=/dev/zero bs=1M count=300 of="} + path
                + " 2>&1; truncate -s 0 " + path;
    auto said = execute(s.runner(), id, text).output;
    INFO(said);
    CHECK(said.find("No space left") != std::string::npos);
    CHECK(free_bytes(s.settings.data_dir) + 1100 * mib > before);
  }
}

TEST_CASE("a stopped sandbox's disk grows, and keeps what is on it") {
  stand s;
  s.disk_gib = 1;
  s.settings.disk_limit = "image";
  s.open();
  auto id = s.create();
  execute(s.runner(), id, "echo kept > /kept");
  must(s.run(kind::Stop, id));
  s.disk_gib = 2;
  must(s.run(kind::Start, id));
  auto shown = execute(s.runner(), id,
                       "cat /kept; df -m / | tail -1 | awk '{print $2}'");
  INFO(shown.output);
  CHECK(shown.output.rfind("kept\n", 0) == 0);
  CHECK(std::stoul(shown.output.substr(5)) > 1900);
  // What was begun and not finished.
  must(s.run(kind::Stop, id));
  auto image = image_path(where(s), id);
  REQUIRE(write_file(image + ".growing", ""));
  must(s.run(kind::Start, id));
  CHECK(!exists(image + ".growing"));
  CHECK(execute(s.runner(), id, "cat /kept").output == "kept\n");
}

TEST_CASE("a sandbox's layer is found whether it runs or not") {
  stand s;
  for (auto* method : {"image", "none"}) {
    INFO(method);
    s.settings.disk_limit = method;
    s.open();
    auto id = s.create();
    execute(s.runner(), id, "echo one > /one; sync");
    {
      auto layer = writable_layer::open(where(s), id);
      REQUIRE(layer);
      CHECK(read_file(layer.value().upper() + "/one").value() == "one\n");
    }
    must(s.run(kind::Stop, id));
    {
      auto layer = writable_layer::open(where(s), id);
      REQUIRE(layer);
      CHECK(read_file(layer.value().upper() + "/one").value() == "one\n");
      REQUIRE(write_file(layer.value().upper() + "/two", "two\n"));
    }
    must(s.run(kind::Start, id));
    CHECK(execute(s.runner(), id, "cat /two").output == "two\n");
    s.close();
  }
}

TEST_CASE("a sandbox keeps the way its disk was limited by") {
  stand s;
  s.settings.disk_limit = "none";
  s.open();
  auto id = s.create();
  execute(s.runner(), id, "echo kept > /kept");
  must(s.run(kind::Stop, id));
  s.close();
  s.settings.disk_limit = "image";
  s.open();
  must(s.run(kind::Start, id));
  CHECK(execute(s.runner(), id, "cat /kept").output == "kept\n");
  auto record = read_sandbox_record(where(s), id);
  REQUIRE(record);
  CHECK(record.value().disk == disk_method::none);
}

TEST_CASE("a limit that the host cannot keep is refused at the start") {
  stand s;
  REQUIRE(make_directories(s.settings.data_dir));
  auto quota = try_project_quota(s.settings.data_dir, 77);
  CHECK(!exists(s.settings.data_dir + "/.quota-trial"));
  s.settings.disk_limit = "quota";
  caf::actor_system_config config;
  caf::actor_system system{config};
  auto opened = runner_host::open(system, s.settings, s.reports);
  CHECK(opened.has_value() == quota.has_value());
  if (!opened)
    CHECK(opened.error().code == errc::unsupported);
}

TEST_CASE("images of a server that was killed are not kept") {
  stand s;
  s.open();
  s.create();
  s.close();
  auto left = s.settings.data_dir + "/disks/ready-77.img";
  REQUIRE(write_file(left, "half"));
  s.open();
  CHECK(!exists(left));
}
