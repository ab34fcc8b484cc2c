// Bodies every route shares: JSON, and the two shapes of an error.
#pragma once

#include <string_view>

#include <boost/json/fwd.hpp>

#include "events/base/clock.hpp"
#include "events/base/error.hpp"
#include "gateway/exchange.hpp"

namespace varve::gateway {

response json_answer(unsigned status, const boost::json::value& body);

// {path, timestamp, statusCode, error, message, code, source}
response error_answer(const request& r, unsigned status,
                      std::string_view message, timestamp now);
// By the table in http_status; the details of inner failures go to the log
// and not to the caller. Adds Retry-After where trying again may help.
response error_answer(const request& r, const error& e, timestamp now);

// Malformed JSON has a body of its own, without path and time.
response broken_json_answer();

// The shape clients know from the toolbox and its proxy:
// {statusCode, message, code, timestamp, path, method, source}
response proxy_error_answer(const request& r, unsigned status,
                            std::string_view message, timestamp now);

} // namespace varve::gateway
