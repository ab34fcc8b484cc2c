// What a sandbox reaches and what reaches it, with namespaces that play the
// internet and a private network.
#include <arpa/inet.h>
#include <catch2/catch.hpp>
#include <fcntl.h>
#include <sched.h>
#include <sys/socket.h>

#include "runner/kernel/process.hpp"
#include "runner/operations/network_guard.hpp"
#include "tests/runner/other_network.hpp"
#include "tests/runner/stand.hpp"

using namespace varve;
using namespace varve::runner;

namespace {

struct network_stand {
  network_stand() {
    internet.add_address("203.0.113.53/24");
    internet.serve_greeting(80);
    internet.serve_names("203.0.113.53", "203.0.113.2");
    s.settings.resolver = "203.0.113.53";
    s.open();
    id = s.create();
  }

  // What a server says to a sandbox that connects; empty when it cannot.
  std::string say(const std::string& sandbox, const std::string& address,
                  int port) {
    return execute(s.runner(), sandbox,
                   "nc -w 2 " + address + " " + std::to_string(port)
                       + " </dev/null 2>/dev/null")
        .output;
  }

  // Whether an echo request is answered; from a sandbox with python.
  bool can_ping(const std::string& sandbox, const std::string& address) {
    auto reply =
        execute(s.runner(), sandbox,
                "python3 -c 'import socket as s\n"
                "p = s.socket(s.AF_INET, s.SOCK_DGRAM, s.IPPROTO_ICMP)\n"
                "p.settimeout(1)\n"
                "p.sendto(b\"\\x08\" + bytes(7), (\""
                    + address + "\", 0))\nprint(p.recv(64)[0])'")
            .output;
    UNSCOPED_INFO(reply);
    return reply == "0\n";
  }

  std::string create_with_python() {
    s.image = base_image();
    return s.create();
  }

  std::string address_of(const std::string& sandbox) {
    return execute(s.runner(), sandbox,
                   "ip -4 -o addr show eth0 | sed 's/.*inet \\([0-9.]*\\).*/"
                   "\\1/' | tr -d '\\n'")
        .output;
  }

  other_network internet{"vtest-inet", "203.0.113.1", "203.0.113.2"};
  stand s;
  std::string id;
};

// A TCP server on all addresses of the host.
struct host_server {
  host_server() : fd{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)} {
    sockaddr_in any{};
    any.sin_family = AF_INET;
    socklen_t size = sizeof any;
    auto* address = reinterpret_cast<sockaddr*>(&any);
    REQUIRE(::bind(fd.get(), address, size) == 0);
    REQUIRE(::listen(fd.get(), 16) == 0);
    REQUIRE(::getsockname(fd.get(), address, &size) == 0);
    port = ntohs(any.sin_port);
  }

  unique_fd fd;
  int port = 0;
};

} // namespace

TEST_CASE_METHOD(network_stand, "the internet is reached with the host's "
                                "address, by number and by name") {
  CHECK(say(id, "203.0.113.2", 80) == "203.0.113.1\n");
  CHECK(say(id, "some.example", 80) == "203.0.113.1\n");
  CHECK(can_ping(create_with_python(), "203.0.113.2"));
}

TEST_CASE_METHOD(network_stand, "private, link-local and shared ranges are "
                                "out of reach") {
  other_network home{"vtest-home", "192.168.231.1", "192.168.231.2"};
  other_network metadata{"vtest-meta", "169.254.169.1", "169.254.169.254"};
  other_network carrier{"vtest-cgn", "100.127.231.1", "100.127.231.2"};
  home.serve_greeting(80);
  metadata.serve_greeting(80);
  carrier.serve_greeting(80);
  CHECK(say(id, "192.168.231.2", 80).empty());
  CHECK(say(id, "169.254.169.254", 80).empty());
  CHECK(say(id, "100.127.231.2", 80).empty());
  auto refused = execute(s.runner(), id, "nc -w 5 192.168.231.2 80 </dev/null");
  CHECK(refused.output.find("refused") != std::string::npos);
}

TEST_CASE_METHOD(network_stand, "the host is out of reach at all of its "
                                "addresses") {
  host_server server;
  auto pinger = create_with_python();
  auto gateway = execute(s.runner(), id,
                         "ip route | sed -n 's/default via \\([^ ]*\\) "
                         ".*/\\1/p' | tr -d '\\n'")
                     .output;
  REQUIRE(!gateway.empty());
  for (auto& address : {gateway, std::string{"203.0.113.1"}}) {
    INFO(address);
    auto port = std::to_string(server.port);
    CHECK(execute(s.runner(), id,
                  "nc -w 2 " + address + " " + port
                      + " </dev/null && echo connected")
              .output.find("connected")
          == std::string::npos);
    CHECK_FALSE(can_ping(pinger, address));
  }
}

TEST_CASE_METHOD(network_stand, "other sandboxes are out of reach") {
  auto other = s.create();
  auto theirs = address_of(other);
  REQUIRE(!theirs.empty());
  CHECK(theirs != address_of(id));
  CHECK(execute(s.runner(), other,
                "(while :; do echo hi | nc -l -p 8080; done) "
                ">/dev/null 2>&1 </dev/null & sleep 0.3")
            .exit_code
        == 0);
  CHECK(say(other, "127.0.0.1", 8080) == "hi\n");
  CHECK(say(id, theirs, 8080).empty());
  CHECK_FALSE(can_ping(create_with_python(), theirs));
}

TEST_CASE_METHOD(network_stand, "nobody outside reaches into a sandbox") {
  execute(s.runner(), id,
          "(while :; do echo hi | nc -l -p 8080; done) "
          ">/dev/null 2>&1 </dev/null & sleep 0.3");
  CHECK(say(id, "127.0.0.1", 8080) == "hi\n");
  internet.add_route("10.0.0.0/8", "203.0.113.1");
  CHECK_FALSE(internet.can_connect(address_of(id), 8080));
}

