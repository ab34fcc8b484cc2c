// The one error body of the toolbox:
// {"statusCode","message","code","timestamp","path","method","source"}.
#pragma once

#include <string>
#include <string_view>

#include <boost/outcome/basic_result.hpp>
#include <boost/outcome/policy/terminate.hpp>
#include <boost/outcome/try.hpp>

#include "runner/toolbox/request.hpp"

namespace varve::toolbox {

// Codes are the wire's; official clients choose an exception class by them.
struct problem {
  int status = 500;
  std::string_view code = "INTERNAL_SERVER_ERROR"; // of static storage
  std::string message;
};

// A value, or what the caller is told instead.
template <class T>
using outcome =
    boost::outcome_v2::basic_result<T, problem,
                                    boost::outcome_v2::policy::terminate>;

problem bad_request(std::string message);
problem invalid_body(std::string message);
problem not_found(std::string message);
problem conflict(std::string message);
problem session_ended();
problem internal_failure(std::string message);
problem too_large(std::string message);
problem too_busy(std::string message);
problem unknown_path();
problem not_built(std::string_view feature);
problem execution_timeout();

std::string problem_body(const problem& p, std::string_view path,
                         std::string_view method);
response problem_response(const problem& p, const request& rq);

// "no such file or directory": strerror without its capital letter.
std::string errno_text(int error);

} // namespace varve::toolbox
