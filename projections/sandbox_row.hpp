// A sandbox as a row, and the index rows that point to it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "projections/queries.hpp"

namespace varve::projections {

std::string encode(const sandbox_view& view);
result<sandbox_view> decode_sandbox(std::string_view id,
                                    std::string_view bytes);

std::string sandbox_key(std::string_view id);
// Below these prefixes keys end in ids.
std::string sandboxes_by_name(std::string_view organization,
                              std::string_view name);
std::string sandboxes_by_label(std::string_view organization,
                               std::string_view label, std::string_view value);
std::string sandboxes_by_runner(std::string_view runner);
// Destroyed ones too.
std::string sandboxes_by_source(std::string_view source);

// The list of an organization in one sort order. Below it, keys are
// (sort value, id).
std::string sandbox_order(sandbox_sort sort, std::string_view organization);
// Numbers for all but the name.
std::uint64_t sort_number(sandbox_sort sort, const sandbox_view& view);
// The id at the end of a key's rest below sandbox_order; empty when damaged.
std::string_view id_in_order(sandbox_sort sort, std::string_view rest);

// A name taken by this sandbox is free once it is to be destroyed.
inline constexpr std::string_view name_held = "1";
inline constexpr std::string_view name_freed = "0";

// A row to write, or without a value to erase.
struct row_change {
  std::string key;
  std::optional<std::string> value;
};
// Adds what makes the index rows of `was` those of `now`, the same sandbox
// later; version 0 = not there yet.
void add_index_changes(const sandbox_view& was, const sandbox_view& now,
                       std::vector<row_change>& to);

} // namespace varve::projections
