// The API against tests/contract/api/routes.json: codes, permissions, fields.
#include <fstream>
#include <set>
#include <sstream>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <catch2/catch.hpp>

#include "gateway/api/routes.hpp"
#include "tests/gateway/gateway_fixture.hpp"

using namespace varve;
using namespace varve::test;
namespace json = boost::json;

namespace {

const json::object& contract() {
  static const json::object whole = [] {
    std::ifstream file{VARVE_API_CONTRACT};
    std::stringstream text;
    text << file.rdbuf();
    return json::parse(text.str()).as_object();
  }();
  return whole;
}

std::string text_of(const json::object& o, json::string_view name) {
  const auto* found = o.if_contains(name);
  return found && found->is_string() ? std::string{found->as_string().c_str()}
                                     : std::string{};
}

std::string type_of(const json::value& v) {
  if (v.is_number())
    return "number";
  if (v.is_bool())
    return "boolean";
  if (v.is_string())
    return "string";
  if (v.is_array())
    return "array";
  return v.is_object() ? "object" : "null";
}

void check_object(const json::value& got, const std::string& kind) {
  INFO(kind);
  REQUIRE(got.is_object());
  for (const auto& [field, type] :
       contract().at("objects").at(kind).as_object()) {
    INFO(std::string{field});
    const auto* found = got.as_object().if_contains(field);
    REQUIRE(found);
    std::string wanted{type.as_string().c_str()};
    if (wanted.starts_with('?')) {
      wanted.erase(0, 1);
      if (found->is_null())
        continue;
    }
    CHECK(type_of(*found) == wanted);
  }
  if (const auto* absent =
          contract().at("absent").as_object().if_contains(kind))
    for (const auto& field : absent->as_array())
      CHECK_FALSE(got.as_object().contains(field.as_string()));
}

void check_answer(const raw_answer& a, const json::object& route) {
  if (route.contains("stream")) {
    CHECK(a.headers.at("content-type") == "application/octet-stream");
    return;
  }
  auto status = route.at("success").as_int64();
  if (status == 204 || route.contains("is_bodiless")
      || (status == 201 && text_of(route, "object").empty())) {
    CHECK(a.body.empty());
    return;
  }
  CHECK(a.headers.at("content-type").starts_with("application/json"));
  auto body = json::parse(a.body);
  if (route.contains("is_empty")) {
    CHECK(body.as_array().empty());
    return;
  }
  if (auto kind = text_of(route, "object"); !kind.empty())
    check_object(body, kind);
  if (auto kind = text_of(route, "list_of"); !kind.empty()) {
    REQUIRE(!body.as_array().empty());
    for (const auto& one : body.as_array())
      check_object(one, kind);
  }
  if (auto kind = text_of(route, "items"); !kind.empty()) {
    REQUIRE(!body.at("items").as_array().empty());
    for (const auto& one : body.at("items").as_array())
      check_object(one, kind);
  }
}

struct spelt_route {
  std::string method;
  std::string target;

  spelt_route(const json::object& route, const std::string& id) {
    auto all = text_of(route, "route");
    auto blank = all.find(' ');
    method = all.substr(0, blank);
    target = all.substr(blank + 1);
    if (auto at = target.find("{id}"); at != std::string::npos)
      target.replace(at, 4, id);
    if (auto at = target.find("{registry}"); at != std::string::npos)
      target.replace(at, 10, fake_world::registry);
    if (auto at = target.find("{snapshot}"); at != std::string::npos)
      target.replace(at, 10, fake_world::image_snapshot);
  }
};

bool needs_key(const json::object& route) {
  const auto* key = route.if_contains("key");
  return !key || key->as_bool();
}

void check_error(const raw_answer& a, unsigned status,
                 const std::string& message) {
  CHECK(a.status == status);
  check_object(json::parse(a.body), "error");
  CHECK(a.text("message") == message);
  CHECK(a.json().at("statusCode").as_int64() == status);
  CHECK(a.text("source") == "DAYTONA_API");
}

} // namespace

TEST_CASE(
    "every route answers with its code and all fields clients insist on") {
  gateway_fixture g;
  auto box = g.world.add_sandbox(fake_world::home);
  g.world.add_warm_pool(fake_world::home, box.id);
  g.world.add_registry(fake_world::home);
  g.world.add_image_snapshot(fake_world::home);
  for (const auto& entry : contract().at("routes").as_array()) {
    const auto& route = entry.as_object();
    spelt_route spelt{route, box.id};
    INFO(text_of(route, "route"));
    auto a = g.call(spelt.method, spelt.target, text_of(route, "body"));
    CHECK(a.status == static_cast<unsigned>(route.at("success").as_int64()));
    CHECK(a.headers.contains("varve-correlation-id"));
    CHECK(a.headers.contains("x-daytona-api-version"));
    CHECK(a.headers.contains("varve-position") == needs_key(route));
    check_answer(a, route);
  }
}

