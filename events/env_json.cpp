#include "events/vault.hpp"

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

namespace varve {

std::string env_to_json(const std::map<std::string, std::string>& env) {
  boost::json::object out;
  for (const auto& [name, value] : env)
    out[name] = value;
  return boost::json::serialize(out);
}

result<std::map<std::string, std::string>>
env_from_json(std::string_view json) {
  boost::system::error_code ec;
  auto parsed = boost::json::parse({json.data(), json.size()}, ec);
  // What does not parse may be a secret: it is not quoted.
  if (ec)
    return failure(errc::malformed, "env is not JSON");
  const auto* object = parsed.if_object();
  if (object == nullptr)
    return failure(errc::malformed, "env is not a JSON object");
  std::map<std::string, std::string> env;
  for (const auto& [name, value] : *object) {
    const auto* text = value.if_string();
    if (text == nullptr)
      return failure(errc::malformed, "a value of env is not a string");
    env.emplace(std::string{name.data(), name.size()},
                std::string{text->data(), text->size()});
  }
  return env;
}

} // namespace varve
