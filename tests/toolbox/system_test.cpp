#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>

#include <catch2/catch.hpp>

#include "runner/toolbox/system/computer_use.hpp"
#include "runner/toolbox/system/metrics.hpp"
#include "runner/toolbox/system/ports.hpp"
#include "runner/toolbox/system/settings.hpp"

using namespace varve::toolbox;

namespace {

// A directory of files that goes with the test.
class folder {
 public:
  folder() {
    char name[] = "/tmp/varve-system-test-XXXXXX";
    REQUIRE(::mkdtemp(name) != nullptr);
    path_ = name;
  }
  folder(const folder&) = delete;
  ~folder() {
    std::filesystem::remove_all(path_);
  }

  void put(const std::string& name, const std::string& text) const {
    auto file = std::filesystem::path{path_} / name;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream{file} << text;
  }
  const std::string& path() const {
    return path_;
  }

 private:
  std::string path_;
};

std::set<unsigned> ports_in(std::string_view table) {
  std::set<unsigned> out;
  add_listening_ports(table, out);
  return out;
}

} // namespace

TEST_CASE("listening sockets are found in the kernel's table") {
  CHECK(ports_in("  sl  local_address rem_address   st tx_queue rx_queue tr\n"
                 "   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:0\n"
                 "   1: 0100007F:1F91 0100007F:8000 01 00000000:00000000 00:0\n"
                 "  12: 00000000000000000000000001000000:0BB8 "
                 "00000000000000000000000000000000:0000 0A 0\n")
        == std::set<unsigned>{3000, 8080});
}

TEST_CASE("malformed lines of the table are left out") {
  CHECK(ports_in("").empty());
  CHECK(ports_in("\n\n0:\n0: 0A\n 0: 1F90 x 0A\n0: A:1F9Z x 0A\n").empty());
  CHECK(ports_in("0: A:12345 x 0A\n0: A:0 x 0A\n0: A: x 0A").empty());
}

TEST_CASE("memory and processors are read from control groups of version 2") {
  folder root;
  root.put("cgroup.controllers", "cpu memory");
  root.put("memory.max", "1000000\n");
  root.put("memory.current", "600000\n");
  root.put("memory.stat", "anon 1\nfile 200000\nfile_mapped 7\n");
  root.put("cpu.max", "150000 100000\n");
  root.put("cpu.stat", "usage_usec 5000\nuser_usec 1\n");
  auto memory = read_memory(root.path());
  CHECK(memory.total == 1000000);
  CHECK(memory.used == 400000);
  CHECK(memory.cache == 200000);
  CHECK(read_processor_limit(root.path()) == 1.5);
  CHECK(read_processor_nanoseconds(root.path()) == 5000000u);
}

TEST_CASE("memory and processors are read from control groups of version 1") {
  folder root;
  root.put("memory/memory.limit_in_bytes", "1000000\n");
  root.put("memory/memory.usage_in_bytes", "600000\n");
  root.put("memory/memory.stat", "cache 1\ntotal_cache 200000\n");
  root.put("cpu/cpu.cfs_quota_us", "50000\n");
  root.put("cpu/cpu.cfs_period_us", "100000\n");
  root.put("cpu/cpuacct.usage", "77\n");
  auto memory = read_memory(root.path());
  CHECK(memory.total == 1000000);
  CHECK(memory.used == 400000);
  CHECK(memory.cache == 200000);
  CHECK(read_processor_limit(root.path()) == 0.5);
  CHECK(read_processor_nanoseconds(root.path()) == 77u);
}

TEST_CASE("what is not limited has the machine's size") {
  folder root;
  root.put("cgroup.controllers", "");
  root.put("memory.max", "max\n");
  root.put("cpu.max", "max 100000\n");
  CHECK(read_memory(root.path()).total > 1000000);
  CHECK(!read_processor_limit(root.path()));
  root.put("memory.max", "9223372036854771712\n");
  CHECK(read_memory(root.path()).total < 9223372036854771712u);
  folder older;
  older.put("cpu/cpu.cfs_quota_us", "-1\n");
  older.put("cpu/cpu.cfs_period_us", "100000\n");
  CHECK(!read_processor_limit(older.path()));
}

TEST_CASE("without any control group the counts are honest") {
  folder root;
  auto memory = read_memory(root.path());
  CHECK(memory.total > 0);
  CHECK(memory.used == 0);
  CHECK(memory.cache == 0);
  CHECK(!read_processor_nanoseconds(root.path()));
}

TEST_CASE("a change of the environment is made as a whole") {
  guest g;
  g.environment = {"A=1", "B=x:1", "C=x:2", "EMPTY="};
  REQUIRE(change_environment(
      g, R"({"set":{"C":"x:3","D":"4"},"unset":["A","NONE"],)"
         R"("unsetValuePrefix":"x:"})"));
  CHECK(g.environment == std::vector<std::string>{"EMPTY=", "C=x:3", "D=4"});
  CHECK(!change_environment(g, R"({"set":{"E":"5"},"unset":[1]})"));
  CHECK(g.environment.size() == 3);
  REQUIRE(change_environment(g, R"({"unsetValuePrefix":""})"));
  CHECK(g.environment.size() == 3);
}

TEST_CASE("a route of computer use is found by method and path") {
  CHECK(computer_use_route("GET", "/computeruse/process/xvfb/logs")
        == "GET /computeruse/process/{processName}/logs");
  CHECK(computer_use_route("DELETE", "/computeruse/recordings/7")
        == "DELETE /computeruse/recordings/{id}");
  CHECK(computer_use_route("GET", "/computeruse/recordings/").empty());
  CHECK(computer_use_route("GET", "/computeruse/recordings/7/x").empty());
  CHECK(computer_use_route("PUT", "/computeruse/start").empty());
  CHECK(computer_use_route("GET", "").empty());
}
