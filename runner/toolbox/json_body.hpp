// Reads members of a JSON request body; each problem names the member.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <boost/json/object.hpp>

#include "runner/toolbox/problem.hpp"
#include "runner/toolbox/request.hpp"

namespace varve::toolbox {

outcome<boost::json::object> parse_object(std::string_view body);

// False, and `out` as it was, when the member is absent or null. Texts that
// contain a NUL are refused.
outcome<bool> take_text(const boost::json::object& body, std::string_view name,
                        std::string& out);
outcome<bool> take_texts(const boost::json::object& body, std::string_view name,
                         std::vector<std::string>& out);
// Environment variables: {"NAME":"value"} with valid names.
outcome<bool> take_variables(const boost::json::object& body,
                             std::string_view name,
                             std::vector<name_value>& out);
// A whole number from 0, also where it is written as 30.0; at most `most`.
outcome<bool> take_number(const boost::json::object& body,
                          std::string_view name, std::int64_t most,
                          std::int64_t& out);

} // namespace varve::toolbox
