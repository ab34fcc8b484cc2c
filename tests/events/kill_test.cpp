#include <catch2/catch.hpp>

#include <array>
#include <csignal>
#include <random>

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "events/verify.hpp"
#include "tests/events/store_fixture.hpp"

namespace varve::log {

using namespace samples;

namespace {

constexpr std::size_t used_partitions = 5;
using said_heads = std::array<std::uint64_t, used_partitions>;

// The appending process; killed at the latest when the test ends.
class appender {
 public:
  appender(const std::string& path, unsigned seed) {
    int ends[2];
    REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    auto program = std::string{VARVE_APPENDER};
    auto where = path;
    auto number = std::to_string(seed);
    char* arguments[] = {program.data(), where.data(), number.data(), nullptr};
    auto code = ::posix_spawn(&pid_, program.c_str(), &actions, nullptr,
                              arguments, environ);
    posix_spawn_file_actions_destroy(&actions);
    ::close(ends[1]);
    said_ = ends[0];
    REQUIRE(code == 0);
  }
  appender(const appender&) = delete;
  appender& operator=(const appender&) = delete;
  ~appender() {
    kill_now();
    ::close(said_);
  }

  // One commit that it was told is durable; false when it has ended.
  bool listen(said_heads& out) {
    return ::read(said_, out.data(), sizeof out)
           == static_cast<ssize_t>(sizeof out);
  }
  void kill_now() {
    if (pid_ > 0) {
      ::kill(pid_, SIGKILL);
      ::waitpid(pid_, nullptr, 0);
    }
    pid_ = -1;
  }

 private:
  pid_t pid_ = -1;
  int said_ = -1;
};

void check_everything(const std::string& path, const said_heads& said) {
  store_options options;
  options.path = path;
  open_log log{options};
  REQUIRE(verify_chains(*log.store));
  for (std::uint16_t p = 0; p < used_partitions; ++p) {
    auto next = log.head(p).next_index;
    CHECK(next >= said[p]);
    auto latest = log.store->latest("stream-" + std::to_string(p)).value();
    // LogCreated comes before the first of the stream.
    CHECK((latest ? latest->version : 0) == next - 1);
    if (latest)
      CHECK(latest->at == position{p, next - 1});
  }
}

} // namespace

TEST_CASE("nothing acknowledged is lost when the process is killed") {
  scratch_directory scratch;
  auto path = scratch.path() + "/store";
  auto seed = static_cast<unsigned>(std::random_device{}());
  INFO("seed " << seed);
  std::mt19937 random{seed};
  said_heads said{};
  for (int round = 0; round < 8; ++round) {
    appender child{path, seed + static_cast<unsigned>(round)};
    auto commits = 1 + random() % 60;
    for (std::size_t i = 0; i < commits; ++i)
      REQUIRE(child.listen(said));
    child.kill_now();
    // What it had said before it died.
    while (child.listen(said)) {
      // nop
    }
    check_everything(path, said);
  }
}

} // namespace varve::log
