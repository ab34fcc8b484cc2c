#include "runner/sandbox/guest_config.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include "runner/kernel/memory_file.hpp"

namespace varve::runner {

namespace {

namespace json = boost::json;

json::array list(const std::vector<std::string>& items) {
  json::array out;
  for (auto& item : items)
    out.emplace_back(item);
  return out;
}

std::string chosen_user(const guest_config& config, const image& from) {
  if (!config.user.empty())
    return config.user;
  return from.user.empty() ? "root" : from.user;
}

} // namespace

std::string guest_config_text(const guest_config& config, const image& from) {
  json::object env;
  for (auto& [name, value] : config.env)
    env[name] = value;
  json::object o{
      {"sandboxId", config.sandbox_id}, {"user", chosen_user(config, from)},
      {"env", std::move(env)},          {"imageEnv", list(from.env)},
      {"workdir", from.workdir},        {"entrypoint", list(from.entrypoint)},
      {"hostname", config.sandbox_id}};
  return json::serialize(o);
}

result<unique_fd> make_guest_config(const guest_config& config,
                                    const image& from) {
  return make_memory_file("varve-guest", config.waits
                                             ? std::string{}
                                             : guest_config_text(config, from));
}

} // namespace varve::runner
