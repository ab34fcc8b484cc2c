// A topic of the broker that the environment names, as a log under test.
#pragma once

#include <catch2/catch.hpp>

#include <cstdlib>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "events/base/ids.hpp"
#include "events/kafka/handles.hpp"
#include "events/kafka_log.hpp"
#include "tests/contract/log/log_contract.hpp"

namespace varve::log::contract {

inline std::string brokers() {
  const char* named = std::getenv("VARVE_KAFKA_BROKERS");
  REQUIRE(named);
  return named;
}

class kafka_fixture final : public log_fixture {
 public:
  kafka_fixture() {
    options_.brokers = brokers();
    options_.topic = "varve.test." + uuid::v4().str();
    auto opened = kafka_fixture::reopen();
    INFO((opened ? std::string{} : opened.error().detail));
    REQUIRE(opened);
  }
  event_log& log() override {
    return *log_;
  }
  result<void> reopen() override {
    log_.reset();
    VARVE_TRY(log_, open_kafka_log(options_));
    return ok();
  }
  bool has_rivals() const override {
    return true;
  }
  result<std::unique_ptr<event_log>> open_rival() override {
    return open_kafka_log(options_);
  }
  bool takes_foreign_bytes() const override {
    return true;
  }
  result<void> write_foreign(std::uint16_t partition,
                             std::vector<std::byte> bytes) override {
    VARVE_TRY(auto conf,
              kafka::make_conf({{"bootstrap.servers", options_.brokers}}));
    VARVE_TRY(auto client,
              kafka::make_client(RD_KAFKA_PRODUCER, std::move(conf)));
    auto code = rd_kafka_producev(
        client.get(), RD_KAFKA_V_TOPIC(options_.topic.c_str()),
        RD_KAFKA_V_PARTITION(partition),
        RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
        RD_KAFKA_V_VALUE(bytes.data(), bytes.size()), RD_KAFKA_V_END);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
      code = rd_kafka_flush(client.get(), 10'000);
    return code == RD_KAFKA_RESP_ERR_NO_ERROR
               ? result<void>{ok()}
               : result<void>{kafka::from_code("writing", code)};
  }
  const kafka_options& options() const noexcept {
    return options_;
  }

 private:
  kafka_options options_;
  std::unique_ptr<event_log> log_;
};

} // namespace varve::log::contract
