// What happened to a sandbox, who did it and why: in pages and as it happens.
#include <algorithm>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <catch2/catch.hpp>

#include "events/base/ids.hpp"
#include "gateway/api/event_history.hpp"
#include "tests/gateway/gateway_fixture.hpp"

using namespace varve;
using namespace varve::test;
using std::chrono::milliseconds;
namespace json = boost::json;

namespace {

struct event_fixture : gateway_fixture {
  event_fixture() {
    auto made = call("POST", "/api/sandbox",
                     R"({"name":"a","env":{"TOKEN":"s3cret"}})");
    id = made.text("id");
    created_by = made.headers["varve-correlation-id"];
  }

  std::string path() const {
    return "/api/varve/sandboxes/" + id + "/events";
  }

  void happens(schema::EventUnion event, const std::string& principal,
               schema::Cause cause, const std::string& command_id = "") {
    command_origin origin;
    origin.organization_id = fake_world::home;
    origin.principal = principal;
    origin.command_id = command_id;
    origin.cause = cause;
    world.past.add(id, std::move(event), origin);
  }

  void started() {
    happens(wrapped(schema::SandboxStartedT{}), "runner:r1",
            schema::Cause::RunnerReport, world.past.last_record_id(id) + ".0");
  }

  void killed() {
    schema::SandboxFailedT event;
    event.reason = "out of memory: python3 was killed";
    event.recoverable = true;
    happens(wrapped(std::move(event)), "runner:r1", schema::Cause::OutOfMemory);
  }

  std::string id;
  std::string created_by;
};

std::string text(const json::value& v, const char* member) {
  return std::string{v.at(member).as_string().c_str()};
}

// One stream, line by line.
class event_reader {
 public:
  event_reader(std::uint16_t port, const std::string& key,
               const std::string& path, const std::string& last = "")
      : client_(port) {
    std::vector<std::string> fields{"Accept: text/event-stream"};
    if (!last.empty())
      fields.push_back("Last-Event-ID: " + last);
    client_.send(request_text("GET", path, key, "", fields));
    head = client_.read_answer(true);
  }

  // {id, type, data} of the next event; empty at the end.
  std::vector<std::string> next() {
    while (buffer_.find("\n\n") == std::string::npos) {
      auto size = std::stoul("0" + line(), nullptr, 16);
      if (size == 0) {
        client_.read_exactly(2);
        return {};
      }
      buffer_ += client_.read_exactly(size);
      client_.read_exactly(2);
    }
    auto one = buffer_.substr(0, buffer_.find("\n\n") + 1);
    buffer_.erase(0, one.size() + 1);
    std::vector<std::string> out;
    for (std::string field : {"id: ", "event: ", "data: "}) {
      auto at = one.find(field);
      REQUIRE(at != std::string::npos);
      at += field.size();
      out.push_back(one.substr(at, one.find('\n', at) - at));
    }
    return out;
  }

  bool is_closed() {
    return client_.is_closed_within(milliseconds{4000});
  }

  raw_answer head;

 private:
  std::string line() {
    std::string out;
    for (auto c = client_.read_exactly(1); !c.empty() && c != "\n";
         c = client_.read_exactly(1))
      if (c != "\r")
        out += c;
    return out;
  }

  raw_client client_;
  std::string buffer_;
};

} // namespace

TEST_CASE("cause codes are the schema's words in the API's spelling") {
  CHECK(gateway::cause_code(schema::Cause::User) == "user");
  CHECK(gateway::cause_code(schema::Cause::OutOfMemory) == "out_of_memory");
  CHECK(gateway::cause_code(static_cast<schema::Cause>(250)) == "unspecified");
}

TEST_CASE_METHOD(event_fixture, "every event says what, who, why and when") {
  started();
  killed();
  auto a = call("GET", path());
  REQUIRE(a.status == 200);
  auto body = a.json();
  const auto& items = body.at("items").as_array();
  REQUIRE(items.size() == 3);
  CHECK(body.at("nextCursor").is_null());
  CHECK(text(items[0], "id") == "1");
  CHECK(text(items[0], "type") == "SandboxCreated");
  CHECK(text(items[0], "time") == "2027-01-15T08:00:00.000Z");
  CHECK(text(items[0], "principal").starts_with("key:key "));
  CHECK(text(items[0], "cause") == "user");
  CHECK(text(items[0], "correlationId") == created_by);
  CHECK(items[0].at("data").at("name").as_string() == "a");
  // The runner's answer goes back to who asked.
  CHECK(text(items[1], "type") == "SandboxStarted");
  CHECK(text(items[1], "principal") == "runner:r1");
  CHECK(text(items[1], "correlationId") == created_by);
  CHECK(text(items[2], "cause") == "out_of_memory");
  CHECK(text(items[2].at("data"), "reason")
        == "out of memory: python3 was killed");
  CHECK(items[2].at("correlationId").is_null());
}

