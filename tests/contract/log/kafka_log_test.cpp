#include <catch2/catch.hpp>

#include <csignal>
#include <fstream>
#include <thread>

#include "tests/contract/log/contract_pen.hpp"
#include "tests/contract/log/kafka_fixture.hpp"

namespace varve::log::contract {

namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

pid_t broker_pid() {
  const char* file = std::getenv("VARVE_KAFKA_PID");
  REQUIRE(file);
  pid_t pid = 0;
  std::ifstream{file} >> pid;
  REQUIRE(pid > 0);
  return pid;
}

// Until the log answers again; what it says last.
result<chain_head> patient_head(event_log& log, std::uint16_t partition) {
  auto deadline = steady_clock::now() + 90s;
  for (;;) {
    auto head = log.head(partition);
    if (head || head.error().code != errc::log_unavailable
        || steady_clock::now() > deadline)
      return head;
  }
}

void delete_topic(const kafka_options& options) {
  auto conf = kafka::make_conf({{"bootstrap.servers", options.brokers}});
  auto client =
      kafka::make_client(RD_KAFKA_PRODUCER, std::move(conf).value()).value();
  kafka::queue_handle answers{rd_kafka_queue_new(client.get())};
  auto* topic = rd_kafka_DeleteTopic_new(options.topic.c_str());
  rd_kafka_DeleteTopics(client.get(), &topic, 1, nullptr, answers.get());
  kafka::event_handle event{rd_kafka_queue_poll(answers.get(), 10'000)};
  rd_kafka_DeleteTopic_destroy(topic);
  REQUIRE(event);
  REQUIRE(rd_kafka_event_error(event.get()) == RD_KAFKA_RESP_ERR_NO_ERROR);
}

// With the settings a log needs, but for one.
void make_topic(const kafka_options& options, const char* name,
                const char* value) {
  auto conf = kafka::make_conf({{"bootstrap.servers", options.brokers}});
  auto client =
      kafka::make_client(RD_KAFKA_PRODUCER, std::move(conf).value()).value();
  kafka::queue_handle answers{rd_kafka_queue_new(client.get())};
  char why[256];
  kafka::new_topic_handle topic{rd_kafka_NewTopic_new(
      options.topic.c_str(), partition_count, 1, why, sizeof(why))};
  for (auto [known, safe] :
       {std::pair{"retention.ms", "-1"}, std::pair{"retention.bytes", "-1"},
        std::pair{name, value}})
    rd_kafka_NewTopic_set_config(topic.get(), known, safe);
  auto* raw = topic.get();
  rd_kafka_CreateTopics(client.get(), &raw, 1, nullptr, answers.get());
  kafka::event_handle event{rd_kafka_queue_poll(answers.get(), 10'000)};
  REQUIRE(event);
  REQUIRE(rd_kafka_event_error(event.get()) == RD_KAFKA_RESP_ERR_NO_ERROR);
}

} // namespace

TEST_CASE("the log on a real Kafka broker keeps the contract") {
  kafka_fixture fixture;
  for (const auto& each : log_contract()) {
    INFO(each.name);
    findings found;
    each.run(fixture, found);
    for (const auto& broken : found.broken())
      FAIL_CHECK(broken);
  }
}

TEST_CASE("several nodes that open an empty topic at once make one log") {
  kafka_options options;
  options.brokers = brokers();
  options.topic = "varve.test." + uuid::v4().str();
  std::vector<std::string> ids(3);
  {
    std::vector<std::jthread> nodes;
    for (auto& id : ids)
      nodes.emplace_back([&] {
        auto opened = open_kafka_log(options);
        id = opened ? opened.value()->log_id() : opened.error().detail;
      });
  }
  CHECK(is_uuid(ids[0]));
  CHECK(ids[1] == ids[0]);
  CHECK(ids[2] == ids[0]);
}

TEST_CASE("nothing acknowledged is lost when the broker is killed") {
  kafka_fixture fixture;
  auto partition = fixture.next_partition();
  contract_pen pen{fixture.log(), partition};
  std::vector<record_ptr> acknowledged;
  auto killed_at = steady_clock::now() + 300ms;
  auto pid = broker_pid();
  bool killed = false;
  for (;;) {
    if (!killed && steady_clock::now() > killed_at) {
      killed = true;
      REQUIRE(::kill(pid, SIGKILL) == 0);
    }
    std::vector<record_ptr> batch{pen.next(), pen.next()};
    auto done = pen.append(batch);
    if (!done) {
      INFO(done.error().detail);
      CHECK((done.error().code == errc::log_doubt
             || done.error().code == errc::log_unavailable));
      break;
    }
    acknowledged.insert(acknowledged.end(), batch.begin(), batch.end());
    REQUIRE(acknowledged.size() < 200'000);
  }
  REQUIRE(killed);
  CHECK(acknowledged.size() > 2);
  auto head = patient_head(fixture.log(), partition);
  INFO((head ? std::string{} : head.error().detail));
  REQUIRE(head);
  auto read = pen.read_all(acknowledged.front()->at().index);
  REQUIRE(read);
  REQUIRE(read.value().size() >= acknowledged.size());
  read.value().resize(acknowledged.size());
  CHECK(same_records(read.value(), acknowledged));
  // After doubt a new epoch goes on, on the head that was read.
  pen.look();
  CHECK(pen.append({pen.epoch()}));
}

TEST_CASE("a topic that was deleted and made again is refused") {
  kafka_fixture fixture;
  auto partition = fixture.next_partition();
  contract_pen pen{fixture.log(), partition};
  REQUIRE(pen.append({pen.next(), pen.next(), pen.next()}));
  delete_topic(fixture.options());
  std::unique_ptr<event_log> made_again;
  for (int i = 0; i < 50 && !made_again; ++i) {
    auto opened = fixture.open_rival();
    if (opened)
      made_again = std::move(opened).value();
  }
  REQUIRE(made_again);
  CHECK(made_again->log_id() != fixture.log().log_id());
  auto head = patient_head(fixture.log(), partition);
  REQUIRE(!head);
  CHECK(head.error().code == errc::log_diverged);
  CHECK(!pen.append({pen.next()}));
}

TEST_CASE("a topic that would lose records is refused by its setting's name") {
  auto setting = GENERATE(std::pair{"cleanup.policy", "compact"},
                          std::pair{"retention.ms", "1000"},
                          std::pair{"retention.bytes", "1000000"},
                          std::pair{"max.message.bytes", "1000"},
                          std::pair{"unclean.leader.election.enable", "true"});
  kafka_options options;
  options.brokers = brokers();
  options.topic = "varve.test." + uuid::v4().str();
  make_topic(options, setting.first, setting.second);
  auto copies = prepare_kafka_topic(options);
  REQUIRE(!copies);
  CHECK(copies.error().code == errc::log_diverged);
  INFO(copies.error().detail);
  CHECK(copies.error().detail.find(setting.first) != std::string::npos);
  CHECK(copies.error().detail.find(setting.second) != std::string::npos);
}

TEST_CASE("a topic that Varve makes is one that it takes") {
  kafka_options options;
  options.brokers = brokers();
  options.topic = "varve.test." + uuid::v4().str();
  for (int i = 0; i < 2; ++i) {
    auto copies = prepare_kafka_topic(options);
    INFO((copies ? std::string{} : copies.error().detail));
    REQUIRE(copies);
    CHECK(copies.value() == 1);
  }
}

TEST_CASE("a broker that is not there is said to be unavailable") {
  kafka_options options;
  options.brokers = "127.0.0.1:1";
  options.patience = 300ms;
  auto opened = open_kafka_log(options);
  REQUIRE(!opened);
  CHECK(opened.error().code == errc::log_unavailable);
}

} // namespace varve::log::contract
