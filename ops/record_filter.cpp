#include "ops/record_filter.hpp"

#include <algorithm>

#include "gateway/api/wire_time.hpp"

namespace varve::ops {

namespace {

template <class Enum>
result<std::optional<Enum>> parse_name(const std::string& text,
                                       const char* option,
                                       const char* const* names, Enum last) {
  std::optional<Enum> out;
  if (text.empty())
    return out;
  for (std::size_t i = 0; i <= static_cast<std::size_t>(last); ++i)
    if (text == names[i])
      out = static_cast<Enum>(i);
  if (!out)
    return failure(errc::invalid, std::string{option} + ": there is no '" + text
                                      + "' among the schemas' names");
  return out;
}

result<timestamp> parse_time(const std::string& text, const char* option,
                             timestamp otherwise) {
  if (text.empty())
    return otherwise;
  if (auto found = gateway::from_iso8601(text))
    return *found;
  return failure(errc::invalid, std::string{option} + ": '" + text
                                    + "' is no time like 2026-01-02T03:04:05Z");
}

bool holds(const record_filter& wanted, const schema::Entry& entry) {
  return (wanted.aggregate.empty()
          || entry.aggregate_id()->string_view() == wanted.aggregate)
         && (!wanted.event || entry.event_type() == *wanted.event);
}

} // namespace

result<record_filter> parse_filter(const selection& wanted) {
  record_filter out;
  out.aggregate = wanted.aggregate;
  out.organization = wanted.organization;
  VARVE_TRY(out.event,
            parse_name(wanted.event, "--event", schema::EnumNamesEvent(),
                       schema::Event::MAX));
  VARVE_TRY(out.cause,
            parse_name(wanted.cause, "--cause", schema::EnumNamesCause(),
                       schema::Cause::MAX));
  VARVE_TRY(out.since, parse_time(wanted.since, "--since", out.since));
  VARVE_TRY(out.until, parse_time(wanted.until, "--until", out.until));
  return out;
}

bool matches(const record_filter& wanted, const log::record& r) {
  const auto& view = r.view();
  if (view.time() < wanted.since || view.time() > wanted.until)
    return false;
  if (wanted.cause && view.cause() != *wanted.cause)
    return false;
  const auto* organization = view.organization_id();
  if (!wanted.organization.empty()
      && (organization == nullptr
          || organization->string_view() != wanted.organization))
    return false;
  return std::any_of(
      view.entries()->begin(), view.entries()->end(),
      [&](const schema::Entry* entry) { return holds(wanted, *entry); });
}

} // namespace varve::ops
