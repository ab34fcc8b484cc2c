#include "events/kafka/producer.hpp"

#include <utility>

namespace varve::log::kafka {

namespace {

constexpr int poll_ms = 50;
constexpr int flush_ms = 1000;

} // namespace

producer::producer(std::string topic, std::chrono::milliseconds patience)
    : topic_(std::move(topic)), patience_(patience) {
  // nop
}

producer::~producer() {
  if (client_) {
    rd_kafka_purge(client_.get(),
                   RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
    rd_kafka_flush(client_.get(), flush_ms);
  }
}

result<std::unique_ptr<producer>> producer::open(const kafka_options& options) {
  auto patience = options.patience;
  // One produce in flight and no idempotence: order and copies are the
  // chain's business, and this version's idempotent producer can fail all
  // partitions at once.
  VARVE_TRY(auto conf,
            make_conf(options,
                      {{"acks", "all"},
                       {"enable.idempotence", "false"},
                       {"max.in.flight.requests.per.connection", "1"},
                       {"linger.ms", "0"},
                       {"message.timeout.ms", std::to_string(patience.count())},
                       {"request.timeout.ms", std::to_string(patience.count())},
                       {"reconnect.backoff.max.ms", "1000"},
                       {"compression.codec", "none"}}));
  std::unique_ptr<producer> out{new producer{options.topic, patience}};
  rd_kafka_conf_set_opaque(conf.get(), out.get());
  rd_kafka_conf_set_dr_msg_cb(conf.get(), &producer::on_report);
  VARVE_TRY(out->client_, make_client(RD_KAFKA_PRODUCER, std::move(conf)));
  return out;
}

result<std::string> producer::cluster_id() {
  auto* raw =
      rd_kafka_clusterid(client_.get(), static_cast<int>(patience_.count()));
  if (!raw)
    return failure(errc::log_unavailable, "kafka: the brokers do not say which "
                                          "cluster they are");
  std::string out{raw};
  rd_kafka_mem_free(client_.get(), raw);
  return out;
}

void producer::on_report(rd_kafka_t*, const rd_kafka_message_t* message,
                         void* self) {
  auto& to = *static_cast<slot*>(message->_private);
  to.heard.acknowledged = message->err == RD_KAFKA_RESP_ERR_NO_ERROR;
  to.heard.offset = message->offset;
  --to.of->outstanding;
  --static_cast<producer*>(self)->unreported_[to.partition];
}

void producer::enqueue(const record& r, slot& to) {
  auto bytes = r.frame();
  auto code = rd_kafka_producev(
      client_.get(), RD_KAFKA_V_TOPIC(topic_.c_str()),
      RD_KAFKA_V_PARTITION(to.partition),
      RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
      RD_KAFKA_V_VALUE(const_cast<std::byte*>(bytes.data()), bytes.size()),
      RD_KAFKA_V_OPAQUE(&to), RD_KAFKA_V_END);
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
    return; // never written; the slot says so
  ++to.of->outstanding;
  ++unreported_[to.partition];
}

std::vector<delivery> producer::write(std::span<const record_ptr> records) {
  std::erase_if(groups_, [](const auto& g) { return g->outstanding == 0; });
  auto& now = *groups_.emplace_back(std::make_unique<group>());
  now.slots.resize(records.size());
  for (std::size_t i = 0; i < records.size(); ++i) {
    now.slots[i].of = &now;
    now.slots[i].partition = records[i]->at().partition;
    enqueue(*records[i], now.slots[i]);
  }
  // librdkafka gives up after its patience; a little more for it to say so.
  auto deadline = std::chrono::steady_clock::now() + patience_ + patience_ / 4;
  while (now.outstanding > 0 && std::chrono::steady_clock::now() < deadline)
    rd_kafka_poll(client_.get(), poll_ms);
  std::vector<delivery> out;
  for (const auto& s : now.slots)
    out.push_back(s.heard);
  return out;
}

} // namespace varve::log::kafka
