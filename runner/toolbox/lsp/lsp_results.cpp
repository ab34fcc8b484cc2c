#include "runner/toolbox/lsp/lsp_results.hpp"

#include <algorithm>
#include <cstdint>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include "runner/toolbox/json_text.hpp"

namespace varve::toolbox {

namespace {

namespace json = boost::json;

const json::value* member_of(const json::value* of, std::string_view name) {
  const auto* members = of == nullptr ? nullptr : of->if_object();
  return members == nullptr ? nullptr
                            : members->if_contains({name.data(), name.size()});
}

const json::string* text_of(const json::value* of, std::string_view name) {
  const auto* value = member_of(of, name);
  return value == nullptr ? nullptr : value->if_string();
}

std::string_view view(const json::string& text) {
  return {text.data(), text.size()};
}

std::int64_t number_of(const json::value* of, std::string_view name) {
  const auto* value = member_of(of, name);
  const auto* number = value == nullptr ? nullptr : value->if_int64();
  return number == nullptr ? 0
                           : std::clamp<std::int64_t>(*number, 0, 2147483647);
}

std::string position_json(const json::value* position) {
  return "{\"line\":" + std::to_string(number_of(position, "line"))
         + ",\"character\":" + std::to_string(number_of(position, "character"))
         + "}";
}

std::string symbol_json(const json::value& symbol, const json::string& name,
                        const std::string& uri) {
  const auto* location = member_of(&symbol, "location");
  const auto* range =
      member_of(location == nullptr ? &symbol : location, "range");
  const auto* own_uri = text_of(location, "uri");
  std::string out = "{\"name\":" + json_string(view(name));
  out += ",\"kind\":" + std::to_string(number_of(&symbol, "kind"));
  out += ",\"location\":{\"uri\":"
         + json_string(own_uri == nullptr ? uri : view(*own_uri));
  out += ",\"range\":{\"start\":" + position_json(member_of(range, "start"));
  return out + ",\"end\":" + position_json(member_of(range, "end")) + "}}}";
}

constexpr std::string_view text_members[] = {"detail", "sortText", "filterText",
                                             "insertText"};

// Empty: it is no item.
std::string item_json(const json::value& item) {
  const auto* label = text_of(&item, "label");
  if (label == nullptr)
    return {};
  std::string out = "{\"label\":" + json_string(view(*label));
  if (member_of(&item, "kind") != nullptr)
    out += ",\"kind\":" + std::to_string(number_of(&item, "kind"));
  for (auto name : text_members)
    if (const auto* text = text_of(&item, name))
      out += ",\"" + std::string{name} + "\":" + json_string(view(*text));
  if (const auto* text = member_of(&item, "documentation"))
    out += ",\"documentation\":" + json::serialize(*text);
  return out + "}";
}

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

} // namespace

bool contains_anycase(std::string_view text, std::string_view part) {
  auto same = [](char a, char b) { return lower(a) == lower(b); };
  return part.empty()
         || std::search(text.begin(), text.end(), part.begin(), part.end(),
                        same)
                != text.end();
}

bool symbol_list::is_wanted(const json::value& symbol) const {
  const auto* uri = text_of(member_of(&symbol, "location"), "uri");
  return uri == nullptr || folders_.empty()
         || std::any_of(folders_.begin(), folders_.end(),
                        [&](const auto& folder) {
                          return view(*uri).starts_with(folder);
                        });
}

void symbol_list::add(const json::value& result, const std::string& uri,
                      std::string_view query) {
  const auto* all = result.if_array();
  if (all == nullptr)
    return;
  for (const auto& one : *all) {
    const auto* name = text_of(&one, "name");
    bool fits = name != nullptr && is_wanted(one)
                && contains_anycase(view(*name), query);
    if (fits && count_ == most) {
      is_overfull_ = true;
      return;
    }
    if (fits) {
      text_ += count_++ == 0 ? "" : ",";
      text_ += symbol_json(one, *name, uri);
    }
    // As deep as the parser allowed.
    if (const auto* children = member_of(&one, "children"))
      add(*children, uri, query);
  }
}

std::string completions_json(const json::value& result) {
  const auto* incomplete = member_of(&result, "isIncomplete");
  bool more =
      incomplete != nullptr && incomplete->is_bool() && incomplete->get_bool();
  const auto* list = result.is_array() ? &result : member_of(&result, "items");
  std::string items;
  if (list != nullptr && list->is_array())
    for (const auto& one : list->get_array())
      if (auto text = item_json(one); !text.empty())
        items += (items.empty() ? "" : ",") + text;
  return std::string{"{\"isIncomplete\":"} + (more ? "true" : "false")
         + ",\"items\":[" + items + "]}";
}

} // namespace varve::toolbox
