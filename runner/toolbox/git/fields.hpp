// The members of a git request's body. Every problem is the caller's:
// INVALID_REQUEST_BODY, naming the member.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json/object.hpp>

#include "runner/toolbox/errand.hpp"
#include "runner/toolbox/git/address.hpp"

namespace varve::toolbox::git {

class fields {
 public:
  // Reads the request's body to its end.
  static outcome<fields> read(exchange& ex);
  static outcome<fields> parse(std::string_view body);

  // Neither absent nor empty.
  outcome<std::string> required(std::string_view name) const;
  outcome<std::vector<std::string>> required_list(std::string_view name) const;
  // Empty, or `otherwise`, when absent.
  outcome<std::string> text(std::string_view name,
                            std::string_view otherwise = {}) const;
  outcome<std::vector<std::string>> list(std::string_view name) const;
  outcome<bool> flag(std::string_view name) const;
  // At most `most`, 0 when absent.
  outcome<int> number(std::string_view name, int most) const;
  bool has(std::string_view name) const;

  // "username" and "password", where both are given.
  outcome<std::optional<login>> credentials() const;

 private:
  explicit fields(boost::json::object body) : body_(std::move(body)) {
    // nop
  }

  boost::json::object body_;
};

} // namespace varve::toolbox::git