TEST_CASE("every route is in the contract, and the other way round") {
  std::set<std::string> ours;
  for (const auto& r : gateway::api_routes())
    ours.insert(std::string{r.method} + " " + std::string{r.pattern});
  std::set<std::string> theirs;
  for (const auto& entry : contract().at("routes").as_array()) {
    spelt_route spelt{entry.as_object(), "x"};
    auto match =
        gateway::find_route(gateway::api_routes(), spelt.method, spelt.target);
    if (spelt.target == "/health")
      continue;
    INFO(spelt.target);
    REQUIRE(match.found);
    CHECK(match.found->permission == text_of(entry.as_object(), "permission"));
    CHECK((match.found->who == gateway::route::access::key)
          == needs_key(entry.as_object()));
    theirs.insert(std::string{match.found->method} + " "
                  + std::string{match.found->pattern});
  }
  CHECK(ours == theirs);
}

TEST_CASE("without a good key every guarded route says 401 and no more") {
  gateway_fixture g;
  auto box = g.world.add_sandbox(fake_world::home);
  auto expired = g.world.add_key(fake_world::home, {}, g.world.time.now());
  for (const auto& entry : contract().at("routes").as_array()) {
    const auto& route = entry.as_object();
    spelt_route spelt{route, box.id};
    if (!needs_key(route))
      continue;
    INFO(text_of(route, "route"));
    for (const auto& key : {std::string{}, std::string{"dtn_wrong"}, expired}) {
      raw_client client{g.server->port()};
      client.send(request_text(spelt.method, spelt.target, key));
      check_error(client.read_answer(), 401, "Invalid credentials");
    }
  }
  CHECK(g.world.commands().empty());
}

TEST_CASE("a key without the permission is refused with 403") {
  gateway_fixture g;
  auto box = g.world.add_sandbox(fake_world::home);
  g.key = g.world.add_key(fake_world::home, {"read:volumes"});
  for (const auto& entry : contract().at("routes").as_array()) {
    const auto& route = entry.as_object();
    if (text_of(route, "permission").empty())
      continue;
    spelt_route spelt{route, box.id};
    INFO(text_of(route, "route"));
    check_error(g.call(spelt.method, spelt.target, text_of(route, "body")), 403,
                "Access denied");
  }
  CHECK(g.world.commands().empty());
}

TEST_CASE("a known member that is not carried out is refused by name") {
  gateway_fixture g;
  for (const auto& [name, value] :
       contract().at("refused_create_members").as_object()) {
    INFO(std::string{name});
    auto a = g.call("POST", "/api/sandbox",
                    "{\"" + std::string{name}
                        + "\":" + std::string{value.as_string().c_str()} + "}");
    check_error(a, 422, std::string{name} + " is not supported by this server");
  }
  CHECK(g.world.commands().empty());
}

TEST_CASE("known members at their neutral value are fine, unknown ones too") {
  gateway_fixture g;
  std::string body = "{\"envVars\":{\"x\":1},\"future\":[1,2]";
  for (const auto& [name, value] :
       contract().at("neutral_create_members").as_object())
    body += ",\"" + std::string{name}
            + "\":" + std::string{value.as_string().c_str()};
  auto a = g.call("POST", "/api/sandbox", body + "}");
  CHECK(a.status == 200);
  std::string nulls = "{\"name\":null";
  for (const auto& [name, value] :
       contract().at("neutral_create_members").as_object())
    nulls += ",\"" + std::string{name} + "\":null";
  CHECK(g.call("POST", "/api/sandbox", nulls + "}").status == 200);
}

TEST_CASE("a member of the wrong type is refused by name") {
  gateway_fixture g;
  for (const auto& [name, value] :
       contract().at("refused_create_members").as_object()) {
    INFO(std::string{name});
    std::string shown{value.as_string().c_str()};
    const char* wrong =
        shown.starts_with('{') || shown.starts_with('[') ? "17" : "{\"x\":1}";
    auto a = g.call("POST", "/api/sandbox",
                    "{\"" + std::string{name} + "\":" + wrong + "}");
    CHECK(a.status == 400);
    CHECK(a.text("message").starts_with(std::string{name} + " must be"));
  }
}
