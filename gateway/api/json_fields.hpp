// Reads members of a request's JSON object, strictly: a wrong type is an
// error that names the member; absent and null are the same.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include <boost/json/fwd.hpp>

#include "events/base/result.hpp"

namespace varve::gateway {

// Member `name`, or nullptr when absent or null.
const boost::json::value* member(const boost::json::object& from,
                                 std::string_view name) noexcept;

result<std::optional<std::string>> text_member(const boost::json::object& from,
                                               std::string_view name);
result<std::optional<bool>> flag_member(const boost::json::object& from,
                                        std::string_view name);
// Whole numbers within 32 bits; 5.0 is 5.
result<std::optional<std::int32_t>>
number_member(const boost::json::object& from, std::string_view name);
// An object whose values are all strings.
result<std::optional<std::map<std::string, std::string>>>
texts_member(const boost::json::object& from, std::string_view name);

// Names shown to people: no HTML tags, URLs or control characters; 255 bytes
// at most.
result<void> check_display_text(std::string_view field, std::string_view text);

} // namespace varve::gateway
