// What a topic must be set to, so that it keeps what was acknowledged.
#include <array>
#include <charconv>
#include <cstdint>
#include <cstring>

#include "events/kafka/handles.hpp"
#include "events/kafka/topic.hpp"

namespace varve::log {

result<unsigned> prepare_kafka_topic(const kafka_options& options) {
  VARVE_TRY(auto copies, kafka::ensure_topic(options));
  VARVE_CHECK(kafka::check_topic(options, copies));
  return copies;
}

} // namespace varve::log

namespace varve::log::kafka {

namespace {

constexpr std::int64_t largest_frame = 1 << 20; // with Kafka's own headers
constexpr unsigned enough_copies_for_two = 3;

using resource_handle =
    std::unique_ptr<rd_kafka_ConfigResource_t,
                    freed_by<rd_kafka_ConfigResource_destroy>>;
using options_handle = std::unique_ptr<rd_kafka_AdminOptions_t,
                                       freed_by<rd_kafka_AdminOptions_destroy>>;

bool is_at_least(const char* text, std::int64_t least) noexcept {
  std::int64_t value = 0;
  auto end = text + std::strlen(text);
  auto [at, problem] = std::from_chars(text, end, value);
  return problem == std::errc{} && at == end && value >= least;
}

// What is wrong with it; empty = nothing.
std::string fault_of(std::string_view name, const char* value,
                     unsigned copies) {
  auto must_be = [&](const char* wanted) {
    return std::strcmp(value, wanted) == 0 ? std::string{}
                                           : "must be " + std::string{wanted};
  };
  auto at_least = [&](std::int64_t least) {
    return is_at_least(value, least)
               ? std::string{}
               : "must be at least " + std::to_string(least);
  };
  if (name == "cleanup.policy")
    return must_be("delete");
  if (name == "retention.ms" || name == "retention.bytes")
    return must_be("-1");
  if (name == "unclean.leader.election.enable")
    return must_be("false");
  if (name == "max.message.bytes")
    return at_least(largest_frame);
  if (name == "min.insync.replicas")
    return at_least(copies >= enough_copies_for_two ? 2 : 1);
  return {};
}

result<event_handle> ask(const kafka_options& options) {
  VARVE_TRY(auto conf, make_conf(options, {}));
  VARVE_TRY(auto client, make_client(RD_KAFKA_PRODUCER, std::move(conf)));
  queue_handle answers{rd_kafka_queue_new(client.get())};
  options_handle how{rd_kafka_AdminOptions_new(
      client.get(), RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS)};
  std::array<char, 512> why{};
  auto patience = static_cast<int>(options.patience.count());
  rd_kafka_AdminOptions_set_request_timeout(how.get(), patience, why.data(),
                                            why.size());
  resource_handle topic{rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC,
                                                    options.topic.c_str())};
  auto* raw = topic.get();
  rd_kafka_DescribeConfigs(client.get(), &raw, 1, how.get(), answers.get());
  event_handle event{rd_kafka_queue_poll(answers.get(), 2 * patience)};
  if (!event)
    return failure(errc::log_unavailable,
                   "kafka: no answer on the topic's settings");
  return event;
}

} // namespace

result<void> check_topic(const kafka_options& options, unsigned copies) {
  VARVE_TRY(auto event, ask(options));
  auto code = rd_kafka_event_error(event.get());
  const auto* answer = rd_kafka_event_DescribeConfigs_result(event.get());
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR || !answer)
    return from_code("asking for the topic's settings", code);
  std::size_t count = 0;
  auto** topics = rd_kafka_DescribeConfigs_result_resources(answer, &count);
  if (count != 1)
    return failure(errc::log_unavailable, "kafka: no answer on the settings");
  code = rd_kafka_ConfigResource_error(topics[0]);
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
    return from_code("asking for the topic's settings", code);
  const auto** entries = rd_kafka_ConfigResource_configs(topics[0], &count);
  for (std::size_t i = 0; i < count; ++i) {
    const auto* name = rd_kafka_ConfigEntry_name(entries[i]);
    const auto* value = rd_kafka_ConfigEntry_value(entries[i]);
    auto fault = fault_of(name, value ? value : "", copies);
    if (!fault.empty())
      return failure(errc::log_diverged,
                     "topic " + options.topic + ": " + name + " is "
                         + (value ? value : "not set") + " and " + fault
                         + ", or acknowledged records could be lost");
  }
  return ok();
}

} // namespace varve::log::kafka
