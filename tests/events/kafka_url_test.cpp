#include <catch2/catch.hpp>

#include "events/kafka_log.hpp"

namespace varve::log {

namespace {

std::string fault(std::string_view url) {
  auto parsed = parse_kafka_url(url);
  REQUIRE(!parsed);
  CHECK(parsed.error().code == errc::invalid);
  return parsed.error().detail;
}

bool says(const std::string& text, std::string_view what) {
  return text.find(what) != std::string::npos;
}

} // namespace

TEST_CASE("the address of a topic names brokers, topic and settings") {
  auto parsed =
      parse_kafka_url("kafka://a:9092,b.example:1/varve.events?replicas=3"
                      "&security.protocol=SASL_SSL&sasl.password=p%26%3d");
  REQUIRE(parsed);
  const auto& found = parsed.value();
  CHECK(found.brokers == "a:9092,b.example:1");
  CHECK(found.topic == "varve.events");
  CHECK(found.replicas == 3);
  REQUIRE(found.settings.size() == 2);
  CHECK(found.settings[0].first == "security.protocol");
  CHECK(found.settings[0].second == "SASL_SSL");
  CHECK(found.settings[1].second == "p&=");
}

TEST_CASE("what is wrong with an address is named") {
  CHECK(says(fault("embeded"), "kafka://"));
  CHECK(says(fault("kafka://a:1"), "no topic"));
  CHECK(says(fault("kafka:///t"), "host:port"));
  CHECK(says(fault("kafka://a/t"), "\"a\""));
  CHECK(says(fault("kafka://a:1,/t"), "\"\""));
  CHECK(says(fault("kafka://a:0/t"), "\"a:0\""));
  CHECK(says(fault("kafka://a:70000/t"), "a:70000"));
  CHECK(says(fault("kafka://a:1/"), "no topic's name"));
  CHECK(says(fault("kafka://a:1/x/y"), "no topic's name"));
  CHECK(says(fault("kafka://a:1/t?replicas=0"), "replicas"));
  CHECK(says(fault("kafka://a:1/t?replicas=three"), "replicas"));
  CHECK(says(fault("kafka://a:1/t?ssl.ca.location"), "no value"));
  CHECK(says(fault("kafka://a:1/t?ssl.ca.location=%2"), "%-encoded"));
}

TEST_CASE("a setting that safety rests on is not taken") {
  for (auto* name : {"acks", "enable.idempotence", "message.timeout.ms",
                     "auto.offset.reset", "bootstrap.servers"})
    CHECK(says(fault(std::string{"kafka://a:1/t?"} + name + "=1"), name));
}

TEST_CASE("settings are read from a file, comments apart") {
  kafka_options options;
  REQUIRE(add_kafka_settings(options, "# who we are\nsasl.username=varve\n\n"
                                      "sasl.password=a=b%26\n"));
  REQUIRE(options.settings.size() == 2);
  CHECK(options.settings[1].second == "a=b%26");
  auto wrong = add_kafka_settings(options, "sasl.username=x\nsecret\n");
  REQUIRE(!wrong);
  CHECK(says(wrong.error().detail, "line 2"));
  CHECK(!says(wrong.error().detail, "secret"));
}

TEST_CASE("a refused setting is named and its value is not shown") {
  kafka_options options;
  options.brokers = "127.0.0.1:1";
  options.settings = {{"no.such.setting", "hidden"}};
  auto opened = open_kafka_log(options);
  REQUIRE(!opened);
  CHECK(opened.error().code == errc::invalid);
  CHECK(says(opened.error().detail, "no.such.setting"));
  CHECK(!says(opened.error().detail, "hidden"));
}

} // namespace varve::log
