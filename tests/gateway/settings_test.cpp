// What a sandbox is set to through the API.
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <catch2/catch.hpp>

#include "tests/gateway/gateway_fixture.hpp"

using namespace varve;
using namespace varve::test;
using projections::sandbox_state;

namespace {

struct a_sandbox : gateway_fixture {
  std::string id = world.add_sandbox(fake_world::home).id;

  raw_answer post(const std::string& what, const std::string& body = "") {
    return call("POST", "/api/sandbox/" + id + "/" + what, body);
  }
  template <class Command>
  Command last() {
    auto all = world.commands();
    REQUIRE(!all.empty());
    REQUIRE(std::holds_alternative<Command>(all.back()));
    return std::get<Command>(all.back());
  }
};

} // namespace

TEST_CASE_METHOD(a_sandbox, "timers are set one by one and shown") {
  auto stop = post("autostop/30");
  CHECK(stop.status == 200);
  CHECK(stop.json().at("autoStopInterval") == 30);
  CHECK(last<SetTimers>().auto_stop == 30);
  CHECK_FALSE(last<SetTimers>().auto_delete);
  CHECK(post("autopause/10").json().at("autoPauseInterval") == 10);
  CHECK(post("autodelete/-5").json().at("autoDeleteInterval") == -1);
  CHECK(post("autodelete/0").json().at("autoDeleteInterval") == 0);
  CHECK(post("ttl/60").json().contains("autoDestroyAt"));
}

TEST_CASE_METHOD(a_sandbox, "timers that make no sense are refused") {
  for (auto* path : {"autostop/-1", "autostop/x", "autostop/1.5",
                     "autopause/-1", "ttl/-1", "ttl/99999999999"}) {
    INFO(path);
    CHECK(post(path).status == 400);
  }
  CHECK(world.commands().empty());
}

TEST_CASE_METHOD(a_sandbox, "what is not there is refused with its name") {
  CHECK(post("autoarchive/-1").status == 400);
  CHECK(post("fork", "[]").status == 400);
  CHECK(post("fork", R"({"name":"<b>"})").status == 400);
  CHECK(post("network-settings", R"({"domainAllowList":"a.com"})").status
        == 422);
  CHECK(world.commands().empty());
}

TEST_CASE_METHOD(a_sandbox, "archiving begins, and is not waited for") {
  auto a = post("archive");
  CHECK(a.status == 200);
  CHECK(a.text("state") == "archiving");
  CHECK(last<ArchiveSandbox>().sandbox_id == id);
}

TEST_CASE_METHOD(a_sandbox,
                 "no and too long a time to archiving are the most") {
  CHECK(post("autoarchive/60").json().at("autoArchiveInterval") == 60);
  CHECK(post("autoarchive/0").json().at("autoArchiveInterval") == 43200);
  CHECK(post("autoarchive/43201").json().at("autoArchiveInterval") == 43200);
}

TEST_CASE_METHOD(a_sandbox, "a recovery may end at stopped") {
  CHECK(post("recover?skipStart=true").text("state") == "stopped");
  CHECK(last<RecoverSandbox>().skip_start);
  CHECK(post("recover?skipStart=maybe").status == 400);
}

TEST_CASE_METHOD(a_sandbox, "a fork is all that its source is, and another") {
  post("public/true");
  post("autostop/33");
  auto made = post("fork", R"({"name":"twin"})");
  CHECK(made.status == 200);
  CHECK(made.text("name") == "twin");
  CHECK(made.text("id") != id);
  auto sent = last<ForkSandbox>();
  CHECK(sent.sandbox_id == id);
  CHECK(sent.child.forked_from == id);
  CHECK(sent.child.runner_id == "runner-1");
  CHECK(sent.child.timers.auto_stop == 33);
  CHECK(sent.child.is_public);
  auto child = made.text("id");
  auto forks =
      boost::json::parse(call("GET", "/api/sandbox/" + id + "/forks").body)
          .as_array();
  REQUIRE(forks.size() == 1);
  CHECK(forks[0].at("id").as_string() == child);
  auto parent = call("GET", "/api/sandbox/" + child + "/parent");
  CHECK(parent.text("id") == id);
  CHECK(call("GET", "/api/sandbox/" + id + "/parent").status == 404);
  auto line =
      boost::json::parse(call("GET", "/api/sandbox/twin/ancestors").body)
          .as_array();
  REQUIRE(line.size() == 1);
  CHECK(line[0].at("id").as_string() == id);
}

