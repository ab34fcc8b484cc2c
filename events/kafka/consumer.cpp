#include "events/kafka/consumer.hpp"

#include <thread>

#include "events/base/ids.hpp"

namespace varve::log::kafka {

namespace {

constexpr std::chrono::milliseconds between_questions{20};

// Passes by itself, soon.
bool is_change_of_leader(rd_kafka_resp_err_t code) noexcept {
  return code == RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION
         || code == RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE
         || code == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
}

} // namespace

consumer::consumer(std::string topic, std::chrono::milliseconds patience)
    : topic_(std::move(topic)), patience_(patience) {
  // nop
}

consumer::~consumer() {
  if (client_)
    rd_kafka_consumer_close(client_.get());
}

result<std::unique_ptr<consumer>> consumer::open(const kafka_options& options) {
  // librdkafka wants a group's name; nothing is ever joined or stored.
  VARVE_TRY(auto conf,
            make_conf(options, {{"group.id", "varve-" + uuid::v4().str()},
                                {"enable.auto.commit", "false"},
                                {"enable.auto.offset.store", "false"},
                                {"auto.offset.reset", "error"},
                                {"check.crcs", "true"},
                                {"fetch.error.backoff.ms", "50"},
                                {"fetch.wait.max.ms", "50"},
                                {"queued.max.messages.kbytes", "16384"},
                                {"reconnect.backoff.max.ms", "1000"}}));
  std::unique_ptr<consumer> out{new consumer{options.topic, options.patience}};
  rd_kafka_conf_set_opaque(conf.get(), out.get());
  rd_kafka_conf_set_error_cb(conf.get(), &consumer::on_error);
  VARVE_TRY(out->client_, make_client(RD_KAFKA_CONSUMER, std::move(conf)));
  rd_kafka_poll_set_consumer(out->client_.get());
  VARVE_TRY(auto plain, make_conf(options, {}));
  VARVE_TRY(out->questions_, make_client(RD_KAFKA_PRODUCER, std::move(plain)));
  return out;
}

void consumer::on_error(rd_kafka_t*, int, const char*, void* self) {
  static_cast<consumer*>(self)->disturbed_ = true;
}

result<void> consumer::assign(const std::vector<start>& from) {
  partition_list list{
      rd_kafka_topic_partition_list_new(static_cast<int>(from.size()))};
  for (auto [partition, offset] : from)
    rd_kafka_topic_partition_list_add(list.get(), topic_.c_str(), partition)
        ->offset = offset;
  auto code = rd_kafka_assign(client_.get(), list.get());
  return code == RD_KAFKA_RESP_ERR_NO_ERROR
             ? result<void>{ok()}
             : result<void>{from_code("assigning partitions", code)};
}

std::optional<fetched> consumer::poll(std::chrono::milliseconds patience) {
  message_handle message{rd_kafka_consumer_poll(
      client_.get(), static_cast<int>(patience.count()))};
  return message ? unwrap(*message) : std::nullopt;
}

std::optional<fetched> consumer::unwrap(const rd_kafka_message_t& message) {
  fetched out;
  out.partition = static_cast<std::uint16_t>(message.partition);
  out.offset = message.offset;
  if (message.err == RD_KAFKA_RESP_ERR_NO_ERROR) {
    const auto* first = static_cast<const std::byte*>(message.payload);
    out.frame.assign(first, first + message.len);
    return out;
  }
  std::string why = rd_kafka_message_errstr(&message);
  if (message.err == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET
      || message.err == RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE) {
    out.fault = error{errc::log_diverged, "kafka: " + why};
    return out;
  }
  if (message.err == RD_KAFKA_RESP_ERR__BAD_MSG) {
    out.fault = error{errc::log_corrupt, "kafka: " + why};
    return out;
  }
  // Everything else passes by itself, or shows when the end is asked for.
  disturbed_ = true;
  return std::nullopt;
}

// rd_kafka_query_watermark_offsets does not heed its limit once a broker is
// gone; this does.
rd_kafka_resp_err_t consumer::ask_offset(std::uint16_t partition,
                                         std::int64_t which,
                                         std::int64_t& answer) {
  partition_list list{rd_kafka_topic_partition_list_new(1)};
  auto* wanted =
      rd_kafka_topic_partition_list_add(list.get(), topic_.c_str(), partition);
  wanted->offset = which;
  auto code = rd_kafka_offsets_for_times(questions_.get(), list.get(),
                                         static_cast<int>(patience_.count()));
  answer = wanted->offset;
  if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
    code = wanted->err;
  return code == RD_KAFKA_RESP_ERR_NO_ERROR && answer < 0
             ? RD_KAFKA_RESP_ERR__TIMED_OUT
             : code;
}

result<consumer::bounds> consumer::ask_bounds(std::uint16_t partition) {
  auto deadline = std::chrono::steady_clock::now() + patience_;
  for (;;) {
    bounds out;
    auto code = ask_offset(partition, RD_KAFKA_OFFSET_BEGINNING, out.first);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
      code = ask_offset(partition, RD_KAFKA_OFFSET_END, out.end);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
      return out;
    if (!is_change_of_leader(code)
        || std::chrono::steady_clock::now() > deadline)
      return from_code(
          "asking for the end of partition " + std::to_string(partition), code);
    std::this_thread::sleep_for(between_questions);
  }
}

} // namespace varve::log::kafka
