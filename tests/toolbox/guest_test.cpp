#include <catch2/catch.hpp>

#include <set>

#include "runner/toolbox/captured_output.hpp"
#include "runner/toolbox/execute.hpp"
#include "runner/toolbox/guest.hpp"
#include "runner/toolbox/init.hpp"
#include "runner/toolbox/json_body.hpp"
#include "runner/toolbox/lockdown.hpp"
#include "runner/toolbox/routes.hpp"
#include "runner/toolbox/shell.hpp"

using namespace varve::toolbox;

namespace {

guest some_guest() {
  guest g;
  g.workdir = "/work";
  g.environment = {"PATH=/bin", "A=1"};
  return g;
}

std::string problem_of(const outcome<command>& parsed) {
  REQUIRE_FALSE(parsed);
  return parsed.error().message;
}

} // namespace

TEST_CASE("a config is read whole") {
  auto parsed = parse_guest_config(
      R"({"sandboxId":"s","user":"u","snapshot":"n","env":{"A":"1","B":""},
        "imageEnv":["PATH=/x"],"workdir":"/w","entrypoint":["a","b"],
        "hostname":"h"})");
  REQUIRE(parsed);
  const auto& config = parsed.value();
  CHECK(config.sandbox_id == "s");
  CHECK(config.user == "u");
  CHECK(config.env == std::vector<name_value>{{"A", "1"}, {"B", ""}});
  CHECK(config.image_env == std::vector<std::string>{"PATH=/x"});
  CHECK(config.entrypoint == std::vector<std::string>{"a", "b"});
  CHECK(config.hostname == "h");
  CHECK(parse_guest_config("{}"));
}

TEST_CASE("the environment is laid in layers, the sandbox's own on top") {
  guest_config config;
  config.sandbox_id = "box";
  config.snapshot = "snap";
  config.image_env = {"PATH=/image", "HOME=/root", "KEEP=1", "BAD"};
  config.env = {{"KEEP", "2"}, {"OWN", "x=y"}};
  identity who;
  who.name = "u";
  who.home = "/home/u";
  who.shell = "/bin/bash";
  auto env = base_environment(config, who);
  CHECK(variable(env, "PATH") == "/image");
  CHECK(variable(env, "HOME") == "/home/u");
  CHECK(variable(env, "USER") == "u");
  CHECK(variable(env, "SHELL") == "/bin/bash");
  CHECK(variable(env, "KEEP") == "2");
  CHECK(variable(env, "OWN") == "x=y");
  CHECK(variable(env, "DAYTONA_SANDBOX_ID") == "box");
  CHECK(variable(env, "DAYTONA_SANDBOX_USER") == "u");
  CHECK(variable(env, "DAYTONA_SANDBOX_SNAPSHOT") == "snap");
  CHECK(std::set<std::string>(env.begin(), env.end()).size() == env.size());
  CHECK_FALSE(variable(base_environment({}, {}), "PATH").empty());
  CHECK(variable({"AB=1"}, "A").empty());
}

TEST_CASE("names of variables are those of a shell") {
  for (auto good : {"A", "_", "a1_B"})
    CHECK(is_variable_name(good));
  for (auto bad : {"", "1A", "A-B", "A B", "É", "A="})
    CHECK_FALSE(is_variable_name(bad));
}

TEST_CASE("the shell is one that is listed, wanted or there") {
  auto choose = [](std::string_view listed, std::string_view wanted,
                   std::set<std::string> there) {
    return choose_shell(listed, wanted, "/opt/bin:/bin",
                        [&](auto& path) { return there.count(path) > 0; });
  };
  std::set<std::string> all{"/bin/zsh", "/bin/bash", "/bin/sh", "/usr/bin/fish",
                            "/bin/dash"};
  CHECK(choose("/bin/sh\n/bin/bash\n/bin/zsh\n", "/bin/dash", all)
        == "/bin/zsh");
  CHECK(choose("# x\n/bin/bash \n", "/bin/dash", all) == "/bin/bash");
  CHECK(choose("/usr/bin/zsh\n", "/bin/dash", all) == "/bin/dash");
  CHECK(choose("", "/usr/bin/fish", all) == "/bin/sh");
  CHECK(choose("", "/sbin/nologin", all) == "/bin/sh");
  CHECK(choose("", "", {"/opt/bin/sh", "/bin/sh"}) == "/opt/bin/sh");
  CHECK(choose("/bin/bash\n", "/bin/dash", {}).empty());
  CHECK(choose("/bin/bas", "", all) == "/bin/sh");
}

