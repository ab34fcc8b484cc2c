// Where the topic is, as the command line says it.
#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "events/kafka_log.hpp"

namespace varve::log {

namespace {

constexpr std::string_view scheme = "kafka://";
constexpr std::size_t longest_topic = 249;

// Ours to set: what is acknowledged rests on them.
constexpr std::array reserved{
    "acks",
    "allow.auto.create.topics",
    "auto.offset.reset",
    "bootstrap.servers",
    "check.crcs",
    "compression.codec",
    "compression.type",
    "delivery.timeout.ms",
    "enable.auto.commit",
    "enable.auto.offset.store",
    "enable.idempotence",
    "group.id",
    "linger.ms",
    "max.in.flight",
    "max.in.flight.requests.per.connection",
    "message.timeout.ms",
    "metadata.broker.list",
    "request.required.acks",
    "request.timeout.ms",
    "test.mock.num.brokers",
    "transactional.id",
};

error bad_url(std::string why) {
  return {errc::invalid,
          "--log wants kafka://host:port[,host:port...]/topic[?name=value&...]"
          ": " + std::move(why)};
}

std::optional<std::string> decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    unsigned byte = 0;
    const auto* first = text.data() + i + 1;
    if (i + 2 >= text.size()
        || std::from_chars(first, first + 2, byte, 16).ptr != first + 2)
      return std::nullopt;
    out += static_cast<char>(byte);
    i += 2;
  }
  return out;
}

bool is_topic(std::string_view name) noexcept {
  auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
           || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
  };
  return !name.empty() && name.size() <= longest_topic && name != "."
         && name != ".." && std::all_of(name.begin(), name.end(), fits);
}

bool is_broker(std::string_view text) noexcept {
  auto colon = text.rfind(':');
  if (colon == std::string_view::npos || colon == 0)
    return false;
  auto digits = text.substr(colon + 1);
  unsigned port = 0;
  auto end = digits.data() + digits.size();
  return std::from_chars(digits.data(), end, port).ptr == end && !digits.empty()
         && port > 0 && port < 65'536;
}

result<void> check_brokers(std::string_view list) {
  while (true) {
    auto comma = list.find(',');
    if (!is_broker(list.substr(0, comma)))
      return bad_url("\"" + std::string{list.substr(0, comma)}
                     + "\" is no host:port");
    if (comma == std::string_view::npos)
      return ok();
    list.remove_prefix(comma + 1);
  }
}

// The value is never repeated: it may be a secret.
result<void> add(kafka_options& to, std::string name, std::string value) {
  if (name == "replicas") {
    auto end = value.data() + value.size();
    if (std::from_chars(value.data(), end, to.replicas).ptr != end
        || value.empty() || to.replicas < 1 || to.replicas > 15)
      return failure(errc::invalid, "kafka: replicas must be 1 to 15");
    return ok();
  }
  if (name.empty())
    return failure(errc::invalid, "kafka: a setting without a name");
  if (std::find(reserved.begin(), reserved.end(), name) != reserved.end())
    return failure(errc::invalid, "kafka: " + name
                                      + " is not to be changed: what Varve "
                                        "acknowledges rests on it");
  to.settings.emplace_back(std::move(name), std::move(value));
  return ok();
}

result<void> add_query(kafka_options& to, std::string_view query) {
  while (!query.empty()) {
    auto one = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), one.size() + 1));
    auto equals = one.find('=');
    if (equals == std::string_view::npos)
      return bad_url("\"" + std::string{one} + "\" has no value");
    auto value = decoded(one.substr(equals + 1));
    if (!value)
      return bad_url("the value of " + std::string{one.substr(0, equals)}
                     + " is not %-encoded");
    VARVE_CHECK(add(to, std::string{one.substr(0, equals)}, std::move(*value)));
  }
  return ok();
}

} // namespace

result<kafka_options> parse_kafka_url(std::string_view url) {
  if (!url.starts_with(scheme))
    return bad_url("it does not begin with kafka://");
  url.remove_prefix(scheme.size());
  auto mark = url.find('?');
  auto query = mark == std::string_view::npos ? "" : url.substr(mark + 1);
  url = url.substr(0, mark);
  auto slash = url.find('/');
  if (slash == std::string_view::npos)
    return bad_url("there is no topic");
  kafka_options out;
  VARVE_CHECK(check_brokers(url.substr(0, slash)));
  out.brokers = url.substr(0, slash);
  out.topic = url.substr(slash + 1);
  if (!is_topic(out.topic))
    return bad_url("\"" + out.topic + "\" is no topic's name");
  VARVE_CHECK(add_query(out, query));
  return out;
}

result<void> add_kafka_settings(kafka_options& options, std::string_view text) {
  for (std::size_t number = 1; !text.empty(); ++number) {
    auto line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    if (line.empty() || line.front() == '#')
      continue;
    auto equals = line.find('=');
    if (equals == std::string_view::npos)
      return failure(errc::invalid, "kafka settings, line "
                                        + std::to_string(number)
                                        + ": not name=value");
    VARVE_CHECK(add(options, std::string{line.substr(0, equals)},
                    std::string{line.substr(equals + 1)}));
  }
  return ok();
}

} // namespace varve::log
