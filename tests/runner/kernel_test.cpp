// The thin layer over the kernel, where a guest's doings are met.
#include <csignal>
#include <cstdlib>

#include <catch2/catch.hpp>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runner/kernel/cancellation.hpp"
#include "runner/kernel/files.hpp"
#include "runner/kernel/memory_file.hpp"
#include "runner/kernel/mounts.hpp"
#include "runner/kernel/process.hpp"
#include "runner/kernel/remove_tree.hpp"
#include "runner/kernel/wait.hpp"
#include "runner/sandbox/kernel_log.hpp"
#include "runner/sandbox/layout.hpp"
#include "runner/sandbox/seccomp.hpp"

using namespace varve;
using namespace varve::runner;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

namespace {

struct directory {
  directory() {
    char name[] = "/var/tmp/varve-kernel-XXXXXX";
    REQUIRE(::mkdtemp(name) != nullptr);
    path = name;
  }
  ~directory() {
    unmount(path + "/mounted");
    CHECK(remove_tree(path));
  }

  std::string path;
};

// Deeper than any path can be written, and than descriptors would allow.
void nest(const std::string& path, int depth) {
  std::string name(200, 'd');
  unique_fd at{::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  for (int i = 0; i < depth; ++i) {
    REQUIRE(::mkdirat(at.get(), name.c_str(), 0755) == 0);
    unique_fd file{
        ::openat(at.get(), "f", O_CREAT | O_WRONLY | O_CLOEXEC, 0644)};
    at.reset(
        ::openat(at.get(), name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    REQUIRE(at);
  }
}

} // namespace

TEST_CASE("a tree of any depth is removed") {
  directory d;
  auto tree = d.path + "/tree";
  REQUIRE(make_directories(tree));
  nest(tree, 400);
  rlimit before{}, low{256, 0};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &before) == 0);
  low.rlim_max = before.rlim_max;
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &low) == 0);
  auto removed = remove_tree(tree);
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &before) == 0);
  REQUIRE(removed);
  CHECK(!exists(tree));
  CHECK(remove_tree(tree)); // and is gone when it is gone
}

TEST_CASE("removing a tree follows no link and enters no mount") {
  directory d;
  auto kept = d.path + "/kept", tree = d.path + "/tree";
  REQUIRE(make_directories(kept));
  REQUIRE(make_directories(tree + "/mounted"));
  REQUIRE(write_file(kept + "/file", "x"));
  REQUIRE(::symlink(kept.c_str(), (tree + "/link").c_str()) == 0);
  REQUIRE(mount_tmpfs(tree + "/mounted", "size=64k"));
  REQUIRE(write_file(tree + "/mounted/file", "x"));
  CHECK_FALSE(remove_tree(tree));
  CHECK(exists(tree + "/mounted/file"));
  unmount(tree + "/mounted");
  CHECK(remove_tree(tree));
  CHECK(exists(kept + "/file"));
}

TEST_CASE("a file is replaced at once, and read up to its limit") {
  directory d;
  auto file = d.path + "/file";
  REQUIRE(write_file_atomic(file, "first", 0600, true));
  REQUIRE(write_file_atomic(file, "second", 0600, true));
  CHECK(read_file(file).value() == "second");
  CHECK(read_file(file, 3).error().code == errc::too_large);
  CHECK(read_file(d.path + "/none").error().code == errc::not_found);
  CHECK(list_directory(d.path).value().size() == 1);
}

TEST_CASE("a process is told from another with its pid") {
  auto self = identify(::getpid());
  REQUIRE(self);
  CHECK(open_process(self.value()));
  auto other = self.value();
  ++other.start;
  CHECK(open_process(other).error().code == errc::not_found);
}