TEST_CASE("an execute body becomes a command") {
  auto g = some_guest();
  auto parsed = parse_execute(
      R"({"command":"x","cwd":"/c","timeout":3,"envs":{"A":"2","B":"3"}})", g);
  REQUIRE(parsed);
  const auto& c = parsed.value();
  CHECK(c.cwd == "/c");
  CHECK(c.timeout.count() == 3);
  CHECK(variable(c.environment, "A") == "2");
  CHECK(variable(c.environment, "B") == "3");
  CHECK(variable(c.environment, "PATH") == "/bin");
  CHECK(variable(c.environment, "PWD") == "/c");
  CHECK(parse_execute(R"({"command":"x"})", g).value().cwd == "/work");
  CHECK(parse_execute(R"({"command":"x","cwd":"r"})", g).value().cwd
        == "/work/r");
  auto endless = parse_execute(R"({"command":"x","timeout":1e300})", g);
  CHECK(endless.value().timeout.count() > 0);
  auto large =
      parse_execute(R"({"command":"x","timeout":18446744073709551615})", g);
  CHECK(large.value().timeout == endless.value().timeout);
}

TEST_CASE("bodies with endlessly many values are not parsed") {
  auto g = some_guest();
  std::string many = R"({"command":"x","a":[0)";
  for (int i = 0; i < 300'000; ++i)
    many += ",0";
  CHECK(problem_of(parse_execute(many + "]}", g)).find("too many values")
        != std::string::npos);
  // Commas in a text are text.
  auto text = "{\"command\":\"x\\\"" + std::string(300'000, ',') + "\"}";
  CHECK(parse_execute(text, g));
}

TEST_CASE("a scratch file lies in the caller's TMPDIR or in /tmp") {
  auto g = some_guest();
  auto name = [&](const std::string& envs) {
    return parse_code_run(
               R"({"code":"1","language":"typescript","envs":)" + envs + "}", g)
        .value()
        .scratch_file;
  };
  CHECK(name("{}").starts_with("/tmp/dtn_"));
  CHECK(name(R"({"TMPDIR":"/var/t"})").starts_with("/var/t/dtn_"));
  CHECK(name(R"({"TMPDIR":"rel"})").starts_with("/tmp/dtn_"));
  CHECK(name("{}") != name("{}"));
  CHECK(parse_code_run(R"({"code":"1","language":"python"})", g)
            .value()
            .scratch_file.empty());
}

TEST_CASE("output is kept up to its limit and counted beyond") {
  memory_budget memory{64 << 20};
  {
    captured_output output{memory};
    std::string part(1 << 20, 'x');
    for (int i = 0; i < 20; ++i)
      output.append(part);
    CHECK(output.kept() == captured_output::limit);
    CHECK(output.written() == 20u << 20);
    CHECK(output.is_cut());
    CHECK(memory.left() < 64u << 20);
  }
  CHECK(memory.left() == 64u << 20);
}

TEST_CASE("every command keeps its first output whatever others took") {
  memory_budget memory{0};
  captured_output output{memory};
  output.append(std::string(captured_output::granted - 10, 'a'));
  CHECK_FALSE(output.is_cut());
  output.append(std::string(100, 'b'));
  output.append("c");
  CHECK(output.kept() == captured_output::granted);
  CHECK(output.written() == captured_output::granted + 91);
  std::string all;
  for (const auto& piece : output.pieces())
    all += piece;
  CHECK(all.ends_with("abbbbbbbbbb"));
}

TEST_CASE("options name descriptors") {
  auto parsed = parse_init_options({"--socket-fd=3", "--config-fd=4",
                                    "--seccomp-fd=5", "--cgroup-fds=6,7,8"});
  REQUIRE(parsed);
  CHECK(parsed.value().socket_fd == 3);
  CHECK(parsed.value().config_fd == 4);
  CHECK(parsed.value().seccomp_fd == 5);
  CHECK(parsed.value().cgroup_fds == std::vector<int>{6, 7, 8});
  CHECK(parse_init_options({"--listen=/x"}).value().listen == "/x");
  for (auto bad :
       {"--listen=", "--socket-fd=-1", "--socket-fd=3x", "--cgroup-fds=6,,7",
        "--cgroup-fds=a", "socket-fd=3", "--socket-fd"})
    CHECK_FALSE(parse_init_options({"--listen=/x", bad}));
}

TEST_CASE("no capability that reaches beyond the sandbox is kept") {
  // linux/capability.h: SYS_MODULE, SYS_RAWIO, SYS_PTRACE, SYS_ADMIN,
  // SYS_BOOT, SYS_TIME, NET_ADMIN, MAC_ADMIN, SYSLOG, BPF.
  for (int number : {16, 17, 19, 21, 22, 25, 12, 33, 34, 39})
    CHECK_FALSE(is_kept_capability(number));
  // SETUID, SETGID, CHOWN: sudo and package managers.
  for (int number : {7, 6, 0})
    CHECK(is_kept_capability(number));
}

TEST_CASE("every route of the contract is known") {
  CHECK(find_route("GET", "/files").kind == duty::errand);
  CHECK(find_route("DELETE", "/files").kind == duty::errand);
  CHECK(find_route("PUT", "/files").kind == duty::unknown);
  CHECK(find_route("POST", "/process/execute").kind == duty::execute);
  CHECK(find_route("POST", "/process/session").kind == duty::session);
  CHECK(find_route("GET", "/git/status").kind == duty::git);
  CHECK(find_route("GET", "/gitx").kind == duty::unknown);
}
