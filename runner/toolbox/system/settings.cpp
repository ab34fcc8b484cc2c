#include "runner/toolbox/system/settings.hpp"

#include <algorithm>

#include "runner/toolbox/json_body.hpp"

namespace varve::toolbox {

namespace {

// The kernel refuses to start a program with more; arguments need room too.
constexpr std::size_t variable_limit = 128 << 10;
constexpr std::size_t environment_limit = 1 << 20;

struct environment_change {
  std::vector<name_value> set;
  std::vector<std::string> unset;
  std::string value_prefix;
};

outcome<environment_change> parse_change(std::string_view body) {
  BOOST_OUTCOME_TRY(auto members, parse_object(body));
  environment_change out;
  BOOST_OUTCOME_TRYV(take_variables(members, "set", out.set));
  BOOST_OUTCOME_TRYV(take_texts(members, "unset", out.unset));
  BOOST_OUTCOME_TRYV(take_text(members, "unsetValuePrefix", out.value_prefix));
  return out;
}

std::string_view name_in(std::string_view entry) {
  return entry.substr(0, entry.find('='));
}

// What `set` names is given its value afterwards in any case.
bool goes(std::string_view entry, const environment_change& change) {
  auto name = name_in(entry);
  const auto& unset = change.unset;
  if (std::find(unset.begin(), unset.end(), name) != unset.end())
    return true;
  auto value = entry.substr(std::min(entry.size(), name.size() + 1));
  return !change.value_prefix.empty() && value.starts_with(change.value_prefix);
}

} // namespace

outcome<response> change_environment(guest& g, std::string_view body) {
  BOOST_OUTCOME_TRY(auto change, parse_change(body));
  auto changed = g.environment;
  std::erase_if(changed,
                [&](const auto& entry) { return goes(entry, change); });
  changed = with_variables(std::move(changed), change.set);
  std::size_t total = 0;
  for (const auto& entry : changed) {
    total += entry.size() + sizeof(char*) + 1;
    if (entry.size() >= variable_limit)
      return too_large("the variable '" + std::string{name_in(entry)}
                       + "' is larger than 128 KiB");
  }
  if (total > environment_limit)
    return too_large("the environment would be larger than 1 MiB");
  g.environment = std::move(changed);
  return json_response(200, "{\"message\":\"environment updated\"}");
}

outcome<response> initialize(guest& g, std::string_view body) {
  BOOST_OUTCOME_TRY(auto members, parse_object(body));
  std::string token;
  BOOST_OUTCOME_TRYV(take_text(members, "token", token));
  if (token.empty())
    return invalid_body("'token' is required");
  if (!variable(g.environment, "DAYTONA_OTEL_ENDPOINT").empty())
    return not_built("the export of telemetry to DAYTONA_OTEL_ENDPOINT");
  return json_response(200, "{\"message\":\"no telemetry is exported: there is "
                            "no endpoint for it\"}");
}

} // namespace varve::toolbox
