#include "gateway/api/event_history.hpp"

#include <algorithm>
#include <map>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include "events/base/ids.hpp"
#include "events/record_json.hpp"
#include "gateway/api/held_command.hpp"

namespace varve::gateway {

namespace json = boost::json;

namespace {

// How far back what a runner's answer answers is looked for.
constexpr std::uint64_t look_back = 16;

std::string text_of(const flatbuffers::String* text) {
  return text == nullptr ? std::string{} : text->str();
}

std::string id_of(const schema::Record& record) {
  uuid id;
  std::copy(record.id()->begin(), record.id()->end(), id.bytes.begin());
  return id.str();
}

// Which command a record goes back to: a runner answers an operation, whose
// id begins with that of the record that asked for it.
class correlations {
 public:
  std::string of(const schema::Record& record) {
    auto id = text_of(record.command_id());
    auto asked = by_record_.find(id.substr(0, id.find('.')));
    if (asked != by_record_.end())
      id = asked->second;
    by_record_.emplace(id_of(record), id);
    return id;
  }

 private:
  std::map<std::string, std::string> by_record_;
};

std::string_view type_of(schema::Event kind) noexcept {
  std::string_view name = schema::EnumNameEvent(kind);
  return name.empty() ? "OfANewerVersion" : name;
}

sandbox_event told(const log::record& record, const schema::Entry& entry,
                   const std::string& correlation) {
  const auto& view = record.view();
  sandbox_event out;
  out.version = entry.version();
  out.type = type_of(entry.event_type());
  auto& o = out.body;
  o["id"] = std::to_string(entry.version());
  o["type"] = out.type;
  o["time"] = to_iso8601(view.time());
  o["principal"] = text_of(view.principal());
  o["cause"] = cause_code(view.cause());
  o["correlationId"] =
      correlation.empty() ? json::value(nullptr) : json::value(correlation);
  o["position"] = std::to_string(record.at().partition) + ":"
                  + std::to_string(record.at().index);
  boost::system::error_code failed;
  o["data"] = json::parse(log::to_json(entry), failed);
  return out;
}

} // namespace

std::string cause_code(schema::Cause cause) {
  std::string out;
  for (char c : std::string_view{schema::EnumNameCause(cause)}) {
    bool is_upper = c >= 'A' && c <= 'Z';
    if (is_upper && !out.empty())
      out += '_';
    out += is_upper ? static_cast<char>(c - 'A' + 'a') : c;
  }
  return out.empty() ? "unspecified" : out;
}

result<std::vector<sandbox_event>> sandbox_events(services& s,
                                                  const std::string& sandbox_id,
                                                  std::uint64_t from_version,
                                                  std::size_t limit) {
  auto first = from_version > look_back ? from_version - look_back : 1;
  VARVE_TRY(auto records, s.past.stream(sandbox_id, first, limit + look_back));
  std::vector<sandbox_event> out;
  correlations known;
  for (const auto& record : records) {
    auto correlation = known.of(record->view());
    for (const auto* entry : *record->view().entries())
      if (entry->aggregate_id()->string_view() == sandbox_id
          && entry->version() >= from_version && out.size() < limit)
        out.push_back(told(*record, *entry, correlation));
  }
  return out;
}

result<projections::sandbox_view>
find_in_history(services& s, const request& r, const std::string& id_or_name) {
  if (is_uuid(id_or_name)) {
    VARVE_TRY(auto found, s.reads.sandbox_anywhere(id_or_name));
    if (found && found->organization_id == r.who->organization_id)
      return std::move(*found);
  }
  return find_sandbox(s, r, id_or_name);
}

} // namespace varve::gateway
