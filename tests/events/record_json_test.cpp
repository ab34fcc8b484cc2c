#include <catch2/catch.hpp>

#include "events/record_json.hpp"
#include "tests/events/sample_records.hpp"

namespace varve::log {

namespace {

bool holds(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

} // namespace

TEST_CASE("a record is one line with names for enums and hex for bytes") {
  auto line = to_json(*samples::label_record({}, 7, "s-1", 3, "v"));
  CHECK(line.front() == '{');
  CHECK(line.back() == '}');
  CHECK(holds(line, R"("partition":7)"));
  CHECK(holds(line, R"("cause":"User")"));
  CHECK(
      holds(line, R"("aggregate":"Sandbox","aggregate_id":"s-1","version":3)"));
  CHECK(holds(line, R"("event_type":"SandboxLabelsReplaced")"));
  CHECK(holds(line, R"("labels":[{"key":"label","value":"v"}])"));
  CHECK(holds(line, R"("prev":{"bytes":")" + std::string(64, '0')));
}

TEST_CASE("what is absent is shown all the same") {
  auto line = to_json(*samples::label_record({}, 0, "s-1", 1));
  CHECK(holds(line, R"("epoch":0,"index":0,"partition":0)"));
  CHECK(holds(line, R"("command_id":null)"));
  CHECK(holds(line, R"("owes":false)"));
}

TEST_CASE("of what is sealed only names and size are shown") {
  schema::SandboxCreatedT event;
  event.env_sealed = {0xca, 0xfe, 0xba};
  event.env_names = {"TOKEN"};
  event.resources = std::make_unique<schema::Resources>();
  event.timers = std::make_unique<schema::TimersT>();
  auto content = samples::bare_record({}, 0);
  content.entries.push_back(samples::label_entry("s-1", 1));
  content.entries[0]->event.Set(std::move(event));
  auto line = to_json(*samples::sealed(content));
  CHECK(holds(line, R"("env_sealed":"3 bytes","env_names":["TOKEN"])"));
  CHECK(!holds(line, "cafe"));
}

TEST_CASE("an event alone is an object of its own fields") {
  auto r = samples::label_record({}, 7, "s-1", 3, "v");
  CHECK(to_json(*r->view().entries()->Get(0))
        == R"({"labels":[{"key":"label","value":"v"}]})");
}

TEST_CASE("text of users cannot break the line") {
  auto line = to_json(*samples::label_record({}, 0, "s-1", 1, "a\"b\n\\"));
  CHECK(holds(line, R"(a\"b\n\\)"));
  CHECK(line.find('\n') == std::string::npos);
}

} // namespace varve::log
