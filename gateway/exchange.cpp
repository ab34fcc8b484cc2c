#include "gateway/exchange.hpp"

#include <algorithm>
#include <utility>

namespace varve::gateway {

namespace {

char lower(char c) noexcept {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

} // namespace

bool same_ignoring_case(std::string_view a, std::string_view b) noexcept {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return lower(x) == lower(y); });
}

void header_list::add(std::string name, std::string value) {
  fields.push_back({std::move(name), std::move(value)});
}

const std::string* header_list::find(std::string_view name) const noexcept {
  for (const auto& f : fields)
    if (same_ignoring_case(f.name, name))
      return &f.value;
  return nullptr;
}

std::size_t header_list::count(std::string_view name) const noexcept {
  return static_cast<std::size_t>(
      std::count_if(fields.begin(), fields.end(), [&](const header_field& f) {
        return same_ignoring_case(f.name, name);
      }));
}

bool principal::may(std::string_view permission) const noexcept {
  return std::find(permissions.begin(), permissions.end(), permission)
         != permissions.end();
}

} // namespace varve::gateway
