// result<T>: a value or an error. Touching the side that is not there is a
// bug and stops the process; accessors never throw.
#pragma once

#include <boost/outcome/basic_result.hpp>
#include <boost/outcome/policy/terminate.hpp>
#include <boost/outcome/try.hpp>

#include "events/base/error.hpp"

namespace varve {

template <class T>
using result =
    boost::outcome_v2::basic_result<T, error,
                                    boost::outcome_v2::policy::terminate>;

inline auto ok() {
  return boost::outcome_v2::success();
}

inline auto failure(errc code, std::string detail) {
  return boost::outcome_v2::failure(error{code, std::move(detail)});
}

} // namespace varve

// VARVE_TRY(auto x, f()): x = value, or return the error.
#define VARVE_TRY BOOST_OUTCOME_TRY
// VARVE_CHECK(f()): return the error, if any.
#define VARVE_CHECK BOOST_OUTCOME_TRYV
