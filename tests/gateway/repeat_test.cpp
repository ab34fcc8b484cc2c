// The same Idempotency-Key again: the same status and the sandbox as it is
// now, whatever happened in between; another request under it is refused.
#include <catch2/catch.hpp>

#include "events/base/ids.hpp"
#include "tests/gateway/gateway_fixture.hpp"

using namespace varve;
using namespace varve::test;

namespace {

const std::vector<std::string> keyed{"Idempotency-Key: first-try"};

struct repeat_fixture : gateway_fixture {
  raw_answer create(const std::string& body,
                    const std::vector<std::string>& fields = keyed) {
    return call("POST", "/api/sandbox", body, fields);
  }
};

// A create whose client leaves at once; whether its sandbox is taken back.
bool is_taken_back(repeat_fixture& g, const std::string& body,
                   const std::vector<std::string>& fields = {}) {
  auto before = g.world.commands().size();
  {
    raw_client leaves{g.server->port()};
    leaves.send(request_text("POST", "/api/sandbox", g.key, body, fields));
  }
  auto until = std::chrono::steady_clock::now() + std::chrono::seconds{2};
  while (std::chrono::steady_clock::now() < until) {
    auto all = g.world.commands();
    const auto* last =
        all.size() < before + 2 ? nullptr : std::get_if<SetTimers>(&all.back());
    if (last)
      return last->abandoned
             && last->sandbox_id
                    == std::get<CreateSandbox>(all[before]).sandbox_id;
    g.call("GET", "/health");
  }
  return false;
}

} // namespace

TEST_CASE_METHOD(repeat_fixture, "a sandbox that nobody can find again is "
                                 "taken back") {
  world.comes_out = sandbox_state::creating; // the answer is held
  CHECK(is_taken_back(*this, "{}"));
  CHECK(world.origins().back().principal == "system");
  CHECK(world.origins().back().cause == schema::Cause::ClientGone);
  CHECK_FALSE(is_taken_back(*this, R"({"name":"a"})"));
  CHECK_FALSE(is_taken_back(*this, "{}", keyed));
  auto stays = create("{}", {});
  CHECK(stays.status == 200);
  auto all = world.commands();
  CHECK(std::holds_alternative<CreateSandbox>(all.back()));
}

TEST_CASE_METHOD(repeat_fixture, "a repeated create makes nothing and shows "
                                 "what it made") {
  auto first = create(R"({"labels":{"a":"b"},"env":{"A":"s3cret"}})");
  REQUIRE(first.status == 200);
  auto id = first.text("id");
  world.set_state(id, sandbox_state::stopped);
  auto again = create(R"({"labels":{"a":"b"},"env":{"A":"s3cret"}})");
  CHECK(again.status == 200);
  CHECK(again.text("id") == id);
  CHECK(again.text("state") == "stopped");
  CHECK(again.headers["varve-correlation-id"]
        == first.headers["varve-correlation-id"]);
  CHECK(world.commands().size() == 1);
  CHECK(world.origins()[0].command_id == first.headers["varve-correlation-id"]);
  CHECK(world.origins()[0].request);
}

TEST_CASE_METHOD(repeat_fixture, "a repeated delete is answered although the "
                                 "sandbox is gone") {
  auto id = create("{}").text("id");
  std::vector<std::string> key_of_delete{"Idempotency-Key: x"};
  auto path = "/api/sandbox/" + id;
  CHECK(call("DELETE", path, "", key_of_delete).status == 200);
  auto again = call("DELETE", path, "", key_of_delete);
  CHECK(again.status == 200);
  CHECK(again.text("id") == id);
  CHECK(again.text("state") == "destroyed");
  CHECK(call("DELETE", path).status == 404);
  // And the create's, too.
  auto created = create("{}");
  CHECK(created.status == 200);
  CHECK(created.text("state") == "destroyed");
  CHECK(world.commands().size() == 2);
}

TEST_CASE_METHOD(repeat_fixture, "a repeated start does not start again") {
  auto id = create("{}").text("id");
  std::vector<std::string> key_of_start{"Idempotency-Key: y"};
  auto path = "/api/sandbox/" + id + "/start";
  CHECK(call("POST", path, "", key_of_start).status == 200);
  call("POST", "/api/sandbox/" + id + "/stop");
  auto again = call("POST", path, "", key_of_start);
  CHECK(again.status == 200);
  CHECK(again.text("state") == "stopped");
  CHECK(world.find(id)->state == sandbox_state::stopped);
}

TEST_CASE_METHOD(repeat_fixture, "a start that failed fails again") {
  world.comes_out = sandbox_state::error;
  auto first = create("{}");
  CHECK(first.status == 400);
  auto again = create("{}");
  CHECK(again.status == 400);
  CHECK(again.text("message") == first.text("message"));
  CHECK(world.commands().size() == 1);
}

TEST_CASE_METHOD(repeat_fixture, "another request under a known key is 422") {
  REQUIRE(create(R"({"name":"a"})").status == 200);
  auto id = world.commands().size();
  for (const auto& a :
       {create(R"({"name":"b"})"), create(R"({"name": "a"})"), create(""),
        call("POST", "/api/sandbox?x=1", R"({"name":"a"})", keyed),
        call("DELETE", "/api/sandbox/a", "", keyed)}) {
    CHECK(a.status == 422);
    CHECK(a.text("message")
          == "This Idempotency-Key was used for another request");
  }
  CHECK(world.commands().size() == id);
}

TEST_CASE_METHOD(repeat_fixture, "a refused command binds no key") {
  world.fail_next_command(errc::quota_exceeded, "Total CPU quota exceeded");
  CHECK(create("{}").status == 400);
  CHECK(create(R"({"name":"other"})").status == 200);
  CHECK(world.commands().size() == 2);
}

TEST_CASE_METHOD(repeat_fixture, "keys of two organizations do not meet") {
  auto id = create("{}").text("id");
  key = world.add_key("another", {"write:sandboxes", "delete:sandboxes"});
  auto other = create("{}");
  CHECK(other.status == 200);
  CHECK(other.text("id") != id);
}

TEST_CASE_METHOD(repeat_fixture, "a UUID is the command's id as it is, and "
                                 "without a key every call is its own") {
  auto id = uuid::v4().str();
  CHECK(create("{}", {"Idempotency-Key: " + id}).headers["varve-correlation-id"]
        == id);
  CHECK(create("{}", {}).status == 200);
  CHECK(create("{}", {}).status == 200);
  CHECK(world.commands().size() == 3);
  CHECK_FALSE(world.origins()[1].request);
  CHECK(world.origins()[1].command_id != world.origins()[2].command_id);
  // A key with a question means nothing.
  auto got = call("GET", "/api/sandbox", "", {"Idempotency-Key: " + id});
  CHECK(got.headers["varve-correlation-id"] != id);
}

TEST_CASE_METHOD(repeat_fixture, "who may not do it is told so, known key or "
                                 "not") {
  REQUIRE(create("{}").status == 200);
  key = world.add_key(fake_world::home, {});
  CHECK(create("{}").status == 403);
  key = "dtn_wrong";
  CHECK(create("{}").status == 401);
}