TEST_CASE_METHOD(network_stand, "a guest cannot change its network, nor take "
                                "another's address") {
  for (std::string command :
       {"ip addr add 10.200.0.9/32 dev eth0", "ip route del default",
        "ip link set eth0 down", "ip link add x type dummy"}) {
    INFO(command);
    CHECK(execute(s.runner(), id, command).exit_code != 0);
  }
  auto six = execute(s.runner(), id, "ip -6 addr");
  CHECK(six.output.find("inet6") == std::string::npos);
}

TEST_CASE_METHOD(network_stand, "ports below 1024 can be served by anybody") {
  CHECK(execute(s.runner(), id,
                "(echo hi | nc -l -p 80) >/dev/null 2>&1 </dev/null & "
                "sleep 0.3; nc -w 1 127.0.0.1 80 </dev/null")
            .output
        == "hi\n");
}

namespace {

// The host's part is played by a namespace, so that its own firewall can be
// changed. For the thread of the test and all that it starts from then on.
struct other_host {
  other_host()
      : home{::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC)} {
    REQUIRE(::unshare(CLONE_NEWNET) == 0);
    run({"ip", "link", "set", "lo", "up"});
  }
  ~other_host() {
    CHECK(::setns(home.get(), CLONE_NEWNET) == 0);
  }

  void run(const std::vector<std::string>& command) {
    auto done = run_program(command, "", std::chrono::seconds{10});
    REQUIRE(done);
  }

  unique_fd home;
};

struct second_host_stand : other_host, network_stand {};

} // namespace

TEST_CASE("firewalls of others that drop all they forward are passed") {
  other_host host;
  host.run({"iptables", "-P", "FORWARD", "DROP"});
  network_stand s;
  CHECK(s.say(s.id, "203.0.113.2", 80) == "203.0.113.1\n");
  s.s.close();
  REQUIRE(purge(s.s.settings));
  host.run({"sh", "-c", "test $(iptables -S | grep -c ACCEPT) = 2"});
}

TEST_CASE_METHOD(second_host_stand, "rules that somebody flushed come back") {
  run({"nft", "flush", "ruleset"});
  auto host = machine::open(s.settings);
  REQUIRE(host);
  network_guard guard{*host.value()};
  CHECK_FALSE(has_firewall(host.value()->where.firewall_table()));
  REQUIRE(guard.check());
  CHECK(has_firewall(host.value()->where.firewall_table()));
  CHECK(say(id, "203.0.113.2", 80) == "203.0.113.1\n");
}

TEST_CASE_METHOD(second_host_stand, "another resolver is taken over") {
  auto host = machine::open(s.settings);
  REQUIRE(host);
  internet.add_address("203.0.113.54/24");
  internet.serve_names("203.0.113.54", "203.0.113.2");
  host.value()->settings.resolver = "203.0.113.54";
  network_guard guard{*host.value()};
  REQUIRE(guard.check());
  CHECK(say(id, "other.example", 80) == "203.0.113.1\n");
}

namespace {

schema::OutcomeT set_network(stand& s, schema::OperationKind kind,
                             const std::string& id, bool block_all,
                             const std::string& allow_list) {
  auto operation = s.operation(kind, id);
  operation.spec->network = std::make_unique<schema::NetworkT>();
  operation.spec->network->block_all = block_all;
  operation.spec->network->allow_list = allow_list;
  return s.run(std::move(operation));
}

} // namespace

TEST_CASE_METHOD(network_stand, "what a sandbox may reach is changed while it "
                                "runs, and for it alone") {
  using kind = schema::OperationKind;
  auto other = s.create();
  auto adjust = [&](bool block_all, const std::string& allow_list) {
    auto outcome = set_network(s, kind::Adjust, id, block_all, allow_list);
    INFO(outcome.error);
    REQUIRE(outcome.result == schema::Result::Done);
  };
  adjust(true, "");
  CHECK(say(id, "203.0.113.2", 80).empty());
  CHECK(say(id, "some.example", 80).empty());
  CHECK(say(other, "203.0.113.2", 80) == "203.0.113.1\n");
  adjust(false, "198.51.100.0/24,203.0.113.53/32");
  CHECK(say(id, "203.0.113.2", 80).empty());
  CHECK(say(id, "203.0.113.53", 80) == "203.0.113.1\n");
  CHECK(say(id, "some.example", 80).empty()); // no names either
  adjust(false, "0.0.0.0/0,203.0.113.0/24");
  CHECK(say(id, "some.example", 80) == "203.0.113.1\n");
  adjust(false, "");
  CHECK(say(id, "203.0.113.2", 80) == "203.0.113.1\n");
}

TEST_CASE_METHOD(network_stand, "a sandbox that may reach nothing reaches "
                                "nothing from its first moment, and after a "
                                "restart") {
  using kind = schema::OperationKind;
  auto silent = new_id();
  auto made = set_network(s, kind::Create, silent, true, "");
  INFO(made.error);
  REQUIRE(made.result == schema::Result::Done);
  CHECK(say(silent, "203.0.113.2", 80).empty());
  s.close();
  s.open();
  CHECK(say(silent, "203.0.113.2", 80).empty());
  CHECK(say(id, "203.0.113.2", 80) == "203.0.113.1\n");
  // Its address goes to the next without its rules.
  s.run(kind::Stop, silent);
  CHECK(set_network(s, kind::Start, silent, false, "").result
        == schema::Result::Done);
  CHECK(say(silent, "203.0.113.2", 80) == "203.0.113.1\n");
}
