#include <catch2/catch.hpp>

#include "events/kafka/fast_path.hpp"
#include "events/kafka/handles.hpp"
#include "events/kafka_log.hpp"
#include "tests/events/sample_records.hpp"

#include <librdkafka/rdkafka_mock.h> // after rdkafka.h

namespace varve::log::kafka {

using namespace samples;
using namespace std::chrono_literals;

namespace {

std::size_t known(std::int64_t next, std::vector<delivery> reports) {
  return known_to_follow(next, reports);
}

// librdkafka's broker in process: for its errors, not for any promise.
struct mock_broker {
  client_handle host =
      make_client(RD_KAFKA_PRODUCER,
                  make_conf({{"bootstrap.servers", "127.0.0.1:1"}}).value())
          .value();
  std::unique_ptr<rd_kafka_mock_cluster_t,
                  freed_by<rd_kafka_mock_cluster_destroy>>
      cluster{rd_kafka_mock_cluster_new(host.get(), 1)};
  kafka_options options;

  mock_broker() {
    options.brokers = rd_kafka_mock_cluster_bootstraps(cluster.get());
    options.patience = 3s;
    REQUIRE(rd_kafka_mock_topic_create(cluster.get(), options.topic.c_str(),
                                       partition_count, 1)
            == RD_KAFKA_RESP_ERR_NO_ERROR);
  }

  std::unique_ptr<event_log> open() {
    auto opened = open_kafka_log(options);
    INFO((opened ? std::string{} : opened.error().detail));
    REQUIRE(opened);
    return std::move(opened).value();
  }
  // The next produce requests are refused, one error each.
  void fail_produce(std::vector<rd_kafka_resp_err_t> errors) {
    constexpr std::int16_t produce = 0;
    rd_kafka_mock_push_request_errors_array(cluster.get(), produce,
                                            errors.size(), errors.data());
  }
};

std::vector<record_ptr> two_records(event_log& log) {
  auto head = log.head(3).value();
  auto first = label_record(head, 3, "a", 1);
  return {first, label_record(head_after(*first), 3, "a", 2)};
}

} // namespace

TEST_CASE("reports prove what directly follows, up to the first gap") {
  CHECK(known(5, {{true, 5}, {true, 6}, {true, 7}}) == 3);
  CHECK(known(5, {{true, 5}, {true, 7}, {true, 8}}) == 1);
  CHECK(known(5, {{true, 6}, {true, 7}}) == 0);
  CHECK(known(5, {{true, 4}, {true, 5}}) == 0);
  CHECK(known(5, {{true, 5}, {false, -1}, {true, 6}}) == 1);
  CHECK(known(5, {}) == 0);
}

TEST_CASE("a negative offset spoils all reports written together") {
  CHECK(known(0, {{true, -1}, {true, 0}, {true, 1}}) == 0);
  CHECK(known(0, {{true, 0}, {true, 1}, {true, -1}}) == 0);
}

TEST_CASE("a log on the mock takes records and reads them back") {
  mock_broker broker;
  auto log = broker.open();
  auto batch = two_records(*log);
  REQUIRE(log->append(batch));
  auto read = log->read(3, 1, 9);
  REQUIRE(read);
  CHECK(read.value().size() == 2);
  CHECK(broker.open()->log_id() == log->log_id());
}

TEST_CASE("a write that is refused for a while is made again") {
  mock_broker broker;
  auto log = broker.open();
  broker.fail_produce({RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS});
  std::vector<record_ptr> one{two_records(*log).front()};
  CHECK(log->append(one));
  CHECK(log->head(3).value().next_index == 2);
}

TEST_CASE("a write that is refused for good is in doubt and not there") {
  mock_broker broker;
  auto log = broker.open();
  broker.fail_produce({RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED,
                       RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED});
  auto batch = two_records(*log);
  auto done = log->append(batch);
  REQUIRE(!done);
  CHECK(done.error().code == errc::log_doubt);
  CHECK(log->head(3).value().next_index == 1);
}

TEST_CASE("a write that is refused until its time is up is in doubt") {
  mock_broker broker;
  auto log = broker.open();
  broker.fail_produce(std::vector<rd_kafka_resp_err_t>(
      1000, RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS));
  auto batch = two_records(*log);
  auto done = log->append(batch);
  REQUIRE(!done);
  CHECK(done.error().code == errc::log_doubt);
  CHECK(log->head(3).value().next_index == 1);
}

TEST_CASE("a topic with another number of partitions is refused") {
  mock_broker broker;
  broker.options.topic = "small";
  REQUIRE(rd_kafka_mock_topic_create(broker.cluster.get(), "small", 8, 1)
          == RD_KAFKA_RESP_ERR_NO_ERROR);
  auto opened = open_kafka_log(broker.options);
  REQUIRE(!opened);
  CHECK(opened.error().code == errc::log_diverged);
}

} // namespace varve::log::kafka
