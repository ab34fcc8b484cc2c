#include "events/kafka/handles.hpp"

#include <array>

#include "events/base/logging.hpp"

namespace varve::log::kafka {

namespace {

void to_our_log(const rd_kafka_t*, int, const char*, const char* text) {
  log_warning("kafka", text);
}

// librdkafka's own words may repeat the value, which may be a secret.
result<void> set(rd_kafka_conf_t* conf, const char* name,
                 const std::string& value) {
  std::array<char, 512> why{};
  switch (
      rd_kafka_conf_set(conf, name, value.c_str(), why.data(), why.size())) {
  case RD_KAFKA_CONF_OK:
    return ok();
  case RD_KAFKA_CONF_UNKNOWN:
    return failure(errc::invalid,
                   std::string{"kafka: there is no setting "} + name);
  case RD_KAFKA_CONF_INVALID:
    break;
  }
  return failure(errc::invalid, std::string{"kafka: setting "} + name
                                    + " does not take this value");
}

} // namespace

result<conf_handle> make_conf(const settings& wanted) {
  conf_handle out{rd_kafka_conf_new()};
  rd_kafka_conf_set_log_cb(out.get(), &to_our_log);
  for (const auto& [name, value] : wanted) {
    VARVE_CHECK(set(out.get(), name, value));
  }
  return out;
}

result<conf_handle> make_conf(const kafka_options& options,
                              const settings& wanted) {
  VARVE_TRY(auto out, make_conf({{"bootstrap.servers", options.brokers}}));
  for (const auto& [name, value] : options.settings) {
    VARVE_CHECK(set(out.get(), name.c_str(), value));
  }
  for (const auto& [name, value] : wanted) {
    VARVE_CHECK(set(out.get(), name, value));
  }
  return out;
}

result<client_handle> make_client(rd_kafka_type_t type, conf_handle conf) {
  std::array<char, 512> why{};
  client_handle out{rd_kafka_new(type, conf.get(), why.data(), why.size())};
  if (!out)
    return failure(errc::log_unavailable, std::string{"kafka: "} + why.data());
  [[maybe_unused]] auto* taken_over = conf.release();
  return out;
}

error from_code(std::string what, rd_kafka_resp_err_t code) {
  return error{errc::log_unavailable,
               "kafka: " + std::move(what) + ": " + rd_kafka_err2str(code)};
}

} // namespace varve::log::kafka