TEST_CASE_METHOD(a_sandbox, "sandboxes are listed by pages with numbers") {
  for (int i = 0; i < 4; ++i)
    world.add_sandbox(fake_world::home);
  auto page = call("GET", "/api/sandbox/paginated?limit=2&page=3&sort=id"
                          "&order=asc")
                  .json();
  CHECK(page.at("total") == 5);
  CHECK(page.at("totalPages") == 3);
  CHECK(page.at("page") == 3);
  REQUIRE(page.at("items").as_array().size() == 1);
  CHECK(page.at("items").as_array()[0].as_object().contains("env"));
  auto bad = call("GET", "/api/sandbox/paginated?sort=cpu");
  CHECK(bad.status == 400);
  CHECK(call("GET", "/api/sandbox/paginated?page=0").status == 400);
  CHECK(call("GET", "/api/sandbox/paginated?limit=201").status == 400);
}

TEST_CASE_METHOD(a_sandbox, "a resize names what it changes") {
  auto a = post("resize", R"({"cpu":4,"memory":8})");
  CHECK(a.status == 200);
  CHECK(a.json().at("cpu") == 4);
  CHECK(a.json().at("memory") == 8);
  CHECK(last<ResizeSandbox>().cpu_millis == 4000);
  CHECK(last<ResizeSandbox>().memory_mib == 8192);
  CHECK(post("resize", R"({"disk":99})").json().at("disk") == 99);
  CHECK(last<ResizeSandbox>().disk_gib == 99);
  CHECK(post("resize", R"({"cpu":0})").status == 400);
  CHECK(post("resize", R"({"disk":0})").status == 400);
  CHECK(post("resize", R"({"memory":"8"})").status == 400);
}

TEST_CASE_METHOD(a_sandbox, "network settings replace each other") {
  auto blocked = post("network-settings", R"({"networkBlockAll":true})");
  CHECK(blocked.json().at("networkBlockAll") == true);
  auto listed =
      post("network-settings", R"({"networkAllowList":"8.8.8.8/32"})");
  CHECK(listed.json().at("networkBlockAll") == false);
  CHECK(listed.text("networkAllowList") == "8.8.8.8/32");
  auto open = post("network-settings", R"({"networkBlockAll":false})");
  CHECK(open.json().at("networkAllowList").is_null());
  CHECK(post("network-settings", "{}").status == 400);
}

TEST_CASE_METHOD(a_sandbox, "a sandbox is made public and private again") {
  CHECK(post("public/true").json().at("public") == true);
  CHECK(post("public/false").json().at("public") == false);
  CHECK(post("public/maybe").status == 400);
}

TEST_CASE_METHOD(a_sandbox, "a pause is shown, and ends with a start") {
  CHECK(post("pause").text("state") == "paused");
  CHECK(post("start").text("state") == "started");
}

TEST_CASE_METHOD(a_sandbox, "the runner hears of use, and of a start") {
  CHECK(world.used(id) == 0);
  CHECK(post("last-activity").status == 201);
  CHECK(world.used(id) == world.time.now());
  auto other = world.add_sandbox(fake_world::home).id;
  call("POST", "/api/sandbox/" + other + "/start");
  CHECK(world.used(other) == world.time.now());
}

TEST_CASE("settings that make no sense are refused at creation") {
  gateway_fixture g;
  struct row {
    const char* body;
    unsigned status;
    const char* message;
  };
  const row rows[] = {
      {R"({"autoStopInterval":5,"autoPauseInterval":5})", 400,
       "Only one of autoStopInterval and autoPauseInterval may be set"},
      {R"({"autoDeleteInterval":0,"autoPauseInterval":5})", 400,
       "autoPauseInterval cannot be set for ephemeral sandboxes"},
      {R"({"ttlMinutes":-1})", 400, "ttlMinutes must be non-negative"},
      {R"({"networkAllowList":"10.0.0.0"})", 400,
       "Invalid network format: \"10.0.0.0\". Missing CIDR prefix length "
       "(e.g., "
       "/24)"},
      {R"({"networkAllowList":"10.0.0/8"})", 400,
       "Invalid IP address: \"10.0.0\" in network \"10.0.0/8\". Must be a "
       "valid "
       "IPv4 address"},
      {R"({"networkBlockAll":true,"networkAllowList":"8.8.8.8/32"})", 400,
       "networkAllowList cannot be used together with networkBlockAll"},
  };
  for (const auto& r : rows) {
    INFO(r.body);
    auto a = g.call("POST", "/api/sandbox", r.body);
    CHECK(a.status == r.status);
    CHECK(a.text("message") == r.message);
  }
  CHECK(g.world.commands().empty());
}