TEST_CASE_METHOD(event_fixture, "secrets are not shown, their names are") {
  auto a = call("GET", path());
  CHECK(a.body.find("s3cret") == std::string::npos);
  CHECK(a.body.find("733363726574") == std::string::npos); // in hex
  CHECK(a.body.find("TOKEN") != std::string::npos);
}

TEST_CASE_METHOD(event_fixture, "pages follow each other without a gap") {
  for (int i = 0; i < 40; ++i)
    started();
  std::vector<std::string> seen;
  std::string cursor;
  do {
    auto a = call("GET", path() + "?limit=7" + cursor);
    REQUIRE(a.status == 200);
    auto body = a.json();
    for (const auto& item : body.at("items").as_array())
      seen.push_back(text(item, "id"));
    cursor = body.at("nextCursor").is_null()
                 ? ""
                 : "&cursor=" + text(body, "nextCursor");
  } while (!cursor.empty());
  REQUIRE(seen.size() == 41);
  for (std::size_t i = 0; i < seen.size(); ++i)
    CHECK(seen[i] == std::to_string(i + 1));
  for (const char* bad : {"?limit=0", "?limit=501", "?limit=x", "?cursor=-1"}) {
    INFO(bad);
    CHECK(call("GET", path() + bad).status == 400);
  }
}

TEST_CASE_METHOD(event_fixture, "a destroyed sandbox still has its history, by "
                                "its id") {
  CHECK(call("GET", "/api/varve/sandboxes/a/events").status == 200);
  call("DELETE", "/api/sandbox/" + id);
  auto a = call("GET", path());
  CHECK(a.status == 200);
  CHECK(a.json().at("items").as_array().size() == 2);
  CHECK(call("GET", "/api/varve/sandboxes/a/events").status == 404);
}

TEST_CASE_METHOD(event_fixture, "another organization sees nothing of it") {
  key = world.add_key("another", {"write:sandboxes"});
  auto foreign = call("GET", path());
  CHECK(foreign.status == 404);
  auto unknown = "/api/varve/sandboxes/" + uuid::v4().str() + "/events";
  CHECK(call("GET", unknown).status == 404);
  event_reader stream{server->port(), key, path()};
  CHECK(stream.head.status == 404);
  key.clear();
  CHECK(call("GET", path()).status == 401);
}

TEST_CASE_METHOD(event_fixture, "a stream tells what was and what comes, and "
                                "ends with the sandbox") {
  event_reader stream{server->port(), key, path()};
  CHECK(stream.head.status == 200);
  CHECK(stream.head.headers["content-type"] == "text/event-stream");
  auto first = stream.next();
  CHECK(first[0] == "1");
  CHECK(first[1] == "SandboxCreated");
  CHECK(text(json::parse(first[2]), "correlationId") == created_by);
  started();
  CHECK(stream.next()[1] == "SandboxStarted");
  happens(wrapped(schema::SandboxDestroyedT{}), "runner:r1",
          schema::Cause::RunnerReport);
  CHECK(stream.next()[1] == "SandboxDestroyed");
  CHECK(stream.next().empty());
  CHECK(stream.is_closed());
}

TEST_CASE_METHOD(event_fixture, "who comes back misses nothing") {
  started();
  killed();
  event_reader stream{server->port(), key, path(), "1"};
  CHECK(stream.next()[0] == "2");
  CHECK(stream.next()[0] == "3");
  event_reader odd{server->port(), key, path(), "x"};
  CHECK(odd.head.status == 400);
  event_reader query{server->port(), key, path() + "?limit=2"};
  CHECK(query.head.status == 400);
}

TEST_CASE_METHOD(event_fixture, "a stream ends when its key is revoked") {
  event_reader stream{server->port(), key, path()};
  stream.next();
  world.revoke(key);
  CHECK(stream.is_closed());
}

TEST_CASE_METHOD(event_fixture, "an open stream does not hold a stop up") {
  event_reader stream{server->port(), key, path()};
  stream.next();
  auto begun = std::chrono::steady_clock::now();
  server->stop();
  CHECK(std::chrono::steady_clock::now() - begun < milliseconds{5000});
  CHECK(stream.is_closed());
}
