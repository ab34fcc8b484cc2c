#include "events/kafka/topic.hpp"

#include <algorithm>
#include <array>

#include "events/kafka/handles.hpp"

namespace varve::log::kafka {

namespace {

constexpr int enough_replicas_for_two = 3;
constexpr int between_looks_ms = 50;

struct metadata_free {
  void operator()(const rd_kafka_metadata_t* m) const noexcept {
    rd_kafka_metadata_destroy(m);
  }
};
using metadata_handle =
    std::unique_ptr<const rd_kafka_metadata_t, metadata_free>;
using topic_handle =
    std::unique_ptr<rd_kafka_topic_t, freed_by<rd_kafka_topic_destroy>>;
using options_handle = std::unique_ptr<rd_kafka_AdminOptions_t,
                                       freed_by<rd_kafka_AdminOptions_destroy>>;

int as_ms(std::chrono::milliseconds patience) noexcept {
  return static_cast<int>(patience.count());
}

struct topic_state {
  int partitions = 0; // 0 = there is no topic
  int led = 0;        // of them: those that can be written
  int copies = 0;     // that the one with the fewest has
  int brokers = 0;
};

result<topic_state> state_of(rd_kafka_t* client, const kafka_options& options) {
  topic_handle topic{
      rd_kafka_topic_new(client, options.topic.c_str(), nullptr)};
  const rd_kafka_metadata_t* raw = nullptr;
  auto code =
      rd_kafka_metadata(client, 0, topic.get(), &raw, as_ms(options.patience));
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
    return from_code("asking for topic " + options.topic, code);
  metadata_handle found{raw};
  topic_state out;
  out.brokers = found->broker_cnt;
  auto why = found->topic_cnt == 1 ? found->topics[0].err
                                   : RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
  if (why == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART)
    return out;
  if (why != RD_KAFKA_RESP_ERR_NO_ERROR)
    return from_code("topic " + options.topic, why);
  out.partitions = found->topics[0].partition_cnt;
  for (int i = 0; i < out.partitions; ++i) {
    const auto& it = found->topics[0].partitions[i];
    out.led += it.leader >= 0;
    out.copies = i == 0 ? it.replica_cnt : std::min(out.copies, it.replica_cnt);
  }
  return out;
}

result<new_topic_handle> describe(const kafka_options& options, int replicas) {
  std::array<char, 512> why{};
  new_topic_handle topic{rd_kafka_NewTopic_new(options.topic.c_str(),
                                               partition_count, replicas,
                                               why.data(), why.size())};
  if (!topic)
    return failure(errc::invalid, std::string{"kafka: "} + why.data());
  auto needed = replicas >= enough_replicas_for_two ? "2" : "1";
  for (auto [name, value] :
       {std::pair{"cleanup.policy", "delete"}, std::pair{"retention.ms", "-1"},
        std::pair{"retention.bytes", "-1"},
        std::pair{"max.message.bytes", "1048576"},
        std::pair{"unclean.leader.election.enable", "false"},
        std::pair{"min.insync.replicas", needed}})
    rd_kafka_NewTopic_set_config(topic.get(), name, value);
  return topic;
}

// Whether it was made, by us or by another node meanwhile.
result<void> outcome_of(rd_kafka_event_t* event) {
  auto code = rd_kafka_event_error(event);
  const auto* result_event = rd_kafka_event_CreateTopics_result(event);
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR || !result_event)
    return from_code("making the topic", code);
  std::size_t count = 0;
  const auto* topics =
      rd_kafka_CreateTopics_result_topics(result_event, &count);
  if (count != 1)
    return failure(errc::log_unavailable, "kafka: no answer on the topic");
  code = rd_kafka_topic_result_error(topics[0]);
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR
      && code != RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS)
    return from_code("making the topic", code);
  return ok();
}

int replicas_for(const kafka_options& options, int brokers) noexcept {
  if (options.replicas != 0)
    return options.replicas;
  return brokers >= enough_replicas_for_two ? enough_replicas_for_two : 1;
}

result<void> make_topic(rd_kafka_t* client, const kafka_options& options,
                        int brokers) {
  VARVE_TRY(auto topic, describe(options, replicas_for(options, brokers)));
  queue_handle answers{rd_kafka_queue_new(client)};
  options_handle how{
      rd_kafka_AdminOptions_new(client, RD_KAFKA_ADMIN_OP_CREATETOPICS)};
  std::array<char, 512> why{};
  rd_kafka_AdminOptions_set_operation_timeout(
      how.get(), as_ms(options.patience), why.data(), why.size());
  auto* raw = topic.get();
  rd_kafka_CreateTopics(client, &raw, 1, how.get(), answers.get());
  event_handle event{
      rd_kafka_queue_poll(answers.get(), as_ms(2 * options.patience))};
  if (!event)
    return failure(errc::log_unavailable,
                   "kafka: no answer on making the topic");
  return outcome_of(event.get());
}

} // namespace

result<unsigned> ensure_topic(const kafka_options& options) {
  VARVE_TRY(auto conf,
            make_conf(options, {{"allow.auto.create.topics", "false"}}));
  VARVE_TRY(auto client, make_client(RD_KAFKA_PRODUCER, std::move(conf)));
  VARVE_TRY(auto state, state_of(client.get(), options));
  if (state.partitions == 0 && !options.makes_topic)
    return failure(errc::not_found, "there is no topic " + options.topic);
  if (state.partitions == 0) {
    VARVE_CHECK(make_topic(client.get(), options, state.brokers));
  } else if (state.partitions != partition_count) {
    return failure(errc::log_diverged, "topic " + options.topic + " has "
                                           + std::to_string(state.partitions)
                                           + " partitions, not "
                                           + std::to_string(partition_count));
  }
  // A topic just made is known to all brokers a little later.
  auto deadline = std::chrono::steady_clock::now() + options.patience;
  while (state.led < partition_count) {
    if (std::chrono::steady_clock::now() > deadline)
      return failure(errc::log_unavailable, "kafka: topic " + options.topic
                                                + " has only "
                                                + std::to_string(state.led)
                                                + " partitions with a leader");
    rd_kafka_poll(client.get(), between_looks_ms);
    VARVE_TRY(state, state_of(client.get(), options));
  }
  return static_cast<unsigned>(state.copies);
}

} // namespace varve::log::kafka
