// How object storage refuses: the code that its clients look at.
#pragma once

#include <string>
#include <string_view>

#include <boost/outcome/basic_result.hpp>
#include <boost/outcome/policy/terminate.hpp>
#include <boost/outcome/try.hpp>

#include "events/base/error.hpp"
#include "events/base/result.hpp"

namespace varve::gateway {

struct object_error {
  unsigned status = 500;
  std::string_view code; // a literal: "NoSuchKey"
  std::string message;   // never holds a secret
};

template <class T>
using object_result =
    boost::outcome_v2::basic_result<T, object_error,
                                    boost::outcome_v2::policy::terminate>;

inline auto refusal_of(unsigned status, std::string_view code,
                       std::string message) {
  return boost::outcome_v2::failure(
      object_error{status, code, std::move(message)});
}

// 404 NoSuchKey, 507 where the disk is full, 500 InternalError for the rest,
// whose detail is for the log.
object_error object_error_of(const error& e);

} // namespace varve::gateway