TEST_CASE("a program that hangs is ended at its limit") {
  auto before = steady_clock::now();
  auto done = run_program({"sleep", "60"}, "", milliseconds{200});
  REQUIRE_FALSE(done);
  CHECK(done.error().code == errc::timed_out);
  CHECK(steady_clock::now() - before < milliseconds{5000});
  auto failed =
      run_program({"sh", "-c", "echo why >&2; exit 3"}, "", milliseconds{5000});
  REQUIRE_FALSE(failed);
  CHECK(failed.error().detail.find("why") != std::string::npos);
}

TEST_CASE("what is spawned has the descriptors it is given and no others") {
  directory d;
  auto first = make_memory_file("first", "one");
  auto second = make_memory_file("second", "two");
  REQUIRE(first);
  REQUIRE(second);
  auto out = d.path + "/out";
  auto pid = spawn({"/bin/sh", "-c",
                    "cat <&3 >" + out + "; cat <&4 >>" + out
                        + "; ls /proc/$$/fd | tr '\\n' ' ' >>" + out},
                   {"PATH=/usr/bin:/bin"},
                   {first.value().get(), second.value().get()});
  REQUIRE(pid);
  int status = 0;
  REQUIRE(::waitpid(pid.value(), &status, 0) == pid.value());
  CHECK(status == 0);
  CHECK(read_file(out).value().rfind("onetwo0 1 2 3 4 ", 0) == 0);
}

TEST_CASE("a wait ends with its limit, or when it is called off") {
  int ends[2];
  REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
  unique_fd reading{ends[0]}, writing{ends[1]};
  auto in = [](int ms) { return steady_clock::now() + milliseconds{ms}; };
  CHECK(wait_readable(reading.get(), in(20), -1).error().code
        == errc::timed_out);
  cancellation wish;
  wish.request();
  CHECK(wait_readable(reading.get(), in(5000), wish.descriptor()).error().code
        == errc::shutting_down);
  writing.reset();
  CHECK(wait_readable(reading.get(), in(5000), -1));
}

TEST_CASE("memory handed to a sandbox cannot be changed by it") {
  auto file = make_memory_file("sealed", "text");
  REQUIRE(file);
  CHECK(::write(file.value().get(), "x", 1) < 0);
  CHECK(::ftruncate(file.value().get(), 0) != 0);
}

TEST_CASE("ids that could be paths or options are not safe") {
  CHECK(is_safe_id("0b0f6d0c-7c1f-4b9f-8f0e-6a2f6f0c9c11"));
  for (auto* id : {"", ".", "..", "a/b", "-x", "a b", "a\n", "a.b"})
    CHECK_FALSE(is_safe_id(id));
  CHECK_FALSE(is_safe_id(std::string(65, 'a')));
}

TEST_CASE("the filter of system calls is one the kernel takes") {
  auto program = compile_seccomp_filter();
  CHECK(program.size() % 8 == 0);
  CHECK(program.size() / 8 < 4096);
}

TEST_CASE("the kernel's word on who ran out of memory is read") {
  auto line = [](const std::string& group, const std::string& name) {
    return "6,1024,1234567,-;oom-kill:constraint=CONSTRAINT_MEMCG,"
           "nodemask=(null),cpuset=/,mems_allowed=0,oom_memcg="
           + group + ",task_memcg=" + group + ",task=" + name
           + ",pid=4711,uid=100000\n";
  };
  CHECK(oom_victim_in(line("/v-1/a/guest", "python3"), "/v-1/a/guest")
        == "python3");
  CHECK(oom_victim_in(line("/above/v-1/a/guest", "a,pid=1"), "/v-1/a/guest")
        == "a,pid=1");
  CHECK(
      oom_victim_in(line("/v-1/ab/guest", "python3"), "/v-1/a/guest").empty());
  CHECK(oom_victim_in("6,1,2,-;task_memcg=/v-1/a/guest,task=x,pid=1,uid=0",
                      "/v-1/a/guest")
            .empty());
  CHECK(oom_victim_in("6,1,2,-;oom-kill:/v-1/a/guest,task=x", "/v-1/a/guest")
            .empty());
}
