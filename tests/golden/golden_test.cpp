#include <catch2/catch.hpp>

#include <cstdlib>
#include <fstream>
#include <iterator>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include "events/record_json.hpp"
#include "tests/golden/golden_samples.hpp"

namespace varve::log::golden {

namespace {

namespace json = boost::json;

std::string read_file(const std::string& name) {
  std::ifstream in{std::string{VARVE_GOLDEN_DIRECTORY} + "/" + name,
                   std::ios::binary};
  INFO(name);
  REQUIRE(in);
  return {std::istreambuf_iterator<char>{in}, {}};
}

std::vector<std::byte> read_frame(const std::string& name) {
  auto text = read_file(name);
  const auto* first = reinterpret_cast<const std::byte*>(text.data());
  return {first, first + text.size()};
}

// Everything that was said then is said still; later fields may join it.
bool still_says(const json::value& now, const json::value& then) {
  if (const auto* object = then.if_object()) {
    for (const auto& [key, value] : *object) {
      const auto* found =
          now.is_object() ? now.get_object().if_contains(key) : nullptr;
      if (!found || !still_says(*found, value))
        return false;
    }
    return true;
  }
  if (const auto* array = then.if_array()) {
    if (!now.is_array() || now.get_array().size() != array->size())
      return false;
    for (std::size_t i = 0; i < array->size(); ++i)
      if (!still_says(now.get_array()[i], (*array)[i]))
        return false;
    return true;
  }
  return now == then;
}

template <class Check>
void for_each_event(Check check) {
  for (auto event : schema::EnumValuesEvent()) {
    if (event == schema::Event::NONE)
      continue;
    INFO(name_of(event) << ": an event that is new needs a sample, and "
                           "write_golden run once");
    check(event, name_of(event));
  }
}

} // namespace

TEST_CASE("every event ever written is read as it was meant") {
  for_each_event([](schema::Event event, const std::string& name) {
    auto parsed = record::parse(read_frame(name + ".bin"));
    REQUIRE(parsed);
    const auto& view = parsed.value()->view();
    CHECK(view.entries()->Get(0)->event_type() == event);
    CHECK(view.index() == 300);
    CHECK(still_says(json::parse(to_json(*parsed.value())),
                     json::parse(read_file(name + ".json"))));
  });
}

TEST_CASE("what was read is written again byte by byte") {
  for_each_event([](schema::Event, const std::string& name) {
    auto frame = read_frame(name + ".bin");
    auto parsed = record::parse(frame);
    REQUIRE(parsed);
    schema::RecordT content;
    parsed.value()->view().UnPackTo(&content);
    auto again = record::seal(content);
    REQUIRE(again);
    auto bytes = again.value()->frame();
    CHECK(std::equal(bytes.begin(), bytes.end(), frame.begin(), frame.end()));
  });
}

TEST_CASE("every sample sets every field that a golden record has") {
  for_each_event([](schema::Event event, const std::string& name) {
    auto sample = sample_of(event);
    REQUIRE(sample);
    auto sealed = record::seal(*sample);
    REQUIRE(sealed);
    CHECK(still_says(json::parse(to_json(*sealed.value())),
                     json::parse(read_file(name + ".json"))));
    CHECK(read_file(name + ".json").find(":null") == std::string::npos);
  });
}

TEST_CASE("a meaning that changed is noticed") {
  auto then = json::parse(read_file("SandboxCreated.json"));
  auto now = then;
  CHECK(still_says(now, then));
  now.as_object()["new_field"] = 1;
  CHECK(still_says(now, then));
  now.as_object()["epoch"] = 3;
  CHECK(!still_says(now, then));
  now = then;
  now.as_object().erase("principal");
  CHECK(!still_says(now, then));
}

} // namespace varve::log::golden
