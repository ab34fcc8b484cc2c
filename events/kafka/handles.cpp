#include "events/kafka/handles.hpp"

#include <array>

#include "events/base/logging.hpp"

namespace varve::log::kafka {

namespace {

void to_our_log(const rd_kafka_t*, int, const char*, const char* text) {
  log_warning("kafka", text);
}

} // namespace

result<conf_handle> make_conf(const settings& wanted) {
  conf_handle out{rd_kafka_conf_new()};
  rd_kafka_conf_set_log_cb(out.get(), &to_our_log);
  std::array<char, 512> why{};
  for (const auto& [name, value] : wanted)
    if (rd_kafka_conf_set(out.get(), name, value.c_str(), why.data(),
                          why.size())
        != RD_KAFKA_CONF_OK)
      return failure(errc::invalid, std::string{"kafka: "} + why.data());
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
